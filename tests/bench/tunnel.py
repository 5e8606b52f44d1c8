"""Tunnels beside OpenSSH: how fast they are, what they cost, and what 15,000 of them do.

edged with one loop and sshd share a core of their own and take turns; the load program, the clients and everything
else share another core. See tests/bench/figures for how each is measured.
"""
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "e2e")]
from figures import bulk, crowd, echo, far, path, program, used  # noqa: E402
from figures.results import BULK, FULL_SIZE, TUNNEL  # noqa: E402

QUICK_ENDPOINTS = 100
# Which figures come of one and the same run of edged.
GROUPS = [
    (bulk, [name for bulk_name in BULK for name in (bulk_name, f"cpu-{bulk_name}")]),
    (echo, ["echo-p50", "echo-p99", "echo-bulk-p99"]),
    (path, ["path"]),
    (far, ["wan-down", "wan-up", "setup-rtt", "echo-bulk-slow-p99"]),
    (used, ["rss-tunnel-used"]),
    (crowd, ["setup-rate", "rss-tunnel", "cpu-tunnels", "storm", "storm-errors"]),
]


def main():
    chosen = program.arguments("tunnel", __doc__.splitlines()[0], TUNNEL, f"{QUICK_ENDPOINTS:,} tunnels and few bytes")
    program.run(chosen, GROUPS, QUICK_ENDPOINTS if chosen.quick else FULL_SIZE)


if __name__ == "__main__":
    main()
