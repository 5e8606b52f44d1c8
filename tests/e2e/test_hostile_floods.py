"""Floods, and what they cost the others: an agent may send what it likes as often as it can, a neighbour on the same loop
does not notice."""
import socket
import struct

import pytest

from edge import Edge
from hostile_peer import SWITCHED, opened, wants_session
from ssh_client import (CHANNEL_OPEN, CHANNEL_WINDOW_ADJUST, DEBUG, GLOBAL_REQUEST, IGNORE, KEX_INIT,
                        SERVICE_REQUEST, text)
from test_hostile_agent import message
from under_attack import Attack, Memory, check_neighbour, flood, neighbour

pytestmark = pytest.mark.alone  # it compares times


@pytest.fixture
def edge():
    server = Edge(**{"limits.loops": "1"})
    try:
        yield server.start()
        with opened(server) as good:
            assert good.still_served()
    finally:
        server.close()


FLOODS = {
    "keep-alives": message(GLOBAL_REQUEST, text("keepalive@openssh.com"), b"\x01"),
    "keep-alives without an answer": message(GLOBAL_REQUEST, text("keepalive@openssh.com"), b"\0"),
    "requests": message(GLOBAL_REQUEST, text("unknown@example.com"), b"\x01"),
    "forwards": message(GLOBAL_REQUEST, text("tcpip-forward"), b"\x01", text("edge"), 1),
    "channels": message(CHANNEL_OPEN, text("session"), 1, 1 << 20, 1 << 15),
    "services": message(SERVICE_REQUEST, text("ssh-userauth")),
    "messages without a name": message(192),
    "ignores": message(IGNORE, text("")),
    "debugs": message(DEBUG, b"\0", text("x"), text("")),
    "huge requests": message(GLOBAL_REQUEST, text(b"x" * 200_000), b"\x01"),
}


@pytest.mark.parametrize("what", FLOODS)
def test_a_flood_slows_nobody_else(edge, neighbour, what):
    payload = FLOODS[what]
    times = min(60_000, (10 << 20) // len(payload))
    check_neighbour(edge, neighbour, lambda stack: [flood(stack.enter_context(opened(edge)), payload, times)
                                                    for _ in range(2)])


@pytest.mark.parametrize("what", ["keep-alives", "requests", "channels", "services", "messages without a name"])
def test_answers_that_nobody_reads_are_not_kept(edge, neighbour, what):
    """Each message costs the attacker 36 bytes and edged its answer, for as long as the attacker does not read."""
    def prepare(stack):
        client = stack.enter_context(opened(edge))
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)  # what it does take is the kernel's
        return [flood(client, FLOODS[what], 250_000, reading=False)]
    check_neighbour(edge, neighbour, prepare, seconds=4, memory=4)


def test_a_storm_of_key_exchanges_slows_nobody_else(edge, neighbour):
    def exchange(client):
        client.key_exchange()
        return 1
    storms = []

    def prepare(stack):
        storms[:] = [Attack(exchange, stack.enter_context(opened(edge))) for _ in range(3)]
        return storms
    check_neighbour(edge, neighbour, prepare)
    assert all(storm.cut.value for storm in storms), "a storm ends its connection"


def test_key_exchanges_that_guess_wrong_cost_no_memory(edge):
    """Each announces a first packet that the server has to throw away."""
    with opened(edge) as client:
        client.key_exchange()
        rose = Memory(edge.edged.pid)
        for _ in range(40):  # more would be a storm, which ends
            client.kexinit(guess=b"diffie-hellman-group14-sha256")
            client.write(message(KEX_INIT, text(b"x" * 10_000)))
            client.ecdh_init()
            client.ecdh_reply()
            client.newkeys()
        assert client.still_served()
        assert rose.grown_mb() < 2


# --- on a stream of edged's

@pytest.mark.parametrize("step", [1, 0])
def test_a_window_that_grows_by_nothing_slows_nobody_else(edge, neighbour, step):
    def prepare(stack):
        client = stack.enter_context(opened(edge))
        stack.enter_context(wants_session(edge, client.name))
        stream, _ = client.accept()
        return [flood(client, struct.pack(">BII", CHANNEL_WINDOW_ADJUST, stream, step), 100_000)]
    check_neighbour(edge, neighbour, prepare)


@pytest.mark.parametrize("octets", [b"", b"x"])
def test_a_stream_in_tiny_pieces_slows_nobody_else(edge, neighbour, octets):
    """To an operator who reads: these are bytes that somebody asked for, but each is a packet."""
    def prepare(stack):
        client = stack.enter_context(opened(edge))
        operator = stack.enter_context(wants_session(edge, client.name))
        stream, _ = client.accept()
        client.write(client.data(stream, SWITCHED))
        assert operator.answer().startswith("HTTP/1.1 101")
        return [flood(client, client.data(stream, octets), 100_000), Attack(swallow, operator)]
    check_neighbour(edge, neighbour, prepare)


def swallow(reader):
    return len(reader.socket.recv(1 << 16)) or None
