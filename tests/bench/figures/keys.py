"""key-p50, key-p99: one key on a terminal and its echo, edgectl connect and ssh -J in turns.

Both are to a `cat` behind a terminal in raw mode. Whoever types pauses, so each key meets programs that sleep.
"""
import time

from edge import BIN
from figures import jump
from figures.process import percentile
from figures.results import Figure
from figures.terminal import FAR, Terminal
from figures.world import say

KEYS, QUICK_KEYS = 2_000, 300
BATCH = 50  # keys, then it is the other's turn: who disturbs, disturbs both
PAUSE = 0.005  # seconds between keys
PATIENCE = 20


def batch(terminal):
    took = []
    for _ in range(BATCH):
        time.sleep(PAUSE)
        took.append(terminal.echo(PATIENCE))
    return took


def figures(worlds, wanted, quick):
    count = QUICK_KEYS if quick else KEYS
    world = worlds.small()
    folder = world.edge.folder
    with jump.both_ways(world) as config, \
            Terminal([BIN / "edgectl", "connect", "-t", world.target, "--", FAR], world.edge.environment(),
                     folder / "edgectl.log") as ours, \
            Terminal(["ssh", "-tt", "-F", config, "-J", "relay", "node", FAR], None, folder / "ssh.log") as theirs:
        pair = (ours, theirs)
        say(f"key: {count:,} keys each, {BATCH} at a time")
        took = {side: [] for side in pair}
        for side in pair:
            batch(side)  # both have seen some
        for number in range(count // BATCH):
            for side in pair if number % 2 else reversed(pair):
                took[side] += batch(side)
        for side in pair:
            side.settle(PATIENCE)
    for p in (50, 99):
        value, anchor = (percentile(took[side], p) for side in pair)
        yield Figure(f"key-p{p}", value, anchor, value / anchor, 1, f"of {count:,} each; anchor: ssh -J")
