"""rate-nginx, rate-httplib: check-ins a second of one core, beside another server on the same core.

50 connections, each another endpoint with valid credentials, ask again as soon as they are answered (hold off). The
two take turns. Where the load program cannot fill the servers' core, the ratio is that of CPU per request.
"""
import statistics

from figures import anchors
from figures.load import Fleet
from figures.process import cpu_seconds
from figures.results import Figure
from figures.world import say

CONNECTIONS = 50
FULL_CORE = 0.95  # a server that used so much of it was the limit itself


class Side:
    def __init__(self, name, load, pid):
        self.name, self.load, self.pid = name, load, pid
        self.rates, self.per_request, self.shares = [], [], []

    def take_turn(self, seconds):
        before = cpu_seconds(self.pid)
        done = self.load.round(seconds)
        cpu = cpu_seconds(self.pid) - before
        if set(done["statuses"]) != {"204"} or done["errors"]:
            raise RuntimeError(f"{self.name}: {done['statuses']} {done['errors']}")
        self.rates.append(done["answered"] / done["seconds"])
        self.per_request.append(cpu / done["answered"])
        self.shares.append(cpu / done["seconds"])

    def share(self):
        return statistics.median(self.shares)


def compare(world, name, start, rounds, seconds):
    options = ["--seconds", seconds]
    with world.server(hold="off"), start(world) as other, \
            Fleet(world, "ask", *options, agents=CONNECTIONS) as asks_us, \
            Fleet(world, "ask", *options, agents=CONNECTIONS, url=other.url) as asks_other:
        asks_us.wait("ready", 30)
        asks_other.wait("ready", 30)
        ours, theirs = Side("edged", asks_us, world.pid), Side(name, asks_other, other.pid)
        for _ in range(rounds):
            ours.take_turn(seconds)
            theirs.take_turn(seconds)
    rate, anchor = statistics.median(ours.rates), statistics.median(theirs.rates)
    us, them = (statistics.median(side.per_request) * 1e6 for side in (ours, theirs))
    cost = f"CPU per request {us:.1f} us against {them:.1f} us"
    if min(ours.share(), theirs.share()) >= FULL_CORE:
        return Figure(f"rate-{name}", rate, anchor, rate / anchor, world.endpoints, cost)
    return Figure(f"rate-{name}", rate, anchor, them / us, world.endpoints,
                  f"the load program was the limit (the servers used {ours.share():.0%} and {theirs.share():.0%} of "
                  f"their core), so the ratio is of CPU per request: {cost}")


def figures(world, wanted, quick):
    rounds, seconds = (2, 0.5) if quick else (3, 10)
    for name, start in (("nginx", anchors.nginx), ("httplib", anchors.httplib)):
        if f"rate-{name}" in wanted:
            say(f"rate-{name}: {rounds} rounds of {seconds} s each")
            yield compare(world, name, start, rounds, seconds)
