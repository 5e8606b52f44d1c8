"""session.bandwidth: what all sessions of an endpoint may move together, in each direction."""
import contextlib
import os
import subprocess
import threading
import time

import pytest

from edge import BIN, eventually

pytestmark = pytest.mark.alone  # it compares times

MB = 1_000_000


class Counted:
    """What arrives at a descriptor, counted as it comes."""

    def __init__(self, descriptor):
        self.bytes, self.descriptor = 0, descriptor
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while piece := os.read(self.descriptor, 65536):
            self.bytes += len(piece)


@contextlib.contextmanager
def bulk(edge, way, number=0):
    """A session that moves bytes as fast as it may, and the count of what arrives at its far end."""
    if way == "from the node":
        session = edge.popen_connect(edge.target(), "--", "cat /dev/zero")
        counted = Counted(session.stdout.fileno())
    else:
        fifo = edge.folder / f"fifo-{number}"
        os.mkfifo(fifo)
        with open("/dev/zero") as zero:
            session = subprocess.Popen([str(BIN / "edgectl"), "connect", edge.target(), "--", f"cat > {fifo}"],
                                       env=edge.environment(), stdin=zero, stderr=subprocess.PIPE)
        counted = Counted(os.open(fifo, os.O_RDONLY))
    try:
        eventually(lambda: counted.bytes, f"bytes {way}")
        yield counted
    finally:
        session.kill()
        session.wait()
        counted.thread.join()


def rates(counts, seconds):
    """Bytes a second of each, over so long."""
    before, began = [count.bytes for count in counts], time.monotonic()
    time.sleep(seconds)  # the time is what is measured
    took = time.monotonic() - began
    return [(count.bytes - was) / took for count, was in zip(counts, before)]


def held(rate, limit):
    return 0.9 * limit <= rate <= 1.1 * limit


def test_a_limit_is_held_in_each_direction_shared_by_sessions_and_changed_while_they_live(shop, record_property):
    shop.set("session.bandwidth", "1G")
    shop.set("session.bandwidth", "2M", "shop-17")
    with bulk(shop, "from the node") as first, bulk(shop, "from the node") as second, bulk(shop, "to the node") as third:
        time.sleep(0.5)  # what the first reads have buffered
        one, two, other_way = rates([first, second, third], 3)
        record_property("rates", f"{one / MB:.2f} + {two / MB:.2f} from, {other_way / MB:.2f} to the node")
        assert held(one + two, 2 * MB) and held(other_way, 2 * MB)
        assert 0.8 < one / two < 1.25, "they share it"

        shop.set("session.bandwidth", "80Mbit", "shop-17")
        time.sleep(0.3)
        one, two, other_way = rates([first, second, third], 2)
        record_property("rates-later", f"{one / MB:.2f} + {two / MB:.2f} from, {other_way / MB:.2f} to the node")
        assert held(one + two, 10 * MB) and held(other_way, 10 * MB)

        shop.set("session.bandwidth", "off", "shop-17")
        time.sleep(0.3)
        assert sum(rates([first, second], 1)) > 30 * MB


def test_keys_do_not_wait_behind_the_bulk_of_another_session(shop, record_property):
    shop.set("session.bandwidth", "100K", "shop-17")
    with bulk(shop, "from the node") as first, bulk(shop, "to the node") as second:
        time.sleep(0.5)
        operator = shop.popen_connect(shop.target(), "--", "cat")
        waits = []
        for number in range(20):
            asked = time.monotonic()
            operator.stdin.write(b"%d\n" % number)
            operator.stdin.flush()
            assert operator.stdout.readline() == b"%d\n" % number
            waits.append(time.monotonic() - asked)
        waits = sorted(waits[1:])  # the first one waited for the session to open
        record_property("p50-p95-ms", f"{waits[len(waits) // 2] * 1000:.1f} {waits[-2] * 1000:.1f}")
        assert waits[-2] < 0.2, waits
        assert all(held(rate, 100_000) for rate in rates([first, second], 2)), "the limit holds all the same"
        operator.stdin.close()
        assert operator.wait(20) == 0
