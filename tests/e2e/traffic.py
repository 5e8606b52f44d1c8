"""Bytes through streams whose two ends the test holds: floods that end where nobody reads, speeds, echoes."""
import os
import selectors
import threading
import time

PATTERN = os.urandom(1 << 20)  # what a flood consists of, again and again, so that every byte can be told
CHUNK = 256 * 1024


def resident(pid):
    """Bytes of memory of a process."""
    with open(f"/proc/{pid}/status") as status:
        return int(next(line for line in status if line.startswith("VmRSS")).split()[1]) * 1024


def cpu_seconds(pid):
    """CPU that a process has used, all its threads together."""
    with open(f"/proc/{pid}/stat") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def percentile(values, of_100):
    return sorted(values)[min(len(values) - 1, len(values) * of_100 // 100)]


def flood(sources, quiet=0.7):
    """Writes into every stream until none has taken a byte for `quiet` seconds; what each took."""
    taken, selector = dict.fromkeys(sources, 0), selectors.DefaultSelector()
    for source in sources:
        source.setblocking(False)
        selector.register(source, selectors.EVENT_WRITE)
    while ready := selector.select(quiet):
        for key, _ in ready:
            at = taken[key.fileobj] % len(PATTERN)
            try:
                taken[key.fileobj] += key.fileobj.send(memoryview(PATTERN)[at:at + CHUNK])
            except BlockingIOError:
                pass
    selector.close()
    for source in sources:
        source.settimeout(20)
    return taken


def drain(sink, size):
    """Reads `size` bytes of a flood and checks each."""
    seen, buffer = 0, bytearray(CHUNK)
    while seen < size:
        count = sink.recv_into(buffer, min(CHUNK, size - seen))
        assert count > 0, f"the end of file after {seen} of {size} bytes"
        at = 0
        while at < count:
            offset = (seen + at) % len(PATTERN)
            part = min(count - at, len(PATTERN) - offset)
            assert buffer[at:at + part] == PATTERN[offset:offset + part], f"another byte after {seen + at}"
            at += part
        seen += count


class Bulk:
    """One direction of a stream at full speed, for as long as the block lasts; the stream is empty afterwards."""

    def __init__(self, source, sink):
        self.source, self.sink, self.sent, self.moved, self.stopping = source, sink, 0, 0, False
        self.writer = threading.Thread(target=self._write, daemon=True)
        self.reader = threading.Thread(target=self._read, daemon=True)

    def _write(self):
        while not self.stopping:
            self.source.sendall(memoryview(PATTERN)[:CHUNK])
            self.sent += CHUNK

    def _read(self):
        buffer = bytearray(CHUNK)
        while self.writer.is_alive() or self.moved < self.sent:
            try:
                self.moved += self.sink.recv_into(buffer)
            except TimeoutError:
                pass  # to look whether the writer has stopped

    def __enter__(self):
        self.sink.settimeout(0.1)
        self.writer.start()
        self.reader.start()
        return self

    def __exit__(self, *_):
        self.stopping = True
        self.writer.join()
        self.reader.join()
        self.sink.settimeout(20)


def speed(source, sink, seconds=0.4, tries=3):
    """Bytes a second at the reader: the best of a few, since others use this machine, too."""
    rates = []
    with Bulk(source, sink) as bulk:
        time.sleep(0.2)  # slow start, and threads that start
        for _ in range(tries):
            before, started = bulk.moved, time.monotonic()
            time.sleep(seconds)  # a rate is bytes over a time
            rates.append((bulk.moved - before) / (time.monotonic() - started))
    return max(rates)


def cost(pid, source, sink, seconds=0.6, tries=3):
    """CPU seconds of a process for each GB at the reader: the least of a few."""
    costs = []
    with Bulk(source, sink) as bulk:
        time.sleep(0.2)  # slow start, and threads that start
        for _ in range(tries):
            before, used = bulk.moved, cpu_seconds(pid)
            time.sleep(seconds)  # a cost is of many bytes
            moved = bulk.moved - before
            assert moved > 0, "the reader has got nothing"
            costs.append((cpu_seconds(pid) - used) / moved * 1e9)
    return min(costs)


def echoes(near, far, count=100, pause=0.0, most=10.0):
    """Seconds that a key takes there and back, for each of `count`, or as many as there is time for."""
    times, began = [], time.monotonic()
    while len(times) < count and time.monotonic() - began < most:
        started = time.monotonic()
        near.sendall(b"k")
        assert far.recv(1) == b"k"
        far.sendall(b"k")
        assert near.recv(1) == b"k"
        times.append(time.monotonic() - started)
        if pause:
            time.sleep(pause)  # keys do not come back to back
    return times


def at_rest(counted, what, quiet=0.5, timeout=60):
    """Waits until what counted() gives has not changed for `quiet` seconds, and gives it."""
    last, since, end = counted(), time.monotonic(), time.monotonic() + timeout
    while time.monotonic() - since < quiet:
        assert time.monotonic() < end, f"not within {timeout} s: {what}"
        time.sleep(0.05)
        now = counted()
        if now != last:
            last, since = now, time.monotonic()
    return last


def assert_quick(keys, alone, bound=0.05):
    """Nine keys of ten, in seconds; longer only where they took long with nothing beside them, on a machine that is busy."""
    bound = max(bound, 10 * percentile(alone, 90))
    late = percentile(keys, 90)
    assert late < bound, f"p90 of a key: {late * 1000:.0f} ms; {percentile(alone, 90) * 1000:.1f} ms with nothing beside it"
