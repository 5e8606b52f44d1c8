"""A path that loses and delays: two TAP devices, one in each namespace of a cable, and frames carried between them.

The kernel's own netem is not everywhere. A program of its own (`python3 lossy_link.py ...`), as its threads would be
in two namespaces otherwise. First in first out; a fixed seed.
"""
import collections
import contextlib
import ctypes
import fcntl
import os
import random
import select
import struct
import sys
import time

from cable import NODE, SERVER, run

TUNSETIFF, IFF_TAP, IFF_NO_PI, CLONE_NEWNET = 0x400454CA, 0x0002, 0x1000, 0x40000000


@contextlib.contextmanager
def lossy(edge, percent, delay):
    """Puts such a path in the place of a cable's. `delay`: seconds, each way. Before an agent is there."""
    cable = edge.cable
    run("ip", "-n", cable.server_space, "link", "del", "eth0")  # and its other end
    carrier = edge.spawn([sys.executable, __file__, cable.server_space, cable.node_space, percent, delay], "lossy.log")
    carrier.wait_log("carrying")
    for space, address in ((cable.server_space, SERVER), (cable.node_space, NODE)):
        run("ip", "-n", space, "addr", "add", f"{address}/24", "dev", "eth0")
        run("ip", "-n", space, "link", "set", "eth0", "up")
    try:
        yield
        assert carrier.process.poll() is None, carrier.log()
    finally:
        carrier.kill()


def tap_in(space):
    with open(f"/run/netns/{space}") as entry:
        if ctypes.CDLL(None, use_errno=True).setns(entry.fileno(), CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), space)
    tap = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(tap, TUNSETIFF, struct.pack("16sH22x", b"eth0", IFF_TAP | IFF_NO_PI))
    return tap


def carry(taps, loss, delay):
    chance = random.Random(1)
    queues = {tap: collections.deque() for tap in taps}  # to be written there
    other = {taps[0]: taps[1], taps[1]: taps[0]}
    while True:
        now = time.monotonic()
        for tap, queue in queues.items():
            while queue and queue[0][0] <= now:
                with contextlib.suppress(OSError):  # a device that is down
                    os.write(tap, queue[0][1])
                queue.popleft()
        due = [queue[0][0] for queue in queues.values() if queue]
        ready, _, _ = select.select(taps, [], [], max(0, min(due) - now) if due else None)
        for tap in ready:
            try:
                frame = os.read(tap, 65536)
            except OSError:
                time.sleep(0.001)  # it is down: readable, and says why not
                continue
            if chance.random() >= loss:
                queues[other[tap]].append((time.monotonic() + delay, frame))


if __name__ == "__main__":
    taps = [tap_in(space) for space in sys.argv[1:3]]
    print("carrying", flush=True)
    carry(taps, float(sys.argv[3]) / 100, float(sys.argv[4]))
