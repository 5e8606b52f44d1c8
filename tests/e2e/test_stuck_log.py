"""A stderr that nobody reads: edged goes on, says afterwards what is missing, and stops in time."""
import contextlib
import fcntl
import os
import socket
import subprocess
import time

import pytest

from edge import BIN, Edge, eventually
from poll_client import raw_agent

F_SETPIPE_SZ = 1031
PIPE = 4096


@pytest.fixture
def stuck():
    """edged, which logs into a pipe of 4 KB; `stuck.read` is its other end."""
    edge = Edge().init()
    read, write = os.pipe()
    fcntl.fcntl(write, F_SETPIPE_SZ, PIPE)
    edge.edged = subprocess.Popen([str(BIN / "edged"), "--config", str(edge.config), "--log-level", "debug"],
                                  stdin=subprocess.DEVNULL, stdout=write, stderr=write, start_new_session=True)
    os.close(write)
    edge.read = read
    try:
        eventually(lambda: edge.ctl("status").returncode == 0, "edged is ready")
        yield edge
    finally:
        edge.edged.kill()
        edge.edged.wait()
        os.close(read)
        edge.close()


def waiting(edge):
    """Bytes in the pipe."""
    octets = bytearray(4)
    fcntl.ioctl(edge.read, 0x541B, octets)  # FIONREAD
    return int.from_bytes(octets, "little")


def garbage(edge, times=1):
    """A line at debug each: a handshake that fails."""
    for _ in range(times):
        with socket.create_connection(("127.0.0.1", edge.poll_port), 10) as plain:
            plain.sendall(b"no TLS at all\r\n\r\n")
            with contextlib.suppress(ConnectionError):
                while plain.recv(64):
                    pass


def fill(edge):
    """Lines until nobody could write one more."""
    def logged():
        garbage(edge)
        return waiting(edge) > PIPE - 200
    eventually(logged, "the pipe is full")


def test_a_log_that_is_not_read_stops_no_check_in_and_no_tunnel(stuck):
    agent, other = raw_agent(stuck, "shop-1"), raw_agent(stuck, "shop-2")
    fill(stuck)
    for _ in range(50):
        assert other.check_in(connection=other.connect()).status == 204
    with stuck.required("shop-1"):  # a change of state is a line, said under the endpoint's lock
        held = agent.send_check_in(wait=55)
        assert held.read().status == 200
    for _ in range(50):
        assert other.check_in(connection=other.connect()).status == 204


def test_lines_that_were_lost_are_counted_in_the_log(stuck):
    agent = raw_agent(stuck)
    fill(stuck)
    garbage(stuck, 2200)  # more than wait in memory
    assert agent.check_in(connection=agent.connect()).status == 204
    text = b""
    os.set_blocking(stuck.read, False)

    def said():
        nonlocal text
        try:
            text += os.read(stuck.read, 65536)
        except BlockingIOError:
            pass
        return b"log.lines-lost" in text
    eventually(said, "the loss is told")


def test_edged_stops_in_time_though_its_log_is_not_read(stuck):
    fill(stuck)
    garbage(stuck, 10)
    started = time.monotonic()
    stuck.edged.terminate()
    assert stuck.edged.wait(10) == 0
    assert time.monotonic() - started < 9
