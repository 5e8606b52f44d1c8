"""An authenticated agent may do nothing but its one forward: what else it asks for is refused, what makes no sense ends
its tunnel, and nobody else notices."""
import asyncio
import contextlib
import struct

import pytest

from edge import Edge, eventually
from hostile_peer import names, opened, wants_snapshot
from poll_client import raw_agent
from ssh_client import (CHANNEL_CLOSE, CHANNEL_DATA, CHANNEL_EOF, CHANNEL_OPEN, CHANNEL_OPEN_CONFIRMATION,
                        CHANNEL_OPEN_FAILURE, CHANNEL_REQUEST, CHANNEL_WINDOW_ADJUST, DEBUG, DISCONNECT, EXT_INFO,
                        GLOBAL_REQUEST, IGNORE, KEX_INIT, KEX_REPLY, KEXINIT, NEWKEYS, REQUEST_FAILURE,
                        REQUEST_SUCCESS, SERVICE_ACCEPT, SERVICE_REQUEST, UNIMPLEMENTED, USERAUTH_FAILURE,
                        USERAUTH_REQUEST, USERAUTH_SUCCESS, Closed, text)

CHANNEL_EXTENDED_DATA, CHANNEL_SUCCESS, CHANNEL_FAILURE = 95, 99, 100


@pytest.fixture(scope="module")
def server():
    """One edged for all of them: what one agent does must not spoil the next one's tunnel."""
    edge = Edge(**{"limits.loops": "1"})
    try:
        yield edge.start()
    finally:
        edge.close()


@pytest.fixture
def edge(server):
    yield server
    assert server.edged.process.poll() is None, server.edged.log()[-3000:]
    assert "\x1b" not in server.edged.log()
    with opened(server) as good:  # and serves the next one
        assert good.still_served()


def message(kind, *parts):
    return bytes([kind]) + b"".join(part if isinstance(part, bytes) else struct.pack(">I", part) for part in parts)


def ends(client):
    """The server has ended the connection, whatever it said before."""
    try:
        return client.wait_closed(5)
    except Closed:
        return True


# --- what an honest library can be made to ask for

def test_a_polite_library_gets_its_forward_and_nothing_else(edge):
    """asyncssh, a client that nobody here has written."""
    import asyncssh
    name = next(names)
    agent = raw_agent(edge, name)

    async def tunnel(user, password):
        async with asyncssh.connect("localhost", edge.tunnel_port, username=user, password=password, known_hosts=None,
                                    client_keys=None, agent_path=None, config=None) as connection:
            def nothing(_host, _port):
                return lambda reader, writer: writer.close()
            for _ in range(2):  # at each attempt
                for ask in (connection.create_session(asyncssh.SSHClientSession), connection.run("true"),
                            connection.open_connection("localhost", 22),
                            connection.open_unix_connection(str(edge.socket))):
                    with pytest.raises(asyncssh.ChannelOpenError):
                        await ask
                for ask in (connection.start_server(nothing, "localhost", 0), connection.start_server(nothing, "edge", 2),
                            connection.start_unix_server(nothing, "/tmp/x")):
                    with pytest.raises(asyncssh.ChannelListenError):
                        await ask
            await connection.start_server(nothing, "edge", 1)

    with edge.required(name):
        offer = agent.check_in(wait=5, connection=agent.connect()).json
        asyncio.run(asyncio.wait_for(tunnel(offer["tunnel"], agent.password(offer)), 30))


# --- channels and requests

CHANNELS = {
    "session": b"",
    "direct-tcpip": text("localhost") + struct.pack(">I", 22) + text("1.2.3.4") + struct.pack(">I", 1),
    "forwarded-tcpip": text("edge") + struct.pack(">I", 1) + text("1.2.3.4") + struct.pack(">I", 1),
    "x11": text("1.2.3.4") + struct.pack(">I", 1),
    "auth-agent@openssh.com": b"",
    "tun@openssh.com": struct.pack(">II", 1, 0),
}


@pytest.mark.parametrize("kind", CHANNELS)
def test_a_channel_that_an_agent_opens_is_refused_while_its_tunnel_is_open(edge, kind):
    with opened(edge) as client:
        for number in range(50):
            client.write(message(CHANNEL_OPEN, text(kind), number, 1 << 20, 1 << 15, CHANNELS[kind]))
            assert client.expect(CHANNEL_OPEN_CONFIRMATION, CHANNEL_OPEN_FAILURE)[:5] == message(CHANNEL_OPEN_FAILURE, number)
        assert client.still_served()


REQUESTS = {
    "a second forward": text("tcpip-forward") + b"\x01" + text("edge") + struct.pack(">I", 1),
    "a forward of a socket": text("streamlocal-forward@openssh.com") + b"\x01" + text("/tmp/x"),
    "the cancelling of its forward": text("cancel-tcpip-forward") + b"\x01" + text("edge") + struct.pack(">I", 1),
    "what nobody knows": text("unknown@example.com") + b"\x01",
    "other host keys": text("hostkeys-prove-00@openssh.com") + b"\x01" + text(b"k" * 51),
}


