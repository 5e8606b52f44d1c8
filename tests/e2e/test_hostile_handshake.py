"""Handshakes that stop at any step, and what is no handshake at all: cut off in time, and in the way of nobody."""
import socket
import struct
import time

import pytest

from edge import Edge
from hostile_peer import HostileAgent, logged_in
from poll_client import raw_agent
from ssh_client import (CHANNEL_DATA, KEX_INIT, NEWKEYS, SERVICE_REQUEST, VERSION, Closed, SshClient, text)
from test_hostile_agent import message
from under_attack import Memory, Neighbour

DEADLINE = 0.6  # seconds, of login and of an answer


@pytest.fixture(scope="module")
def server():
    edge = Edge(**{"limits.loops": "1", "limits.login-deadline": "600ms", "limits.answer-deadline": "600ms"})
    try:
        yield edge.start()
    finally:
        edge.close()


@pytest.fixture
def edge(server):
    yield server
    assert server.edged.process.poll() is None, server.edged.log()[-3000:]


def cut_off_in_time(client, least=0.0, most=3.0):
    started = time.monotonic()
    client.socket.settimeout(most + 2)
    try:
        while client.socket.recv(4096):
            pass
    except ConnectionError:
        pass
    return least <= time.monotonic() - started <= most


def after_tcp(client):
    pass


def after_half_a_banner(client):
    client.write_raw(b"SSH-2.0-")


def after_banner(client):
    client.banner()


def after_half_a_kexinit(client):
    client.banner()
    client.write_raw(struct.pack(">IB", 30_000, 4) + b"\x14" + b"x" * 1000)


def after_kexinit(client):
    client.banner().kexinit()


def after_ecdh_init(client):
    after_kexinit(client)
    client.ecdh_init()
    client.ecdh_reply()


def after_newkeys(client):
    after_ecdh_init(client)
    client.newkeys()


def after_service(client):
    after_newkeys(client)
    client.ask_for_login()


def after_a_wrong_password(client):
    after_service(client)
    assert not client.try_password("root", "wrong")


STEPS = [after_tcp, after_half_a_banner, after_banner, after_half_a_kexinit, after_kexinit, after_ecdh_init,
         after_newkeys, after_service, after_a_wrong_password]


@pytest.mark.parametrize("step", STEPS)
def test_who_stops_at_a_step_of_the_login_is_cut_off(edge, step):
    with HostileAgent(edge.tunnel_port) as client:
        step(client)
        assert cut_off_in_time(client)


def test_who_logs_in_and_asks_for_no_forward_is_cut_off(edge):
    with logged_in(edge) as client:
        assert cut_off_in_time(client)


def test_who_does_not_answer_the_first_stream_is_cut_off(edge):
    with logged_in(edge) as client:
        assert client.forward()
        client.next_stream()
        assert cut_off_in_time(client)


@pytest.mark.parametrize("step", [after_banner, after_kexinit, after_newkeys, after_service])
def test_a_byte_now_and_then_does_not_move_the_deadline(edge, step):
    """Each is a message that means nothing, well before the deadline."""
    with HostileAgent(edge.tunnel_port) as client:
        started = time.monotonic()
        try:
            step(client)
            while time.monotonic() - started < 4:
                client.write(message(2, text("x")))
                time.sleep(DEADLINE / 6)  # how slowly it drips is what is tested
        except Closed:
            pass
        assert time.monotonic() - started < 3


def test_a_banner_byte_by_byte_does_not_move_the_deadline(edge):
    with HostileAgent(edge.tunnel_port) as client:
        started = time.monotonic()
        try:
            for number in range(60):
                client.write_raw(b"SSH-2.0-" [number:number + 1] or b"x")
                time.sleep(DEADLINE / 6)
        except Closed:
            pass
        assert time.monotonic() - started < 3


# --- the answer to the first ping

