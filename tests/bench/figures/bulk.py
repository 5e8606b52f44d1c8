"""bulk-*, cpu-bulk-*: one stream through a tunnel, edged and OpenSSH in turns on the same core.

down is towards the node, so the server encrypts. The far end is a scripted service: of the fleet, and for OpenSSH
one behind its client. MB/s is of everybody together: the client's end, the far end and the mover share the load core.
"""
from figures import sides
from figures.results import CIPHERS, Figure
from figures.world import say

SIZE, QUICK_SIZE = 1_000_000_000, 10_000_000
ROUNDS, QUICK_ROUNDS = 5, 1


def compare(name, way, ours, theirs, rounds, size):
    for _ in range(rounds):
        ours.take(way, size)
        theirs.take(way, size)
    pair = (ours, theirs)
    (speed, anchor), (cost, anchor_cost) = ([turns.median(what) for turns in pair] for what in ("speeds", "costs"))
    note = (f"{rounds} rounds of {size / 1e6:,.0f} MB each; of their core the servers used "
            f"{sides.percents(pair, 'shares')}, others {sides.percents(pair, 'foreign')}")
    yield Figure(name, speed, anchor, speed / anchor, 1, note)
    yield Figure(f"cpu-{name}", cost, anchor_cost, cost / anchor_cost if anchor_cost else None, 1, note)


def figures(worlds, wanted, quick):
    rounds, size = (QUICK_ROUNDS, QUICK_SIZE) if quick else (ROUNDS, SIZE)
    for number, cipher in enumerate(CIPHERS):
        ways = [way for way in ("down", "up") if wanted & {f"bulk-{way}-{cipher}", f"cpu-bulk-{way}-{cipher}"}]
        if not ways:
            continue
        world = worlds.small()
        with world.server(**{"tunnel.idle": "1h"}), sides.edged(world, cipher, number) as ours, \
                sides.ssh(world, cipher) as theirs:
            for side in (ours, theirs):
                side.move("down", size // 10)  # the tunnel is open, and both have seen bytes
            for way in ways:
                say(f"bulk-{way}-{cipher}: {rounds} rounds of {size / 1e6:,.0f} MB")
                yield from compare(f"bulk-{way}-{cipher}", way, sides.Turns(ours), sides.Turns(theirs), rounds, size)
