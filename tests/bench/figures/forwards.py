"""forward: one stream through a forwarded port (-L), by edgectl forward and by ssh -J -L, both directions, in turns.

The same two hops, the same cipher, the same far end: the mover's service behind a port of the node. Both encrypt end to
end inside of an encrypted tunnel. The figure is of the direction in which we are worse.
"""
import contextlib
import socket
import statistics
import subprocess

from edge import BIN, eventually, free_port
from figures import jump, mover
from figures.results import Figure
from figures.world import say

SIZE, QUICK_SIZE = 1_000_000_000, 100_000_000
ROUNDS, QUICK_ROUNDS = 5, 1


class Side:
    """A port here that is the service there."""

    def __init__(self, name, port):
        self.name, self.target = name, f"tcp:127.0.0.1:{port}"
        self.speeds = {"down": [], "up": []}

    def move(self, way, size):
        speed, = mover.move(way, size, self.target)
        return speed

    def median(self, way):
        return statistics.median(self.speeds[way])


def listens(process, port):
    if process.poll() is not None:
        raise RuntimeError(f"{process.args[0]} ended with {process.returncode}")
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextlib.contextmanager
def side(name, port, *words, env=None):
    """The words forward that port."""
    process = subprocess.Popen([str(word) for word in words], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, env=env)
    try:
        eventually(lambda: listens(process, port), f"{name} forwards", 60)
        yield Side(name, port)
    finally:
        process.terminate()
        process.wait()


def figures(worlds, wanted, quick):
    rounds, size = (QUICK_ROUNDS, QUICK_SIZE) if quick else (ROUNDS, SIZE)
    world = worlds.small()
    with jump.both_ways(world) as config, mover.service() as far:
        here, there = free_port(), free_port()
        with side("edgectl forward", here, BIN / "edgectl", "-q", "forward", world.target, "-L", f"127.0.0.1:{here}:127.0.0.1:{far}",
                  env=world.edge.environment()) as ours, \
                side("ssh -J -L", there, "ssh", "-F", config, "-J", "relay", "-N", "-L", f"127.0.0.1:{there}:127.0.0.1:{far}",
                     "node") as theirs:
            pair = (ours, theirs)
            for one in pair:
                one.move("down", size // 10)  # both have seen bytes
            for way in ("down", "up"):
                say(f"forward {way}: {rounds} rounds of {size / 1e6:,.0f} MB")
                for _ in range(rounds):
                    for one in pair:
                        one.speeds[way].append(one.move(way, size))
    yield worse(pair, rounds, size)


def worse(pair, rounds, size):
    of = {way: [one.median(way) for one in pair] for way in ("down", "up")}
    value, anchor = min(of.values(), key=lambda speeds: speeds[0] / speeds[1])
    note = ", ".join(f"{way} {ours:.0f} and {theirs:.0f} MB/s ({ours / theirs:.2f})" for way, (ours, theirs) in of.items())
    return Figure("forward", value, anchor, value / anchor, 1,
                  f"{note}; {rounds} rounds of {size / 1e6:,.0f} MB each; anchor: ssh -J -L")
