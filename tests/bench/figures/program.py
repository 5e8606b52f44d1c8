"""A benchmark as a program: which figures it was asked for, and how it prints them."""
import argparse
import signal

from figures.groups import measure
from figures.process import keep_to_load_core
from figures.results import as_json, as_text
from figures.worlds import Worlds


def arguments(name, purpose, known, quick):
    options = argparse.ArgumentParser(prog=f"scripts/bench {name}", description=purpose)
    options.add_argument("--json", action="store_true", help="figures as JSON on stdout and nothing else there")
    options.add_argument("--quick", action="store_true", help=f"{quick}: to see that it runs, not for figures")
    options.add_argument("--only", metavar="FIGURE,...", type=lambda text: set(text.split(",")), default=set(known),
                         help=f"of {', '.join(known)}")
    chosen = options.parse_args()
    if unknown := chosen.only - set(known):
        options.error(f"no such figure: {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    return chosen


def stop(*_):
    raise SystemExit("bench: stopped")


def run(chosen, groups, endpoints):
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    keep_to_load_core()
    worlds = Worlds(endpoints)
    try:
        figures = list(measure(groups, worlds, chosen.only, chosen.quick))
    finally:
        worlds.close()
    print(as_json(figures) if chosen.json else as_text(figures, chosen.quick))
    if any(figure.value is None for figure in figures):
        raise SystemExit("bench: figures are missing")
