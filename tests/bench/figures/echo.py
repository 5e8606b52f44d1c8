"""echo-p50, echo-p99, echo-bulk-p99: one byte to the far end and back, again and again, edged and OpenSSH in turns.

echo-bulk: while a bulk stream runs in the same tunnel, one time down and one time up; the figure is the worse of them.
"""
from figures import sides
from figures.process import percentile
from figures.results import Figure
from figures.world import say


def in_turns(pair, rounds, seconds, around=None):
    """All echoes of each side, of all its turns."""
    took = {side: [] for side in pair}
    for _ in range(rounds):
        for side in pair:
            if around is None:
                took[side] += side.echoes(seconds)
                continue
            with side.bulk(around):
                took[side] += side.echoes(seconds)
    return [took[side] for side in pair]


def figures(worlds, wanted, quick):
    rounds, seconds = (1, 0.5) if quick else (5, 3)
    world = worlds.small()
    with world.server(**{"tunnel.idle": "1h"}), sides.edged(world) as ours, sides.ssh(world) as theirs:
        pair = (ours, theirs)
        for side in pair:
            side.echoes(0.2)
        if wanted & {"echo-p50", "echo-p99"}:
            say(f"echo: {rounds} rounds of {seconds} s")
            us, them = in_turns(pair, rounds, seconds)
            for p in (50, 99):
                value, anchor = percentile(us, p), percentile(them, p)
                yield Figure(f"echo-p{p}", value, anchor, value / anchor, 1, f"of {len(us):,} and {len(them):,}")
        if "echo-bulk-p99" in wanted:
            yield beside_bulk(pair, rounds, seconds)


def beside_bulk(pair, rounds, seconds):
    p99, counts = {}, {}
    for way in ("down", "up"):
        say(f"echo-bulk-p99 {way}: {rounds} rounds of {seconds} s")
        us, them = in_turns(pair, rounds, seconds, way)
        p99[way], counts[way] = (percentile(us, 99), percentile(them, 99)), (len(us), len(them))
    worse = max(p99, key=lambda way: p99[way][0])
    value, anchor = p99[worse]
    note = ", ".join(f"{way} {us * 1e3:.2f} ms and {them * 1e3:.2f} ms of {counts[way][0]:,} and {counts[way][1]:,}"
                     for way, (us, them) in p99.items())
    return Figure("echo-bulk-p99", value, anchor, value / anchor, 1, f"bulk {note}")
