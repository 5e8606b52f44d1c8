"""Tunnels beside OpenSSH: how fast they are, what they cost, and what 15,000 of them do.

edged with one loop and sshd share a core of their own and take turns; the load program, the clients and everything
else share another core. See tests/bench/figures for how each is measured.
"""
import argparse
import pathlib
import signal
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "e2e")]
from figures import bulk, crowd, echo, far, path, used  # noqa: E402
from figures.groups import measure  # noqa: E402
from figures.process import keep_to_load_core  # noqa: E402
from figures.results import BULK, FULL_SIZE, TUNNEL, as_json, as_text  # noqa: E402
from figures.world import World  # noqa: E402

QUICK_ENDPOINTS = 100
SMALL = 4
# Which figures come of one and the same run of edged.
GROUPS = [
    (bulk, [name for bulk_name in BULK for name in (bulk_name, f"cpu-{bulk_name}")]),
    (echo, ["echo-p50", "echo-p99", "echo-bulk-p99"]),
    (path, ["path"]),
    (far, ["wan-down", "wan-up", "setup-rtt", "echo-bulk-slow-p99"]),
    (used, ["rss-tunnel-used"]),
    (crowd, ["setup-rate", "rss-tunnel", "cpu-tunnels", "storm", "storm-errors"]),
]


class Worlds:
    """An edged with a few endpoints and one with thousands, made when they are first needed."""

    def __init__(self, endpoints):
        self.endpoints, self.made = endpoints, {}

    def _of(self, endpoints):
        if endpoints not in self.made:
            self.made[endpoints] = World(endpoints)
            self.made[endpoints].prepare()
        return self.made[endpoints]

    def small(self):
        return self._of(SMALL)

    def crowd(self):
        return self._of(self.endpoints)

    def close(self):
        for world in self.made.values():
            world.close()


def arguments():
    options = argparse.ArgumentParser(prog="scripts/bench tunnel", description=__doc__.splitlines()[0])
    options.add_argument("--json", action="store_true", help="figures as JSON on stdout and nothing else there")
    options.add_argument("--quick", action="store_true",
                         help=f"{QUICK_ENDPOINTS:,} tunnels and few bytes: to see that it runs, not for figures")
    options.add_argument("--only", metavar="FIGURE,...", type=lambda text: set(text.split(",")), default=set(TUNNEL),
                         help=f"of {', '.join(TUNNEL)}")
    chosen = options.parse_args()
    if unknown := chosen.only - set(TUNNEL):
        options.error(f"no such figure: {', '.join(sorted(unknown))}; there are {', '.join(TUNNEL)}")
    return chosen


def stop(*_):
    raise SystemExit("bench: stopped")


def main():
    chosen = arguments()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    keep_to_load_core()
    worlds = Worlds(QUICK_ENDPOINTS if chosen.quick else FULL_SIZE)
    try:
        figures = list(measure(GROUPS, worlds, chosen.only, chosen.quick))
    finally:
        worlds.close()
    print(as_json(figures) if chosen.json else as_text(figures, chosen.quick))
    if any(figure.value is None for figure in figures):
        raise SystemExit("bench: figures are missing")


if __name__ == "__main__":
    main()
