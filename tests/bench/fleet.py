"""One to many: what it costs an operator to see and to reach a whole fleet.

edged has a core of its own; nodes, operators and everything else share another core. See tests/bench/figures for how
each is measured.
"""
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "e2e")]
from figures import commands, cp, forwards, lists, program  # noqa: E402
from figures.results import FLEET, FULL_SIZE  # noqa: E402

QUICK_ENDPOINTS = 1_000
# Which figures come of one and the same run of edged.
GROUPS = [
    (lists, ["ls-15000"]),
    (cp, ["cp-1g", "cp-files"]),
    (commands, ["exec-1000", "exec-1000-rss"]),
    (forwards, ["forward"]),
]


def main():
    quick = f"{QUICK_ENDPOINTS:,} endpoints and few runs"
    chosen = program.arguments("fleet", __doc__.splitlines()[0], FLEET, quick)
    program.run(chosen, GROUPS, QUICK_ENDPOINTS if chosen.quick else FULL_SIZE)


if __name__ == "__main__":
    main()