@pytest.mark.parametrize("what", REQUESTS)
def test_a_global_request_is_refused_while_the_tunnel_is_open(edge, what):
    with opened(edge) as client:
        for _ in range(50):
            client.write(bytes([GLOBAL_REQUEST]) + REQUESTS[what])
            assert client.expect(REQUEST_SUCCESS, REQUEST_FAILURE)[0] == REQUEST_FAILURE
        assert client.still_served()


def test_a_request_on_a_stream_of_edgeds_is_refused(edge):
    with opened(edge) as client, wants_snapshot(edge, client.name):
        stream, _ = client.accept()
        for kind, rest in (("shell", b""), ("exec", text("id")), ("subsystem", text("sftp")), ("env", text("A") + text("b")),
                           ("pty-req", text("xterm") + struct.pack(">IIII", 80, 24, 0, 0) + text("")),
                           ("x11-req", b"\0" + text("MIT") + text("00") + bytes(4)), ("unknown@example.com", b"")):
            client.write(message(CHANNEL_REQUEST, stream, text(kind), b"\x01", rest))
            assert client.expect(CHANNEL_SUCCESS, CHANNEL_FAILURE)[0] == CHANNEL_FAILURE, kind
        assert client.still_served()


# --- messages out of state. What follows: the tunnel "ends", "goes on", or "either"; never anything for the others.

OUT_OF_STATE = {
    "data for a channel that is none": ("either", message(CHANNEL_DATA, 4711, text("x"))),
    "data for no channel at all": ("either", message(CHANNEL_DATA)),
    "extended data for a channel that is none": ("either", message(CHANNEL_EXTENDED_DATA, 4711, 1, text("x"))),
    "an end of a channel that is none": ("either", message(CHANNEL_EOF, 4711)),
    "a close of a channel that is none": ("either", message(CHANNEL_CLOSE, 4711)),
    "a window for a channel that is none": ("either", message(CHANNEL_WINDOW_ADJUST, 4711, 1)),
    "a request on a channel that is none": ("either", message(CHANNEL_REQUEST, 4711, text("shell"), b"\x01")),
    "a success of a channel that is none": ("either", message(CHANNEL_SUCCESS, 4711)),
    "a failure of a channel that is none": ("either", message(CHANNEL_FAILURE, 4711)),
    "a confirmation nobody asked for": ("either", message(CHANNEL_OPEN_CONFIRMATION, 4711, 1, 1 << 20, 1 << 15)),
    "a refusal of what nobody opened": ("either", message(CHANNEL_OPEN_FAILURE, 4711, 1, text("no"), text(""))),
    "a success nobody asked for": ("goes on", message(REQUEST_SUCCESS)),
    "a failure nobody asked for": ("goes on", message(REQUEST_FAILURE)),
    "an unimplemented of the future": ("goes on", message(UNIMPLEMENTED, 0xFFFFFFFF)),
    "an unimplemented without a number": ("goes on", message(UNIMPLEMENTED)),
    "an ignore": ("goes on", message(IGNORE, text(b"x" * 30000))),
    "a debug": ("goes on", message(DEBUG, b"\x01", text("\x1b[2J"), text(""))),
    "extensions": ("goes on", message(EXT_INFO, 0xFFFFFFFF, text("server-sig-algs"), text("a" * 1000))),
    "a service": ("goes on", message(SERVICE_REQUEST, text("ssh-connection"))),
    "a message that has no name": ("goes on", message(192, b"x" * 100)),
    "no message at all": ("either", b""),
    "a login after the login": ("ends", message(USERAUTH_REQUEST, text("root"), text("ssh-connection"), text("none"))),
    "a success of a login": ("ends", message(USERAUTH_SUCCESS)),
    "a failure of a login": ("ends", message(USERAUTH_FAILURE, text("password"), b"\0")),
    "an accepted service": ("ends", message(SERVICE_ACCEPT, text("ssh-userauth"))),
    "new keys from nowhere": ("ends", message(NEWKEYS)),
    "a key from nowhere": ("ends", message(KEX_INIT, text(b"k" * 32))),
    "a reply to a key exchange": ("ends", message(KEX_REPLY, text("a"), text("b"), text("c"))),
    "a key exchange without a list": ("ends", message(KEXINIT, b"c" * 16)),
    "a goodbye": ("ends", message(DISCONNECT, 11, text("bye"), text(""))),
    "a goodbye with escapes": ("ends", message(DISCONNECT, 2, text("\x1b]0;pwned\a\r\n"), text(""))),
    "a goodbye without a word": ("ends", message(DISCONNECT)),
    "a goodbye that lies about its length": ("ends", message(DISCONNECT, 11, 0x7FFFFFFF, b"bye")),
}


