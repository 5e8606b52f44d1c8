"""Strict key exchange (the answer to Terrapin, CVE-2023-48795), packet by packet."""
import struct

import pytest

from edge import Edge
from hostile_peer import opened
from ssh_client import DEBUG, IGNORE, STRICT, UNIMPLEMENTED, Closed, SshClient, take_text, text

UNKNOWN = 192  # a message that no SSH server knows: UNIMPLEMENTED names its sequence number


@pytest.fixture(scope="module")
def edge():
    server = Edge()
    try:
        yield server.start()
    finally:
        server.close()


def methods(client):
    return take_text(client.theirs, 17)[0].split(b",")


def test_strict_key_exchange_is_advertised_in_the_first_exchange_only(edge):
    with opened(edge) as client:
        assert b"kex-strict-s-v00@openssh.com" in methods(client)
        client.kexinit()
        assert b"kex-strict-s-v00@openssh.com" not in methods(client)


def injected(client, before, message, more):
    """A key exchange with one packet too many; True when it came to its end."""
    steps = {"the list": lambda: client.kexinit(*more), "the key": client.ecdh_init, "the new keys": client.newkeys}
    for step, work in steps.items():
        if step == before:
            client.write(message)
        work()
        if step == "the key":
            client.ecdh_reply()
    client.ask_for_login()
    return True


INJECTED = {"an ignore": bytes([IGNORE]) + text("x"), "a debug": bytes([DEBUG]) + b"\0" + text("x") + text(""),
            "an unimplemented": bytes([UNIMPLEMENTED]) + bytes(4), "a message that has no name": bytes([UNKNOWN])}


@pytest.mark.parametrize("before", ["the list", "the key", "the new keys"])
@pytest.mark.parametrize("what", INJECTED)
def test_a_packet_injected_into_a_strict_exchange_ends_the_connection(edge, before, what):
    with SshClient(edge.tunnel_port).banner() as client, pytest.raises(Closed):
        injected(client, before, INJECTED[what], [STRICT])


@pytest.mark.parametrize("before", ["the list", "the key", "the new keys"])
def test_the_same_packet_is_nothing_where_nobody_asked_for_strictness(edge, before):
    with SshClient(edge.tunnel_port).banner() as client:
        assert injected(client, before, INJECTED["an ignore"], [])


def number_of_next(client):
    """Under which number edged counts our next packet."""
    client.write(bytes([UNKNOWN]))
    while (payload := client.read_any())[0] != UNIMPLEMENTED:
        pass
    return struct.unpack(">I", payload[1:5])[0]


def test_sequence_numbers_start_anew_with_the_new_keys_of_a_strict_exchange(edge):
    with SshClient(edge.tunnel_port).banner() as strict, SshClient(edge.tunnel_port).banner() as loose:
        assert number_of_next(strict.key_exchange(STRICT)) == 0
        assert number_of_next(strict) == 1
        assert number_of_next(loose.key_exchange()) == 3  # a list, a key and the new keys came before


def test_sequence_numbers_start_anew_with_each_later_exchange_too(edge):
    with opened(edge, STRICT) as client:
        assert number_of_next(client) > 0
        client.key_exchange()
        assert number_of_next(client) == 0
