"""Streams whose far end does not keep to the rules: packet sizes, windows, ends. edged waits for nobody for ever, keeps
no more than a window for each, and writes no packet that carries nothing."""
import contextlib
import struct

import pytest

from edge import Edge
from hostile_peer import NOT_FOUND, SWITCHED, logged_in, opened, wants_session, wants_snapshot
from ssh_client import (CHANNEL_CLOSE, CHANNEL_DATA, CHANNEL_EOF, CHANNEL_OPEN_FAILURE,
                        CHANNEL_WINDOW_ADJUST, Closed, pong, take_text, text)
from traffic import cpu_seconds
from under_attack import Attack, Memory, check_neighbour, neighbour

pytestmark = pytest.mark.alone  # it compares times

WINDOW = 2 << 20  # what edged grants
TINY = [1, 9, 10, 11, 100]


@pytest.fixture
def edge():
    server = Edge(**{"limits.loops": "1", "limits.answer-deadline": "1s"})
    try:
        yield server.start()
        assert server.edged.process.poll() is None, server.edged.log()[-3000:]
        with opened(server) as good:
            assert good.still_served()
    finally:
        server.close()


def ends(client):
    try:
        return client.wait_closed(5)
    except Closed:
        return True


# --- maximum packet sizes

def test_a_stream_whose_packets_may_hold_nothing_ends(edge, neighbour):
    with logged_in(edge) as client:
        assert client.forward()
        client.confirm(client.next_stream(), packet=0)
        edge.edged.wait_log("tunnel.no-ping")
        neighbour.echo()


@pytest.mark.parametrize("size", TINY)
def test_a_stream_of_tiny_packets_works_or_ends(edge, neighbour, size):
    with logged_in(edge) as client:
        assert client.forward()
        with contextlib.suppress(Closed):
            stream, request = client.accept(packet=size)
            assert request.startswith(b"GET /v1/ping")
            client.answer(stream, pong(b""))
            client.still_served()
            edge.wait_tunnel("open", client.name)
        neighbour.echo()


@pytest.mark.parametrize("size", TINY)
def test_what_is_sent_in_tiny_packets_slows_nobody_else(edge, neighbour, size):
    """Much to send, all the window it wants, and a byte a packet: the most work for the least bytes."""
    def push(operator):
        return operator.socket.send(b"x" * 65536)

    def swallow(client):
        return len(client.socket.recv(1 << 16)) or None

    def prepare(stack):
        client = stack.enter_context(opened(edge))
        operator = stack.enter_context(wants_session(edge, client.name))
        with contextlib.suppress(Closed):
            stream, _ = client.accept(window=0xFFFFFFF, packet=size)
            client.write(client.data(stream, SWITCHED))
            if operator.answer().startswith("HTTP/1.1 101"):
                return [Attack(push, operator), Attack(swallow, client)]
        return []  # not even its request was sent in such packets
    check_neighbour(edge, neighbour, prepare, cpu=1.1)  # an operator's bytes are worth a CPU


# Confirmed once more while open: libssh takes over the numbers before it looks at the state.
@pytest.mark.parametrize("size", [0, *TINY])
def test_a_stream_that_is_confirmed_twice_ends_or_goes_on(edge, neighbour, size):
    with logged_in(edge) as client:
        assert client.forward()
        stream = client.next_stream()
        client.write(client.confirmation(stream), client.confirmation(stream, packet=size))
        for _ in range(3):
            neighbour.echo()
        assert Memory(edge.edged.pid).grown_mb() < 1
        used = cpu_seconds(edge.edged.pid)
        neighbour.latency(0.5)
        assert cpu_seconds(edge.edged.pid) - used < 0.4, "its loop is busy with one write"


def test_a_live_stream_that_is_confirmed_again_with_nothing_ends_or_goes_on(edge, neighbour):
    with opened(edge) as client, wants_session(edge, client.name) as operator:
        stream, _ = client.accept()
        client.write(client.data(stream, SWITCHED))
        assert operator.answer().startswith("HTTP/1.1 101")
        with contextlib.suppress(Closed, OSError):
            client.write(client.confirmation(stream, packet=0))
            client.still_served()
            operator.socket.send(b"x" * 1000)
        for _ in range(3):
            neighbour.echo()


