"""exec-1000 and exec-1000-rss: `edgectl exec` of a scripted command on 1,000 endpoints whose check-ins are held.

Their agents are played by `fleet commands`: the agent's own check-in loop, tunnel, lasting stream and SSH server, with a
scripted command in the place of a process (fleet/scripted_command.hpp says why). Before each run all tunnels are closed.
Wall time and the largest resident memory of edgectl, as the kernel reports them at its end.
"""
import collections
import os
import statistics
import subprocess
import time

from edge import BIN
from figures.load import Fleet, spread
from figures.process import cpu_seconds
from figures.results import Figure
from figures.world import World, say

ENDPOINTS, QUICK_ENDPOINTS = 1_000, 100
RUNS, QUICK_RUNS = 5, 1
EACH = 100_000  # bytes that each prints, for the memory


def run(world, *command):
    """How long it took, what it took at most in KB, and what it printed."""
    names = "\n".join(world.names()).encode()
    out = open(world.edge.folder / "exec.out", "w+b")
    err = open(world.edge.folder / "exec.err", "w+b")
    started = time.monotonic()
    process = subprocess.Popen([str(BIN / "edgectl"), "exec", "-", "--yes", "--", *command], env=world.edge.environment(),
                               stdin=subprocess.PIPE, stdout=out, stderr=err)
    process.stdin.write(names)
    process.stdin.close()
    _, status, usage = os.wait4(process.pid, 0)
    took = time.monotonic() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    printed = out.tell()
    for file in (out, err):
        file.seek(0)
    if process.returncode != 0:
        raise RuntimeError(f"edgectl exec ended with {process.returncode}: {err.read()[-2000:].decode(errors='replace')}")
    return took, usage.ru_maxrss * 1024 / 1000, printed, usage.ru_utime + usage.ru_stime


def all_closed(world):
    """Nobody is reached by a tunnel that is open already."""
    world.edge.edged.kill()
    world.edge.edged.start()
    world.edge.edged.wait_log("edged.ready")
    world.wait_held(world.endpoints, 120)


def figures(worlds, wanted, quick):
    endpoints, runs = (QUICK_ENDPOINTS, QUICK_RUNS) if quick else (ENDPOINTS, RUNS)
    world = World(endpoints)
    try:
        world.prepare()
        with world.server(hold="55s"), Fleet(world, "commands", "--spread", spread(endpoints, 1)) as fleet:
            fleet.wait("all", 120)
            world.wait_held(endpoints, 60)
            if "exec-1000" in wanted:
                yield speed(world, fleet, runs)
            if "exec-1000-rss" in wanted:
                yield memory(world)
    finally:
        world.close()


def speed(world, fleet, runs):
    took, cpu = [], collections.defaultdict(list)
    for _ in range(runs):
        all_closed(world)
        before = [cpu_seconds(pid) for pid in (world.pid, fleet.process.pid)]
        seconds, _, _, own = run(world, "true")
        took.append(seconds)
        cpu["edgectl"].append(own)
        for name, pid, then in zip(("edged", "the agents"), (world.pid, fleet.process.pid), before):
            cpu[name].append(cpu_seconds(pid) - then)
        say(f"exec of true on {world.endpoints:,}: {seconds:.2f} s")
    shares = ", ".join(f"{name} {statistics.median(values):.2f} s" for name, values in cpu.items())
    return Figure("exec-1000", statistics.median(took), endpoints=world.endpoints,
                  note=f"median of {runs}, {min(took):.2f} to {max(took):.2f} s; CPU of {shares}")


def memory(world):
    all_closed(world)
    seconds, resident, printed, _ = run(world, f"print {EACH}")
    prefix = len(world.names()[0]) + 2
    expected = world.endpoints * EACH // 100 * (100 + prefix)
    if printed != expected:
        raise RuntimeError(f"{printed:,} bytes came of {expected:,}")
    return Figure("exec-1000-rss", resident, endpoints=world.endpoints, note=f"{printed / 1e6:.0f} MB printed in {seconds:.1f} s")
