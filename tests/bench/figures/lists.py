"""ls-15000: `edgectl ls -o json` of a whole fleet that `endpoint create --count` made, from its start to its end.

Wall time of the process, with its output to a file in memory; the JSON is read afterwards and must have every endpoint.
"""
import json
import statistics
import subprocess
import tempfile
import time

from edge import BIN, Edge
from figures.process import CORES, SERVER, cpu_seconds, on_server_core
from figures.results import Figure
from figures.world import say

RUNS, QUICK_RUNS = 21, 3


def listed(edge, path):
    with open(path, "wb") as out:
        started = time.monotonic()
        done = subprocess.run([str(BIN / "edgectl"), "ls", "-o", "json"], stdin=subprocess.DEVNULL, stdout=out,
                              stderr=subprocess.PIPE, env=edge.environment(), timeout=60, check=False)
        took = time.monotonic() - started
    if done.returncode != 0:
        raise RuntimeError(f"edgectl ls ended with {done.returncode}: {done.stderr.decode()[-500:]}")
    return took


def figures(worlds, wanted, quick):
    runs, endpoints = QUICK_RUNS if quick else RUNS, worlds.endpoints
    edge = Edge(tempfile.mkdtemp(prefix="edge-bench-"), **{"limits.loops": 1})
    try:
        edge.init()
        edge.edged = edge.spawn(on_server_core(BIN / "edged", "--config", edge.config), "edged.log")
        edge.edged.wait_log("edged.ready")
        edge.ok("endpoint", "create", "--count", endpoints, "--prefix", "x", "-q")
        with tempfile.NamedTemporaryFile(dir="/dev/shm") as out:
            listed(edge, out.name)  # everybody has seen it once
            say(f"ls: {endpoints:,} endpoints, {runs} times")
            before = cpu_seconds(edge.edged.pid)
            took = [listed(edge, out.name) for _ in range(runs)]
            server = (cpu_seconds(edge.edged.pid) - before) / runs
            with open(out.name, "rb") as text:
                whole = text.read()
        got = len(json.loads(whole)["items"])
        if got != endpoints:
            raise RuntimeError(f"{got:,} of {endpoints:,} endpoints were listed")
        yield Figure("ls-15000", statistics.median(took), endpoints=endpoints,
                     note=f"median of {runs}, {min(took):.3f} to {max(took):.3f} s; {len(whole) / 1e6:.1f} MB, "
                          f"{server:.3f} s of edged's CPU; edged on core {SERVER} of {len(CORES)}")
    finally:
        edge.close()
