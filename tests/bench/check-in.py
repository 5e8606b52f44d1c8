"""Check-ins at fleet scale: what they cost, how fast they are answered, and what disturbs them.

15,000 endpoints (--quick: 1,000) of one edged with one loop, on a core of its own; the load program, the agents and
everything else share another core. See tests/bench/figures for how each is measured.
"""
import argparse
import pathlib
import signal
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "e2e")]
from figures import held, mixed, polling, rate, wire  # noqa: E402
from figures.groups import measure  # noqa: E402
from figures.process import keep_to_load_core  # noqa: E402
from figures.results import CHECK_IN, FULL_SIZE, as_json, as_text  # noqa: E402
from figures.world import World  # noqa: E402

QUICK_ENDPOINTS = 1_000
# Which figures come of one and the same run of edged.
GROUPS = [
    (rate, ["rate-nginx", "rate-httplib"]),
    (polling, ["cpu-polling", "connect-fleet-p50", "connect-fleet-p99", "flood", "flood-service"]),
    (held, ["cpu-held", "required-p50", "required-p99", "herd", "herd-errors", "rss-held"]),
    (wire, ["bytes-up", "bytes-down", "bytes-held"]),
    (mixed, ["cpu-mixed"]),
]


def arguments():
    options = argparse.ArgumentParser(prog="scripts/bench check-in", description=__doc__.splitlines()[0])
    options.add_argument("--json", action="store_true", help="figures as JSON on stdout and nothing else there")
    options.add_argument("--quick", action="store_true",
                         help=f"{QUICK_ENDPOINTS:,} endpoints and short windows: to see that it runs, not for figures")
    options.add_argument("--only", metavar="FIGURE,...", type=lambda text: set(text.split(",")), default=set(CHECK_IN),
                         help=f"of {', '.join(CHECK_IN)}")
    chosen = options.parse_args()
    if unknown := chosen.only - set(CHECK_IN):
        options.error(f"no such figure: {', '.join(sorted(unknown))}; there are {', '.join(CHECK_IN)}")
    return chosen


def stop(*_):
    raise SystemExit("bench: stopped")


def main():
    chosen = arguments()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    keep_to_load_core()
    world = World(QUICK_ENDPOINTS if chosen.quick else FULL_SIZE)
    try:
        world.prepare()
        figures = list(measure(GROUPS, world, chosen.only, chosen.quick))
    finally:
        world.close()
    print(as_json(figures) if chosen.json else as_text(figures))


if __name__ == "__main__":
    main()
