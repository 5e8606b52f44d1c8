"""Floods from people who never log in: what they cost is bounded, and those who are inside do not notice."""
import contextlib
import os
import socket

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from edge import Edge
from hostile_peer import HostileAgent, opened
from ssh_client import (CIPHERS, DEBUG, IGNORE, KEX_INIT, KEXINIT, SERVICE_REQUEST, UNIMPLEMENTED, USERAUTH_REQUEST,
                        VERSION, text)
from test_hostile_agent import message
from under_attack import Attack, check_neighbour, flood, neighbour


@pytest.fixture
def edge():
    server = Edge(**{"limits.loops": "1"})
    try:
        yield server.start()
        with opened(server) as good:
            assert good.still_served()
    finally:
        server.close()


def raw(private):
    return private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def login(method, rest=b""):
    return message(USERAUTH_REQUEST, text("root"), text("ssh-connection"), text(method), rest)


KEY = text("ssh-ed25519") + text(raw(Ed25519PrivateKey.generate()))
SIGNED = b"\x01" + text("ssh-ed25519") + text(KEY) + text(text("ssh-ed25519") + text(b"s" * 64))


# --- in plain, before any key

PLAIN = {"messages without a name": message(192), "ignores": message(IGNORE, text("")),
         "debugs": message(DEBUG, b"\0", text("x"), text("")), "unimplementeds": message(UNIMPLEMENTED, 1)}


def before_keys(edge, stack, source="127.0.0.6"):
    client = stack.enter_context(HostileAgent(edge.tunnel_port, "127.0.0.1", source=source))
    client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    return client.banner()


@pytest.mark.parametrize("what", PLAIN)
def test_a_flood_before_any_key_slows_nobody(edge, neighbour, what):
    check_neighbour(edge, neighbour, lambda stack: [flood(before_keys(edge, stack), PLAIN[what], 400_000)
                                                    for _ in range(2)])


def test_answers_that_a_stranger_does_not_read_are_not_kept(edge, neighbour):
    def prepare(stack):
        return [flood(before_keys(edge, stack), PLAIN["messages without a name"], 1_000_000, reading=False)]
    check_neighbour(edge, neighbour, prepare, seconds=4, memory=4)


def kexinit(size=0):
    """One like kexinit() of the client's, with lists as long as that."""
    many = b",".join([b"x"] * (size // 2) + [b"curve25519-sha256"])
    names = [many, b"ssh-ed25519", *CIPHERS, b"", b"", b"none", b"none", b"", b""]
    return message(KEXINIT, os.urandom(16), *map(text, names), b"\0", 0)


@pytest.mark.parametrize("size", [0, 250_000], ids=["short lists", "lists of a quarter of a megabyte"])
def test_connections_that_begin_a_key_exchange_and_go_slow_nobody(edge, neighbour, size):
    """edged pays for a key exchange and a signature each time, the stranger for a connection."""
    framer = object.__new__(HostileAgent)
    framer.sealer = None
    hello = VERSION + b"\r\n" + framer.frame(kexinit(size)) + framer.frame(message(KEX_INIT, text(raw(X25519PrivateKey.generate()))))

    def knock(enough):
        """How much came back, up to what is enough, or for half a second."""
        came = 0
        with socket.create_connection(("127.0.0.1", edge.tunnel_port), 5, ("127.0.0.6", 0)) as plain:
            plain.settimeout(0.5)
            with contextlib.suppress(OSError):  # cut off, or that was all
                plain.sendall(hello)
                while came < enough and (part := plain.recv(4096)):
                    came += len(part)
        return came

    whole = knock(1 << 20)  # a banner, a list and the reply

    def again(_):
        try:
            return int(knock(whole) == whole)
        except OSError:
            return 0  # refused: it comes again
    check_neighbour(edge, neighbour, lambda stack: [Attack(again, Nobody()) for _ in range(2)])


class Nobody:
    """Who attacks without a connection that lasts."""


# --- after the key exchange

SEALED = {"services": (message(SERVICE_REQUEST, text("ssh-userauth")), 60_000),
          "logins by nothing": (login("none"), 60_000),
          "logins by a signature": (login("publickey", SIGNED), 20_000),
          "logins by a password": (login("password", b"\0" + text("wrong")), 60_000),
          "logins by a long password": (login("password", b"\0" + text(b"w" * 200_000)), 60)}


@pytest.mark.parametrize("what", SEALED)
def test_a_flood_before_the_login_slows_nobody(edge, neighbour, what):
    def prepare(stack):
        client = stack.enter_context(HostileAgent(edge.tunnel_port, "127.0.0.1", source="127.0.0.6"))
        client.handshake().ask_for_login()
        return [flood(client, *SEALED[what])]
    check_neighbour(edge, neighbour, prepare)


@pytest.mark.parametrize("what", ["services", "logins by nothing"])
def test_answers_to_a_login_that_nobody_reads_are_not_kept(edge, neighbour, what):
    def prepare(stack):
        client = stack.enter_context(HostileAgent(edge.tunnel_port, "127.0.0.1", source="127.0.0.6"))
        client.handshake().ask_for_login()
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        return [flood(client, SEALED[what][0], 250_000, reading=False)]
    check_neighbour(edge, neighbour, prepare, seconds=4, memory=4)
