"""cpu-polling, connect-fleet-p50 and -p99, flood: everybody asks every 5 s, hold off.

flood: bad check-ins from 50 sources, half of them of endpoints that exist under a wrong key, half of endpoints that do
not; every tenth asker connects anew each time, the others where edged has closed. Who is not answered within a second
leaves. Times are those that the good agents see.
"""
import statistics
import time

from edge import eventually
from figures.load import Fleet, spread
from figures.process import ahead_of_all, cpu_seconds, percentile
from figures.results import Figure
from figures.world import REAL, say

BAD_A_SECOND, SOURCES = 2000, 50


def cpu_polling(world, fleet, window):
    say(f"cpu-polling: {window} s")
    before = cpu_seconds(world.pid)
    during = fleet.during(window)
    cpu = cpu_seconds(world.pid) - before
    return Figure("cpu-polling", cpu / during["seconds"], endpoints=world.endpoints,
                  note=f"{during['answered'] / during['seconds']:.0f} check-ins/s, {during['errors'] or 'no'} errors")


def closed_and_held(world):
    def look():
        endpoint = world.edge.endpoint(REAL)
        held = sum(instance["held"] for instance in endpoint["instances"])
        return endpoint["tunnel"]["state"] in ("idle", "failed") and not endpoint["sessions"] and held == 1
    eventually(look, "the tunnel is closed and the check-in held again")


def connects(world, times):
    """edgectl connect to a real agent, whose tunnel has to be opened each time."""
    say(f"connect-fleet: {times} times")
    took = []
    world.edge.set("tunnel.idle", "500ms")
    with world.real_agent():
        for _ in range(times):
            closed_and_held(world)
            started = time.monotonic()
            done = world.edge.connect(world.target, "--", "true")
            took.append(time.monotonic() - started)
            if done.returncode != 0:
                raise RuntimeError(f"edgectl connect: {done.returncode} {done.stderr}")
    return [Figure(f"connect-fleet-p{p}", percentile(took, p), endpoints=world.endpoints, note=f"of {times}")
            for p in (50, 99)]


class Window:
    """One stretch of time: what good agents saw, and what edged says of itself."""

    def __init__(self, world, fleet, seconds):
        before = world.status().get("check-in-service")
        self.seen = fleet.during(seconds)
        after = world.status().get("check-in-service")
        self.p90, self.p99 = (self.seen["latency"][p] for p in ("p90", "p99"))
        self.service = service_p99(before, after) if before and after else None


def service_p99(before, after):
    """Of two readings of a histogram that only grows: the upper bound of the bucket that the 99th percentile is in."""
    counts = [b - a for a, b in zip(before["counts"], after["counts"])]
    wanted, seen = 0.99 * sum(counts), 0
    for bound, count in zip([*before["up-to-us"], before["up-to-us"][-1] * 2], counts):
        seen += count
        if seen >= wanted:
            return bound / 1e6
    return None


def flood(world, fleet, runs, seconds, quick):
    say(f"flood: {runs} runs of {seconds} s without and with")
    quiet, loud, refused = [], [], []
    # It is edged that is measured, not who waits for the flood's own CPU on the load's core.
    ahead_of_all(fleet.process.pid)
    with Fleet(world, "bad", "--seconds", seconds + 1, "--per-second", BAD_A_SECOND, sources=SOURCES) as bad:
        bad.wait("ready", 30)
        bad.round(seconds)  # from now on their TLS sessions are resumed, which is what a flood would do
        for _ in range(runs):
            quiet.append(Window(world, fleet, seconds))
            bad.tell("go")
            time.sleep(0.5)
            loud.append(Window(world, fleet, seconds))
            refused.append(bad.wait("done", seconds + 60))
    wrong = {status for done in refused for status in done["statuses"]} - {"401", "429", "503"}
    if wrong:
        raise RuntimeError(f"flood: bad check-ins were answered {wrong}")
    say(f"flood: {refused[-1]}")
    # Asked within so many seconds; the last ones wait for their answers beyond it.
    rate = statistics.median((d["answered"] + sum(d["errors"].values())) / (seconds + 1) for d in refused)
    note = f"{rate:.0f} bad/s"
    if not quick and rate < 0.95 * BAD_A_SECOND:
        raise RuntimeError(f"flood: of {BAD_A_SECOND} bad check-ins a second the load program made {rate:.0f}")
    p90, p90_quiet = (statistics.median(w.p90 for w in windows) * 1e3 for windows in (loud, quiet))
    yield compared("flood", [w.p99 for w in loud], [w.p99 for w in quiet], world,
                   f"{note}; the 90th percentile is {p90:.2f} ms, without {p90_quiet:.2f} ms")
    if all(window.service for window in quiet + loud):
        yield compared("flood-service", [w.service for w in loud], [w.service for w in quiet], world, note)
    else:
        yield Figure("flood-service", note="edged does not say its service time")


def compared(name, loud, quiet, world, note):
    with_it, without = statistics.median(loud), statistics.median(quiet)
    return Figure(name, with_it, without, with_it / without, world.endpoints, note)


def figures(world, wanted, quick):
    # Quick cannot wait for many intervals of 5 s to pass.
    interval, window, times, runs, seconds = (2, 2, 3, 1, 1.5) if quick else (5, 60, 100, 5, 10)
    with world.server(hold="off", interval=f"{interval}s"):
        within = spread(world.endpoints, interval)
        with Fleet(world, "follow", "--spread", within) as fleet:
            say(f"polling: {world.endpoints:,} agents start within {within} s")
            fleet.wait("all", 180)
            time.sleep(0 if quick else 2 * interval)
            if "cpu-polling" in wanted:
                yield cpu_polling(world, fleet, window)
            if wanted & {"connect-fleet-p50", "connect-fleet-p99"}:
                yield from connects(world, times)
            if wanted & {"flood", "flood-service"}:
                yield from flood(world, fleet, runs, seconds, quick)
