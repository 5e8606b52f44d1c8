"""herd, herd-errors: SIGKILL under everybody's held check-ins, and a new edged at once.

From the SIGKILL until edged holds everybody's check-in again. Errors are what an operator would see: endpoints that
are shown offline at any time until then and a little longer, and connects (asked for as soon as edged is ready) that
fail.
"""
import subprocess
import time

from edge import BIN
from figures.results import Figure
from figures.world import say

AFTERWARDS = 3  # seconds that are looked at beyond the return of the last
LOOK_EVERY = 0.1
CONNECTS = 3
RECORDED = 17  # seconds: last-seen is written every 15


class Operator:
    """Looks at the list, and connects to a real endpoint."""

    def __init__(self, world):
        self.world, self.offline = world, 0
        self.connects = [subprocess.Popen([str(BIN / "edgectl"), "connect", world.target, "--", "true"],
                                          env=world.edge.environment(), stdin=subprocess.DEVNULL,
                                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
                         for _ in range(CONNECTS)]

    def look(self):
        status = self.world.status()
        self.offline = max(self.offline, status["endpoints"]["offline"])
        return status

    def look_for(self, seconds):
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self.look()
            time.sleep(LOOK_EVERY)

    def failed(self):
        failures = 0
        for connect in self.connects:
            _, told = connect.communicate(timeout=120)
            if connect.returncode != 0:
                say(f"herd: edgectl connect: {connect.returncode} {told.strip()}")
                failures += 1
        return failures

    def leave(self):
        for connect in self.connects:
            connect.kill()
            connect.wait()


def all_are_back(world, fleet, operator, timeout):
    """The moment at which nobody was missing; the operator looks on meanwhile."""
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        held = operator.look()["held"]
        if held >= world.endpoints:  # the real agent has a tunnel and asks no more
            return time.monotonic()
        time.sleep(LOOK_EVERY)
    raise RuntimeError(f"herd: after {timeout} s only {held} check-ins were held: {fleet.report()}")


def figures(world, fleet, quick):
    """REQUIRES: the fleet's check-ins are held."""
    with world.real_agent():
        world.wait_held(world.endpoints * 0.99, 60)
        time.sleep(0 if quick else RECORDED)  # it has been there for as long as the others, as far as the store knows
        say("herd: SIGKILL")
        killed = time.monotonic()
        world.edge.edged.kill()
        fleet.tell("mark")
        world.start()
        operator = Operator(world)
        try:
            back = all_are_back(world, fleet, operator, 120)
            say(f"herd: everybody is back: {fleet.report()}")
            operator.look_for(1 if quick else AFTERWARDS)
            failed = operator.failed()
        finally:
            operator.leave()
    yield Figure("herd", back - killed, endpoints=world.endpoints, note="from the SIGKILL until all are held again")
    yield Figure("herd-errors", operator.offline + failed, endpoints=world.endpoints,
                 note=f"{operator.offline} shown offline, {failed} of {CONNECTS} connects failed")
