"""Descriptors: one for a tunnel, a budget for all, and who comes beyond it is refused in time, never met by EMFILE."""
import contextlib
import os
import re
import socket

import pytest

from edge import BIN, Edge, eventually
from raw_node import RawNode, raw_nodes
from traffic import at_rest

FEW = 160


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


@pytest.fixture
def poor():
    """edged with few descriptors, and one node with a held check-in."""
    edge = Edge().init()
    edge.edged = edge.spawn(["prlimit", f"--nofile={FEW}:{FEW}", BIN / "edged", "--config", edge.config, "--log-level", "debug"],
                            "edged.log")
    try:
        edge.edged.wait_log("edged.ready")
        edge.node(**{"session.limit": 2 * FEW})
        edge.wait_held()
        yield edge
    finally:
        edge.close()


@contextlib.contextmanager
def crowd(count, connect):
    """Connections that stay, as many as get in."""
    with contextlib.ExitStack() as stack:
        crowd = []
        for _ in range(count):
            with contextlib.suppress(OSError):
                crowd.append(stack.enter_context(connect()))
        yield crowd


def closed(stream):
    stream.settimeout(0)
    try:
        return stream.recv(1) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


def test_a_tunnel_takes_one_descriptor_and_gives_it_back(edge):
    with raw_nodes(edge) as _:
        eventually(lambda: not edge.endpoint("shop-1")["sessions"], "no session")
        before = at_rest(lambda: descriptors(edge.edged.pid), "whoever opened the tunnel has left")
        with contextlib.ExitStack() as stack:
            for number in range(5):
                node = RawNode(edge, f"more-{number}")
                stack.callback(node.close)
                node.open()
            eventually(lambda: descriptors(edge.edged.pid) == before + 5, "one each")
        eventually(lambda: descriptors(edge.edged.pid) == before, "all are given back")


def test_a_stream_takes_no_descriptor_but_the_operators(edge):
    with raw_nodes(edge) as (node,):
        eventually(lambda: not edge.endpoint("shop-1")["sessions"], "no session")
        before = at_rest(lambda: descriptors(edge.edged.pid), "whoever opened the tunnel has left")
        pairs = [node.stream() for _ in range(10)]
        eventually(lambda: descriptors(edge.edged.pid) == before + 10, "one each")
        for pair in pairs:
            for end in pair:
                end.close()
        eventually(lambda: descriptors(edge.edged.pid) == before, "all are given back")


@pytest.mark.parametrize("port", ["poll", "tunnel"])
def test_a_crowd_on_a_port_is_refused_in_time_and_nobody_else_notices(poor, port):
    number = poor.poll_port if port == "poll" else poor.tunnel_port
    with crowd(2 * FEW, lambda: socket.create_connection(("localhost", number), 5)) as strangers:
        eventually(lambda: sum(map(closed, strangers)) >= FEW, "whoever is too many is closed at once", 5)
        assert descriptors(poor.edged.pid) < FEW
        assert poor.connect("shop-17", "--", "echo served").stdout == "served\n"
        assert poor.ctl("status").returncode == 0
    assert_never_out_of_descriptors(poor)
    said = [line for line in poor.edged.log().splitlines() if re.search(r" warn .*(refus|full)", line)]
    assert 0 < len(said) < FEW // 4, "it is said, and not once for each"


def test_a_crowd_on_the_admin_socket_is_refused_in_time_and_agents_do_not_notice(poor):
    def connect():
        stream = socket.socket(socket.AF_UNIX)
        stream.settimeout(1)
        stream.connect(str(poor.socket))
        return stream
    with crowd(2 * FEW, connect) as operators:
        assert len(operators) > FEW // 4
        assert descriptors(poor.edged.pid) < FEW
        eventually(lambda: poor.edged.log().count("connections.full") or sum(map(closed, operators)), "some are turned away", 5)
    assert_never_out_of_descriptors(poor)
    assert poor.connect("shop-17", "--", "echo served").stdout == "served\n"


def test_many_sessions_at_once_end_in_a_refusal_and_not_in_an_error_of_the_system(poor):
    running = [poor.popen_connect("shop-17", "--", "cat") for _ in range(FEW)]
    try:
        assert poor.ctl("status", timeout=20).returncode in (0, 1, 7)  # served, refused, or not reached
        for one in running:
            one.stdin.close()
        told = [one.stderr.read() for one in running]
        statuses = [one.wait(60) for one in running]
        assert statuses.count(0) > FEW // 16, "as many as there is room for; each asks on a second connection first"
        for status, text in zip(statuses, told):
            assert status == 0 or text.startswith(b"edgectl: "), (status, text)
    finally:
        for one in running:
            one.kill()
            one.wait()
    assert_never_out_of_descriptors(poor)
    assert poor.connect("shop-17", "--", "echo served").stdout == "served\n"


def assert_never_out_of_descriptors(edge):
    bad = [line for line in edge.edged.log().splitlines() if re.search("Too many open files|accept.failed", line)]
    assert not bad, bad[:3]
    assert edge.edged.process.poll() is None
