"""path: the whole way that an operator's bytes go, there and back, edged and OpenSSH in turns.

edgectl connect NAME -- cat, through edged to a real edge-agent; ssh -J relay node cat, through one sshd to another.
Both encrypt end to end inside of an encrypted tunnel (OpenSSH's jump goes to the node; edged's tunnel comes from it).
edged and the relay are on the server core, the node and the operator's programs on the other.
"""
import statistics

from edge import BIN
from figures import jump, mover
from figures.results import Figure
from figures.world import say

SIZE, QUICK_SIZE = 500_000_000, 5_000_000


def figures(worlds, wanted, quick):
    rounds, size = (1, QUICK_SIZE) if quick else (3, SIZE)
    world = worlds.small()
    with jump.both_ways(world) as config:
        by_edge = [BIN / "edgectl", "connect", world.target, "--", "cat"]
        by_ssh = ["ssh", "-F", config, "-J", "relay", "node", "cat"]
        say(f"path: {rounds} rounds of {size / 1e6:,.0f} MB there and back")
        ours, theirs = [], []
        for _ in range(rounds):
            ours.append(mover.through(size, by_edge, world.edge.environment()))
            theirs.append(mover.through(size, by_ssh, None))
        value, anchor = statistics.median(ours), statistics.median(theirs)
        yield Figure("path", value, anchor, value / anchor, 1,
                     f"{rounds} rounds of {size / 1e6:,.0f} MB there and as many back at the same time")
