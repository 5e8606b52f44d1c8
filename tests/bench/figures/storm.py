"""storm, storm-errors: all tunnels are cut at once, and all are still required.

From the cut (the agents' ends of all connections are shut down, without a goodbye) until every agent has a new tunnel
and edged counts them all. Errors are tunnels that an agent tried to open and could not.
"""
import time

from figures.process import cpu_seconds
from figures.results import Figure
from figures.world import say

PATIENCE = 180


def figures(world, crowd):
    """REQUIRES: every tunnel of the crowd is open, and required."""
    say("storm: the cut")
    crowd.mark()
    cpu, started = cpu_seconds(world.pid), time.monotonic()
    for fleet in crowd.fleets:
        fleet.tell("cut")
    cut = sum(fleet.wait("cut", 60)["connections"] for fleet in crowd.fleets)
    if cut != world.endpoints:
        raise RuntimeError(f"storm: {cut:,} connections were cut, not {world.endpoints:,}")
    all_open = wait_all_open(world, crowd, started)
    cpu = cpu_seconds(world.pid) - cpu
    opened, failures = crowd.report()
    say(f"storm: {opened:,} opened, failures {failures or 'none'}")
    yield Figure("storm", all_open - started, endpoints=world.endpoints, note=f"edged took {cpu:.1f} s of CPU")
    yield Figure("storm-errors", sum(failures.values()), endpoints=world.endpoints,
                 note=", ".join(f"{count} {reason}" for reason, count in failures.items()))


def wait_all_open(world, crowd, started):
    while True:
        opened, failures = crowd.report()
        # The first condition is cheap, and false until nearly all are back.
        if opened >= world.endpoints and crowd.ask("GET", "/v1/status")["tunnels"] >= world.endpoints:
            return time.monotonic()
        if time.monotonic() - started > PATIENCE:
            raise RuntimeError(f"storm: after {PATIENCE} s {opened:,} of {world.endpoints:,} tunnels had opened: "
                               f"{failures}")
        time.sleep(0.1)