# --- windows

def test_a_window_of_nothing_ends_the_request_in_time(edge, neighbour):
    with logged_in(edge) as client:
        assert client.forward()
        client.confirm(client.next_stream(), window=0)
        edge.edged.wait_log("tunnel.no-ping")
        assert ends(client)
        neighbour.echo()


def test_a_window_that_grows_by_one_gets_its_request_byte_by_byte(edge):
    with logged_in(edge) as client:
        assert client.forward()
        stream = client.confirm(client.next_stream(), window=1)
        request = b""
        while b"\r\n\r\n" not in request:
            payload = client.expect(CHANNEL_DATA)
            part = take_text(payload, 5)[0]
            assert len(part) == 1
            request += part
            client.write(struct.pack(">BII", CHANNEL_WINDOW_ADJUST, stream, 1))
        client.answer(stream, pong(b""))
        edge.wait_tunnel("open", client.name)


def test_a_window_that_grows_beyond_its_number_ends_the_tunnel(edge):
    with opened(edge) as client, wants_snapshot(edge, client.name):
        stream, _ = client.accept(window=0xFFFFFFF0)
        client.write(struct.pack(">BII", CHANNEL_WINDOW_ADJUST, stream, 0xFFFFFFFF))
        assert ends(client)


@pytest.mark.parametrize("extended", [False, True])
def test_more_than_the_window_is_not_kept(edge, extended):
    """32 MB on a stream whose reader is stuck, whatever edged says about its window."""
    with opened(edge) as client, wants_session(edge, client.name) as operator:
        stream, _ = client.accept()
        client.write(client.data(stream, SWITCHED))
        assert operator.answer().startswith("HTTP/1.1 101")
        rose = Memory(edge.edged.pid)
        part = text(b"x" * 32000)
        payload = struct.pack(">BII", 95, stream, 1) + part if extended else struct.pack(">BI", CHANNEL_DATA, stream) + part
        with contextlib.suppress(Closed):
            client.pour(client.sealed(payload, 1000))
            client.still_served()
        assert rose.grown_mb() < 3 * WINDOW / (1 << 20)


# --- ends

@pytest.mark.parametrize("order", ["close", "eof", "refusal", "data"])
def test_what_comes_before_the_confirmation_of_a_stream_ends_it_at_most(edge, order):
    with opened(edge) as client, wants_snapshot(edge, client.name):
        stream = client.next_stream()
        first = {"close": struct.pack(">BI", CHANNEL_CLOSE, stream), "eof": struct.pack(">BI", CHANNEL_EOF, stream),
                 "refusal": struct.pack(">BII", CHANNEL_OPEN_FAILURE, stream, 1) + text("no") + text(""),
                 "data": client.data(stream, NOT_FOUND)}[order]
        with contextlib.suppress(Closed):
            client.write(first, first, client.confirmation(stream), client.data(stream, NOT_FOUND), first)
            client.still_served()


@pytest.mark.parametrize("after", ["end", "close"])
def test_data_after_the_end_of_a_stream_goes_nowhere(edge, after):
    with opened(edge) as client, contextlib.suppress(Closed):
        for _ in range(5):
            with wants_snapshot(edge, client.name) as operator:
                stream, _ = client.accept()
                late = client.data(stream, NOT_FOUND)
                end, close = struct.pack(">BI", CHANNEL_EOF, stream), struct.pack(">BI", CHANNEL_CLOSE, stream)
                client.write(*([end, late, close, end] if after == "end" else [end, close, late, close, end]))
                operator.answer()


def test_streams_that_their_agent_never_closes_cost_no_memory(edge):
    """edged has closed them and waits for the other side's word; meanwhile each is filled to its window."""
    with opened(edge) as client, contextlib.suppress(Closed):
        rose = Memory(edge.edged.pid)
        for _ in range(30):
            with wants_snapshot(edge, client.name) as operator:
                stream, _ = client.accept()
                client.write(client.data(stream, NOT_FOUND))
                operator.answer()
            client.pour(client.sealed(client.data(stream, b"x" * 32000), WINDOW // 32000 - 1))
        client.still_served()
    assert rose.grown_mb() < 24
