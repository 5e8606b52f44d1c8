"""Fairness: bulk starves no keystroke, neither in its own tunnel nor in another, and tunnels with bulk share."""
import contextlib
import subprocess
import time

import pytest

from cable import wired
from edge import BIN, Edge, eventually
from raw_node import raw_nodes
from traffic import Bulk, assert_quick, echoes, percentile

pytestmark = pytest.mark.alone  # it compares times

MB = 1_000_000
PAUSE = 0.01  # between keys
FAIR = 0.15  # the least share over the most: the peers' own turns differ, but nobody starves


def bulk_of(pair, direction):
    near, far = pair
    return Bulk(far, near) if direction == "from the node" else Bulk(near, far)


def p90(times):
    return percentile(times, 90)


DIRECTIONS = pytest.mark.parametrize("direction", ["from the node", "to the node"])


@DIRECTIONS
@pytest.mark.parametrize("streams", [1, 8])
def test_bulk_does_not_starve_a_key_in_another_stream_of_its_tunnel(edge, streams, direction, record_property):
    with raw_nodes(edge) as (node,), contextlib.ExitStack() as bulks:
        key = node.stream()
        alone = echoes(*key, pause=PAUSE)
        running = [bulks.enter_context(bulk_of(node.stream(), direction)) for _ in range(streams)]
        eventually(lambda: all(bulk.moved > MB for bulk in running), "all are under way")
        times = echoes(*key, count=100, pause=PAUSE)
        record_property("p90-ms", p90(times) * 1000)
        assert_quick(times, alone, 0.2)


@DIRECTIONS
def test_bulk_does_not_starve_a_key_in_another_tunnel(edge, direction, record_property):
    with raw_nodes(edge, 4) as nodes, contextlib.ExitStack() as bulks:
        key = nodes[-1].stream()
        alone = echoes(*key, pause=PAUSE)
        running = [bulks.enter_context(bulk_of(node.stream(), direction)) for node in nodes[:-1]]
        eventually(lambda: all(bulk.moved > MB for bulk in running), "all are under way")
        times = echoes(*key, count=100, pause=PAUSE)
        record_property("p90-ms", p90(times) * 1000)
        assert_quick(times, alone, 0.2)


def shares(bulks, seconds=1.2):
    """What each moved in the same time, the least over the most."""
    eventually(lambda: all(bulk.moved > MB for bulk in bulks), "all are under way")
    before = [bulk.moved for bulk in bulks]
    time.sleep(seconds)  # a share is of a time
    moved = [bulk.moved - was for bulk, was in zip(bulks, before)]
    return min(moved) / max(moved), [f"{count / seconds / MB:.0f} MB/s" for count in moved]


@pytest.fixture
def one_loop():
    """edged with one event loop, so that all tunnels are on it."""
    server = Edge(**{"limits.loops": 1})
    try:
        yield server.start()
    finally:
        server.close()


@DIRECTIONS
def test_tunnels_with_bulk_share_their_loop(one_loop, direction):
    with raw_nodes(one_loop, 4) as nodes, contextlib.ExitStack() as running:
        bulks = [running.enter_context(bulk_of(node.stream(), direction)) for node in nodes]
        share, moved = shares(bulks)
        assert share > FAIR, moved


@DIRECTIONS
def test_streams_with_bulk_in_one_tunnel_share(edge, direction):
    with raw_nodes(edge) as (node,), contextlib.ExitStack() as running:
        bulks = [running.enter_context(bulk_of(node.stream(), direction)) for _ in range(8)]
        share, moved = shares(bulks)
        assert share > FAIR, moved


def test_a_stream_of_small_messages_stays_as_quick_as_it_began(edge, record_property):
    # What a database or a shell through a forward is: thousands of a few bytes, for as long as it likes.
    with raw_nodes(edge) as (node,):
        pair = node.stream()
        times, started = [], time.monotonic()
        while time.monotonic() - started < 4:
            times += echoes(*pair, count=200)
        first, last = times[:len(times) // 8], times[-len(times) // 8:]
        record_property("messages", len(times))
        was, now = percentile(first, 50), percentile(last, 50)
        assert now < 3 * was + 0.0003, f"{was * 1e6:.0f} us and then {now * 1e6:.0f} us"


# The whole way: edgectl, edged, the agent.

class FarEcho:
    """`edgectl connect NAME -- cat`, as two ends of a stream."""

    def __init__(self, edge):
        self.running = edge.popen_connect("shop-17", "--", "cat", bufsize=0)

    def key(self):
        started = time.monotonic()
        self.running.stdin.write(b"k")
        assert self.running.stdout.read(1) == b"k"
        return time.monotonic() - started

    def keys(self, count, most=10.0):
        """So many, or as many as there is time for."""
        times, started = [], time.monotonic()
        while len(times) < count and time.monotonic() - started < most:
            times.append(self.key())
            time.sleep(PAUSE)  # keys do not come back to back
        return times

    def close(self):
        self.running.kill()
        self.running.communicate()


@pytest.fixture
def session_bulk():
    """Starts a session that moves bytes and nothing else."""
    running = []

    def start(edge, direction):
        streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL}
        zeros = open("/dev/zero", "rb")
        if direction == "to the node":
            streams["stdin"] = zeros
        command = "exec cat /dev/zero" if direction == "from the node" else "exec cat > /dev/null"
        running.append(subprocess.Popen([BIN / "edgectl", "connect", "shop-17", "--", command], env=edge.environment(), **streams))
        zeros.close()
        eventually(lambda: any(max(s["bytes-in"], s["bytes-out"]) > 5 * MB for s in edge.endpoint()["sessions"]), "bytes move")
    yield start
    for one in running:
        one.kill()
        one.wait()


@DIRECTIONS
def test_a_session_with_bulk_does_not_starve_a_key_of_another(shop, session_bulk, direction, record_property):
    echo = FarEcho(shop)
    try:
        alone = echo.keys(50)
        session_bulk(shop, direction)
        times = echo.keys(100)
        record_property("p90-ms", p90(times) * 1000)
        assert_quick(times, alone, 0.2)
    finally:
        echo.close()


@DIRECTIONS
def test_a_key_overtakes_bulk_on_a_slow_link(session_bulk, direction, record_property):
    # Here the transport is the bottleneck. Streams must take turns at it (a key that comes second each time waits for
    # ever), and little may be in the kernel's buffer, for that cannot be overtaken.
    with wired() as edge:
        edge.cable.slow("20mbit")
        edge.node()
        echo = FarEcho(edge)
        try:
            alone = echo.keys(20)
            session_bulk(edge, direction)
            times = echo.keys(40)
            record_property("p90-ms", p90(times) * 1000)
            assert_quick(times, alone, 0.25)
        finally:
            echo.close()
