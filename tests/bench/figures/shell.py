"""shell: a command that does nothing, through a tunnel that is open, edgectl connect and ssh in turns.

ssh -J with a running ControlMaster to the relay: what is shared is the connection to the relay, and the hop to the node
is made anew each time, as edgectl's session is.
"""
import contextlib
import statistics
import subprocess
import time

from edge import BIN, eventually
from figures import jump
from figures.results import Figure
from figures.world import say

RUNS, QUICK_RUNS = 50, 10


def seconds(words, env=None):
    started = time.monotonic()
    done = subprocess.run([str(word) for word in words], stdin=subprocess.DEVNULL, capture_output=True, text=True, env=env,
                          timeout=60, check=False)
    took = time.monotonic() - started
    if done.returncode != 0:
        raise RuntimeError(f"{words[0]} ended with {done.returncode}: {done.stderr[-500:]}")
    return took


@contextlib.contextmanager
def master(config):
    """A configuration whose relay is reached through a connection that is there."""
    shared, control = config.with_suffix(".shared"), config.with_name("control")
    shared.write_text(config.read_text().replace("Host relay\n", f"Host relay\n  ControlPath {control}\n"))
    running = subprocess.Popen(["ssh", "-F", str(shared), "-M", "-N", "relay"], stdin=subprocess.DEVNULL,
                               start_new_session=True)
    try:
        eventually(lambda: control.exists() or running.poll() is not None, "the connection to the relay is shared")
        yield shared
        if running.poll() is not None:
            raise RuntimeError(f"the ControlMaster ended, exit {running.returncode}")
    finally:
        running.kill()
        running.wait()


def figures(worlds, wanted, quick):
    runs = QUICK_RUNS if quick else RUNS
    world = worlds.small()
    with jump.both_ways(world) as config, master(config) as shared:
        by_edge = [BIN / "edgectl", "connect", world.target, "--", "true"]
        by_ssh = ["ssh", "-F", shared, "-J", "relay", "node", "true"]
        env = world.edge.environment()
        seconds(by_edge, env)  # the tunnel is open
        seconds(by_ssh)
        say(f"shell: {runs} times each")
        ours, theirs = [], []
        for _ in range(runs):
            ours.append(seconds(by_edge, env))
            theirs.append(seconds(by_ssh))
    value, anchor = statistics.median(ours), statistics.median(theirs)
    yield Figure("shell", value, anchor, value / anchor, 1,
                 f"median of {runs} each, {min(ours):.3f} to {max(ours):.3f} s and {min(theirs):.3f} to "
                 f"{max(theirs):.3f}; anchor: ssh -J with a ControlMaster to the relay")
