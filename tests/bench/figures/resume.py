"""resume, resume-edged: how long an operator's keys stay away after the network was, or edged.

One session on a terminal; a key each 50 ms from the moment on when the cable is plugged in again, or edged is killed,
and the first echo counts. The figure is the median, -worst the worst. All keys have to come back, once and in order.
"""
import signal
import statistics
import time

from edge import BIN
from figures.results import FIGURES, Figure
from figures.terminal import FAR, Terminal
from figures.wired import NAME, wired
from figures.world import say

RUNS, QUICK_RUNS = 5, 2
CUT = 5  # seconds
KEY_PACE = 0.05
PATIENCE = 120
PAUSE, QUICK_PAUSE = 3, 0.5  # between runs: what the one before left behind has calmed down


def first_echo(terminal, started):
    pressed = time.monotonic()
    terminal.press()
    while time.monotonic() < started + PATIENCE:
        if terminal.listen(pressed + KEY_PACE - time.monotonic()):
            return time.monotonic() - started
        pressed = time.monotonic()
        terminal.press()
    raise RuntimeError(f"no echo in {PATIENCE} s")


def after_cut(edge, terminal):
    edge.cable.pull()
    terminal.press()  # on its way when the cable is plugged in
    time.sleep(CUT)
    started = time.monotonic()
    edge.cable.plug()
    return first_echo(terminal, started)


def after_kill(edge, terminal):
    started = time.monotonic()
    edge.edged.send(signal.SIGKILL)
    edge.edged.wait()
    edge.edged.start()
    return first_echo(terminal, started)


def one_after_the_other(name, edge, terminal, happens, runs, pause):
    for number in range(1, runs + 1):
        time.sleep(pause)
        terminal.echo(PATIENCE)  # all is well before
        logs = [program.log_path for program in edge.programs]
        before = [log.stat().st_size for log in logs]
        took = happens(edge, terminal)
        terminal.settle(PATIENCE)
        if took > FIGURES[name].must:  # it may not happen again: what was said meanwhile is all there is
            said = "".join(f"{log.name}:\n{log.read_bytes()[size:].decode(errors='replace')}"
                           for log, size in zip(logs, before))
            say(f"{name}: run {number} took {took:.2f} s\n{said}")
        yield took


def figures(_, wanted, quick):
    runs, pause = (QUICK_RUNS, QUICK_PAUSE) if quick else (RUNS, PAUSE)
    with wired() as edge:
        connect = [BIN / "edgectl", "connect", "-t", edge.target(NAME), "--", FAR]
        for name, happens in (("resume", after_cut), ("resume-edged", after_kill)):
            if not wanted & {name, f"{name}-worst"}:
                continue
            say(f"{name}: {runs} times")
            with Terminal(connect, edge.environment(), edge.folder / "edgectl.log") as terminal:
                took = list(one_after_the_other(name, edge, terminal, happens, runs, pause))
            note = f"of {runs}: " + ", ".join(f"{seconds:.2f}" for seconds in took)
            yield Figure(name, statistics.median(took), endpoints=1, note=note)
            yield Figure(f"{name}-worst", max(took), endpoints=1, note=note)