@pytest.mark.parametrize("what", OUT_OF_STATE)
def test_a_message_out_of_state_ends_its_tunnel_at_most(edge, what):
    follows, payload = OUT_OF_STATE[what]
    with opened(edge) as client:
        client.write(payload, payload)
        if follows != "ends":
            with contextlib.suppress(*[Closed] * (follows == "either")):
                assert client.still_served()
                return
        assert ends(client)
        eventually(lambda: edge.tunnel_state(client.name) != "open", "edged noticed")


@pytest.mark.parametrize("more", ["ignores", "requests", "nonsense"])
def test_what_follows_a_goodbye_in_the_same_segment_is_not_looked_at(edge, more):
    """libssh has closed its socket by then, in the middle of the segment."""
    after = {"ignores": message(IGNORE, text("x")), "nonsense": message(192),
             "requests": message(GLOBAL_REQUEST, text("unknown@example.com"), b"\x01")}[more]
    with opened(edge) as client:
        client.write(message(DISCONNECT, 11, text("bye"), text("")), *[after] * 50)
        assert ends(client)


def test_a_goodbye_after_no_more_sessions_ends_the_tunnel(edge):
    with opened(edge) as client:
        client.write(message(GLOBAL_REQUEST, text("no-more-sessions@openssh.com"), b"\0"),
                     *[message(CHANNEL_OPEN, text("session"), number, 1 << 20, 1 << 15) for number in range(20)])
        assert ends(client)


def test_a_key_exchange_in_the_middle_changes_nothing_for_who_uses_the_tunnel(edge):
    with opened(edge) as client:
        for _ in range(3):
            client.key_exchange()
            assert client.still_served()
        with wants_snapshot(edge, client.name):
            stream, request = client.accept()
            assert request.startswith(b"POST /v1/snapshot")


def test_a_key_exchange_that_stops_in_the_middle_ends_when_edged_needs_the_tunnel():
    edge = Edge(**{"limits.answer-deadline": "400ms"})
    try:
        edge.start()
        with opened(edge) as client:
            client.kexinit()
            with wants_snapshot(edge, client.name) as operator:
                assert operator.answer().startswith(("HTTP/1.1 408", "HTTP/1.1 503"))
                assert ends(client)
    finally:
        edge.close()


# --- lengths that lie, strings that are huge

LIES = {
    "a channel's kind": message(CHANNEL_OPEN, 0xFFFFFFFF, b"session"),
    "a channel's kind, by one": message(CHANNEL_OPEN, 8, b"session"),
    "a request's name": message(GLOBAL_REQUEST, 0x80000000, b"tcpip-forward"),
    "a forward's name": message(GLOBAL_REQUEST, text("tcpip-forward"), b"\x01", 0x7FFFFFFF, b"edge", 1),
    "a host": message(CHANNEL_OPEN, text("direct-tcpip"), 1, 1, 1, 0xFFFFFFFB, b"host"),
    "an extension": message(EXT_INFO, 1, 0xFFFFFFFF, b"x"),
}


@pytest.mark.parametrize("what", LIES)
def test_a_length_that_lies_is_not_believed(edge, what):
    with opened(edge) as client:
        client.write(LIES[what])
        assert client.still_served()


def test_a_service_whose_length_lies_ends_its_tunnel(edge):
    with opened(edge) as client:
        client.write(message(SERVICE_REQUEST, 0xFFFFFFFF, b"x"))
        assert ends(client)


@pytest.mark.parametrize("size", [32768, 35000, 200_000, 262_000])
def test_a_huge_string_is_refused_like_a_small_one(edge, size):
    with opened(edge) as client:
        client.write(message(GLOBAL_REQUEST, text(b"x" * size), b"\x01"))
        assert client.expect(REQUEST_SUCCESS, REQUEST_FAILURE)[0] == REQUEST_FAILURE
        client.write(message(CHANNEL_OPEN, text(b"x" * size), 3, 1 << 20, 1 << 15))
        assert client.expect(CHANNEL_OPEN_CONFIRMATION, CHANNEL_OPEN_FAILURE)[0] == CHANNEL_OPEN_FAILURE
        assert client.still_served()


PACKETS = {"above the limit": 262_145 + 15, "of two gigabytes": 0x7FFFFFF0, "of four gigabytes": 0xFFFFFFF0,
           "of no bytes": 0, "of one byte": 1, "that is not a multiple of the block": 17}


@pytest.mark.parametrize("what", PACKETS)
def test_a_packet_of_a_length_that_cannot_be_ends_the_tunnel(edge, what):
    with opened(edge) as client:
        client.write_raw(struct.pack(">I", PACKETS[what]) + b"x" * 100)
        assert ends(client)


def test_a_padding_that_is_longer_than_its_packet_ends_the_tunnel(edge):
    with opened(edge) as client:
        client.write_raw(client.frame_body(bytes([255, IGNORE]) + bytes(14)))
        assert ends(client)


def test_a_packet_that_was_changed_on_the_way_ends_the_tunnel(edge):
    with opened(edge) as client:
        packet = bytearray(client.frame(message(IGNORE, text("x"))))
        packet[-1] ^= 1
        client.write_raw(bytes(packet))
        assert ends(client)
