"""Flow control: who stops reading stops who writes, nobody buffers in between, and the others go on."""
import os
import signal
import subprocess
import threading
import time

import pytest

from edge import BIN, PATIENCE, eventually
from raw_node import raw_nodes
from traffic import assert_quick, at_rest, cost, drain, echoes, flood, percentile, resident, speed

pytestmark = pytest.mark.alone  # it compares times

MB = 1_000_000
STUCK, WAVES = 200, 10
PER_STREAM = 4 * MB
SANITIZED = "LSAN_OPTIONS" in os.environ  # its shadow memory and quarantine are not ours


def ends(pair, direction):
    """A stream's writer and its reader."""
    near, far = pair
    return (far, near) if direction == "from the node" else (near, far)


FROM, TO = "from the node", "to the node"


@pytest.mark.parametrize("tunnels, directions", [(1, [FROM]), (1, [TO]), (10, [FROM, TO])],
                         ids=["one tunnel, from the node", "one tunnel, to the node", "ten tunnels, both ways"])
def test_200_streams_that_nobody_reads_are_bounded_and_disturb_no_other(edge, tunnels, directions, record_property):
    with raw_nodes(edge, tunnels) as nodes:
        other = nodes[0].stream()
        speed(*ends(other, directions[0]), tries=1)  # buffers that grow once are not the stuck streams'
        quick = speed(*ends(other, directions[0]))
        alone, keys_alone = cost(edge.edged.pid, *ends(other, directions[0])), echoes(*other)
        before = resident(edge.edged.pid)
        stuck = [ends(nodes[n % tunnels].stream(), directions[n // tunnels % len(directions)]) for n in range(STUCK)]
        taken = flood([writer for writer, _ in stuck])
        at_rest(lambda: resident(edge.edged.pid) // MB, "edged has taken what it takes", quiet=1)
        grown = resident(edge.edged.pid) - before
        record_property("grown-per-stream", grown // STUCK)
        assert min(taken.values()) > 100_000, "the floods were under way"
        bounded(grown)

        keys = echoes(*other)
        record_property("p90-ms", percentile(keys, 90) * 1000)
        assert_quick(keys, keys_alone)
        # The node's end is stock ssh, which spends a core on looking at its 200 channels: what edged spends is judged.
        assert speed(*ends(other, directions[0])) > quick / 5
        beside = cost(edge.edged.pid, *ends(other, directions[0]))
        record_property("cost", f"{beside:.2f} s of CPU for a GB, alone {alone:.2f}")
        assert beside < 2 * alone, f"edged takes {beside:.2f} s of CPU for a GB beside stuck streams, {alone:.2f} alone"
        bounded(resident(edge.edged.pid) - before)

        for writer, reader in stuck[:20]:  # who reads again misses nothing
            drain(reader, taken[writer])


def bounded(grown):
    if not SANITIZED:
        assert grown < STUCK * PER_STREAM, f"{grown / STUCK / MB:.2f} MB for each stuck stream"


def test_bytes_that_nobody_reads_yet_arrive_as_quickly_as_others(edge):
    # The windows take them: a peer that fills them does what it may, and its tunnel is not to be slowed down for it.
    with raw_nodes(edge) as (node,):
        near, far = node.stream()
        rate = speed(far, near)
        before, count = resident(edge.edged.pid), 150
        stuck = [node.stream() for _ in range(count)]
        started = time.monotonic()
        filling = threading.Thread(target=flood, args=([far for _, far in stuck],))
        filling.start()
        eventually(lambda: resident(edge.edged.pid) - before > 1.7 * count * MB, "most of what the windows take", 60)
        took = time.monotonic() - started
        filling.join()
        assert took < 1.5 + 4 * 1.7 * count * MB / rate, f"{took:.1f} s for {1.7 * count:.0f} MB; {rate / MB:.0f} MB/s where somebody reads"


def test_a_stream_that_is_read_again_goes_on_at_speed(edge):
    with raw_nodes(edge) as (node,):
        for direction in (FROM, TO):
            writer, reader = ends(node.stream(), direction)
            fresh = speed(writer, reader)
            taken = flood([writer])
            drain(reader, taken[writer])
            assert speed(writer, reader) > fresh / 2


def test_stuck_streams_that_end_give_their_memory_back_to_those_that_come(edge):
    count, after = 60, []
    with raw_nodes(edge) as (node,):
        for _ in range(3):
            stuck = [node.stream() for _ in range(count)]
            flood([far for _, far in stuck], quiet=0.3)
            after.append(resident(edge.edged.pid))
            for near, far in stuck:
                near.close()
                far.close()
            eventually(lambda: not edge.endpoint("shop-1")["sessions"], "no session is left")
        if not SANITIZED:
            assert after[2] - after[0] < count * MB, [size // MB for size in after]
        near, far = node.stream()
        near.sendall(b"a new one")
        assert far.recv(100) == b"a new one"


def stuck_sessions(edge, count, command, **streams):
    """edgectl, with a pipe whose other end nobody touches."""
    return [subprocess.Popen([BIN / "edgectl", "connect", "shop-17", "--", command], env=edge.environment(),
                             stderr=subprocess.DEVNULL, **streams) for _ in range(count)]


def test_200_stuck_sessions_of_a_real_agent_are_bounded_at_both_ends(edge, far, record_property):
    agent = edge.node(**{"session.limit": 250})
    assert edge.connect("shop-17", "--", "true").returncode == 0
    before = {"edged": resident(edge.edged.pid), "agent": resident(agent.pid)}
    command = far.new()
    zeros = open("/dev/zero", "rb")
    running = []
    try:
        def moved():
            return [(s["bytes-in"], s["bytes-out"]) for s in edge.endpoint()["sessions"]]

        # Half of them are operators that stop reading, half are services that do. They come in waves: 200 key exchanges
        # at once are a slow machine's minute, and each of them has 20 s for its login.
        for wave in range(WAVES):
            count = STUCK // 2 // WAVES
            running += stuck_sessions(edge, count, "exec cat /dev/zero", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
            running += stuck_sessions(edge, count, command, stdin=zeros, stdout=subprocess.DEVNULL)
            eventually(lambda: len(moved()) == len(running) and all(max(both) > 500_000 for both in moved()),
                       f"all of wave {wave} are under way", 3 * PATIENCE)
        at_rest(moved, "all are stuck")
        for name, pid in {"edged": edge.edged.pid, "agent": agent.pid}.items():
            grown = resident(pid) - before[name]
            record_property(f"{name}-grown-per-stream", grown // STUCK)
            if not SANITIZED:
                assert grown < STUCK * PER_STREAM, f"{name}: {grown / STUCK / MB:.2f} MB for each stuck session"
        done = edge.connect("shop-17", "--", "head -c 20000000 /dev/zero | wc -c", timeout=PATIENCE)
        assert done.stdout == "20000000\n", done.stderr
        done = edge.connect("shop-17", "--", "head -c 20000000 /dev/zero", text=False, timeout=PATIENCE)
        assert len(done.stdout) == 20 * MB
    finally:
        zeros.close()
        for one in running:
            one.send_signal(signal.SIGKILL)
        for one in running:
            one.communicate()