DRIPS = {
    "its head": lambda: iter([b"HTTP/1.1 204 No Content\r\nX: "] + [b"x"] * 100),
    "a body of a length": lambda: iter([b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"] + [b"x"] * 100),
    "a chunked body": lambda: iter([b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"] + [b"1\r\nx\r\n"] * 100),
    "a body without an end": lambda: iter([b"HTTP/1.0 200 OK\r\n\r\n"] + [b"x"] * 100),
    "interim answers": lambda: iter([b"HTTP/1.1 100 Continue\r\n\r\n"] * 100),
}


@pytest.mark.parametrize("what", DRIPS)
def test_an_answer_that_drips_for_ever_is_cut_off(edge, what):
    with logged_in(edge) as client:
        assert client.forward()
        stream, _ = client.accept()
        started = time.monotonic()
        try:
            for part in DRIPS[what]():
                client.write(client.data(stream, part))
                time.sleep(DEADLINE / 6)
        except Closed:
            pass
        assert time.monotonic() - started < 4
        assert edge.tunnel_state(client.name) != "open"


TOO_MUCH = {
    "a head": (b"HTTP/1.1 200 OK\r\n", b"X: " + b"x" * 1000 + b"\r\n"),
    "a body of a length": (b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n", b"x" * 32000),
    "a chunked body": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"7d00\r\n" + b"x" * 32000 + b"\r\n"),
    "one chunk": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffff0\r\n", b"x" * 32000),
    "a chunk's extension": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;", b"x" * 32000),
    "trailers": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", b"X: " + b"x" * 1000 + b"\r\n"),
    "a body without an end": (b"HTTP/1.0 200 OK\r\n\r\n", b"x" * 32000),
}


@pytest.mark.parametrize("what", TOO_MUCH)
def test_an_answer_that_is_too_large_is_not_kept(edge, what):
    head, more = TOO_MUCH[what]
    with logged_in(edge) as client:
        assert client.forward()
        stream, _ = client.accept()
        rose = Memory(edge.edged.pid)
        started = time.monotonic()
        try:
            client.write(client.data(stream, head))
            while time.monotonic() - started < 5:
                client.pour(client.sealed(client.data(stream, more), 10))
        except Closed:
            pass
        assert time.monotonic() - started < 4
        assert rose.grown_mb() < 8
        assert edge.tunnel_state(client.name) != "open"


# --- what is no handshake

GARBAGE = {
    "nothing but zeros": bytes(100_000),
    "no line": b"x" * 100_000,
    "lines without end": b"hello\r\n" * 10_000,
    "empty lines": b"\r\n" * 50_000,
    "a banner without end": b"SSH-2.0-" + b"x" * 100_000,
    "a banner of 200 bytes": b"SSH-2.0-" + b"x" * 200 + b"\r\n",
    "an old protocol": b"SSH-1.5-old\r\n" + b"x" * 1000,
    "a browser": b"GET / HTTP/1.1\r\nHost: edge\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"x" * 1000,
    "garbage behind the banner": VERSION + b"\r\n" + bytes(range(256)) * 100,
    "a packet of two gigabytes": VERSION + b"\r\n" + struct.pack(">I", 0x7FFFFFFF) + b"x" * 100_000,
    "a packet of nothing": VERSION + b"\r\n" + bytes(100_000),
    "keys before their exchange": VERSION + b"\r\n" + struct.pack(">IBB", 12, 10, NEWKEYS) + bytes(10),
    "a key without a list": VERSION + b"\r\n" + struct.pack(">IBB", 44, 6, KEX_INIT) + text(b"k" * 32) + bytes(6),
    "a service before its keys": VERSION + b"\r\n" + struct.pack(">IBB", 28, 6, SERVICE_REQUEST) + text("ssh-userauth") + bytes(10),
    "a channel's data before all": VERSION + b"\r\n" + struct.pack(">IBB", 28, 6, CHANNEL_DATA) + bytes(26),
}


@pytest.mark.parametrize("what", GARBAGE)
def test_garbage_ends_its_connection(edge, what):
    rose = Memory(edge.edged.pid)
    with socket.create_connection(("localhost", edge.tunnel_port), 5) as plain:
        started = time.monotonic()
        try:
            plain.sendall(GARBAGE[what])
            while plain.recv(4096):
                pass
        except ConnectionError:
            pass
        assert time.monotonic() - started < 3
    assert rose.grown_mb() < 2


KEYS = {"none": b"", "of zeros": bytes(32), "of a small order": b"\x01" + bytes(31), "too short": b"k" * 31, "too long": b"k" * 33,
        "of a quarter of a megabyte": b"k" * 250_000}


@pytest.mark.parametrize("what", KEYS)
def test_a_public_key_that_is_none_ends_its_connection(edge, what):
    with SshClient(edge.tunnel_port).banner() as client:
        client.kexinit()
        client.write(message(KEX_INIT, text(KEYS[what])))
        assert cut_off_in_time(client, most=DEADLINE / 2), "at once, not at the deadline"


def test_two_hundred_that_stop_are_in_nobodys_way(edge):
    neighbour = Neighbour(edge)
    stuck = []
    try:
        for number in range(200):
            stuck.append(HostileAgent(edge.tunnel_port))
            (after_tcp, after_banner, after_kexinit)[number % 3](stuck[-1])
        started = time.monotonic()
        agent = raw_agent(edge, "late")
        with edge.required("late"):
            offer = agent.check_in(wait=5, connection=agent.connect()).json
            with HostileAgent(edge.tunnel_port).handshake() as client:
                assert client.login(offer["tunnel"], agent.password(offer)) and client.forward()
        neighbour.echo()
        assert time.monotonic() - started < 3
    finally:
        neighbour.close()
        for one in stuck:
            one.close()
