"""Agents that proved who they are and then turn on edged: any message at any time, inside a tunnel of their own."""
import contextlib
import ctypes
import itertools
import select
import socket
import struct

from poll_client import raw_agent
from ssh_client import (CHANNEL_CLOSE, CHANNEL_DATA, CHANNEL_EOF, CHANNEL_OPEN, CHANNEL_OPEN_CONFIRMATION,
                        CHANNEL_WINDOW_ADJUST, GLOBAL_REQUEST, REQUEST_FAILURE, REQUEST_SUCCESS, Closed, SshClient,
                        pong, take_text, text)

NOT_FOUND = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
SWITCHED = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ssh\r\n\r\n"
BESIDE = (GLOBAL_REQUEST, CHANNEL_WINDOW_ADJUST, CHANNEL_EOF, CHANNEL_CLOSE)  # probes, the end of an earlier stream
names = (f"hostile-{number}" for number in itertools.count())


class HostileAgent(SshClient):
    """The far end of a tunnel. A stream is the number that edged calls it by."""

    ahead = b""  # what came while we wrote

    def read_raw(self, size):
        while len(self.ahead) < size:
            if self.ahead:
                self.ahead += super().read_raw(size - len(self.ahead))
            else:
                return super().read_raw(size)
        octets, self.ahead = self.ahead[:size], self.ahead[size:]
        return octets

    def expect(self, *kinds):
        payload = self.read()
        while payload[0] in BESIDE and payload[0] not in kinds:
            payload = self.read()
        assert payload[0] in kinds, f"message {payload[0]}, wanted one of {kinds}"
        return payload

    def next_stream(self):
        """Waits for a stream that edged opens, and leaves it without an answer."""
        payload = self.expect(CHANNEL_OPEN)
        _, at = take_text(payload, 1)
        return struct.unpack_from(">I", payload, at)[0]

    def confirmation(self, stream, window=1 << 20, packet=1 << 15):
        return struct.pack(">BIIII", CHANNEL_OPEN_CONFIRMATION, stream, 0, window, packet)

    def confirm(self, stream, window=1 << 20, packet=1 << 15):
        self.write(self.confirmation(stream, window, packet))
        return stream

    def accept(self, **how):
        """The next stream and the request that came on it."""
        stream = self.confirm(self.next_stream(), **how)
        return stream, self.request()

    def request(self):
        octets = b""
        while b"\r\n\r\n" not in octets:
            payload = self.expect(CHANNEL_DATA, CHANNEL_WINDOW_ADJUST, CHANNEL_EOF, CHANNEL_CLOSE)
            if payload[0] == CHANNEL_DATA:
                octets += take_text(payload, 5)[0]
        return octets

    def data(self, stream, octets):
        return struct.pack(">BI", CHANNEL_DATA, stream) + text(octets)

    def answer(self, stream, octets):
        self.write(self.data(stream, octets), struct.pack(">BI", CHANNEL_EOF, stream),
                   struct.pack(">BI", CHANNEL_CLOSE, stream))

    def still_served(self):
        """The tunnel goes on: edged answers what every SSH server answers. (What else it says is skipped.)"""
        self.write(bytes([GLOBAL_REQUEST]) + text("keepalive@openssh.com") + b"\x01")
        while self.read()[0] not in (REQUEST_SUCCESS, REQUEST_FAILURE):
            pass
        return True

    def pour(self, octets, reading=True):
        """Writes all of it, and takes in what comes back meanwhile: else both sides would wait for each other."""
        rest, came = memoryview(octets), []
        self.socket.setblocking(False)
        try:
            while rest:
                readable, writable, _ = select.select([self.socket] if reading else [], [self.socket], [])
                if readable:
                    came.append(self.socket.recv(1 << 16))
                    if not came[-1]:
                        raise Closed("end of file")
                if writable:
                    rest = rest[self.socket.send(rest):]
        except OSError as error:
            raise Closed(str(error)) from error
        finally:
            self.socket.settimeout(10)
            self.ahead += b"".join(came)

    def sealed(self, payload, times):
        """So many packets of it, ready to be poured: what an attack costs its own side is paid ahead."""
        if not self.sealer:
            return self.frame(payload) * times
        head = 1 + len(payload)
        padding = 16 - head % 16 + (16 if head % 16 > 12 else 0)
        return seal_many(self.sealer, bytes([padding]) + payload + bytes(padding), times)


crypto = ctypes.CDLL("libcrypto.so.3")  # a tenth of what one packet costs by python3-cryptography
for name in ("EVP_CIPHER_CTX_new", "EVP_aes_128_gcm"):
    getattr(crypto, name).restype = ctypes.c_void_p


def seal_many(sealer, body, times):
    """What sealer.seal() gives, with its key and its next nonces."""
    context = ctypes.c_void_p(crypto.EVP_CIPHER_CTX_new())
    crypto.EVP_CipherInit_ex(context, ctypes.c_void_p(crypto.EVP_aes_128_gcm()), None, sealer.key, None, 1)
    length, packets = struct.pack(">I", len(body)), []
    sealed, tag, size = ctypes.create_string_buffer(len(body) + 16), ctypes.create_string_buffer(16), ctypes.c_int()
    for _ in range(times):
        crypto.EVP_CipherInit_ex(context, None, None, None, sealer.nonce(), 1)
        crypto.EVP_CipherUpdate(context, None, ctypes.byref(size), length, 4)
        crypto.EVP_CipherUpdate(context, sealed, ctypes.byref(size), body, len(body))
        crypto.EVP_CipherFinal_ex(context, sealed, ctypes.byref(size))
        crypto.EVP_CIPHER_CTX_ctrl(context, 0x10, 16, tag)  # EVP_CTRL_AEAD_GET_TAG
        packets.append(length + sealed.raw[:len(body)] + tag.raw)
    crypto.EVP_CIPHER_CTX_free(context)
    return b"".join(packets)


@contextlib.contextmanager
def logged_in(edge, *more):
    """An agent with valid credentials that has used them, and has asked for nothing yet. `more`: of its key exchange."""
    name = next(names)
    agent = raw_agent(edge, name)
    with edge.required(name):
        answer = agent.check_in(wait=5, connection=agent.connect())
        assert answer.status == 200, answer
        offer = answer.json
        with HostileAgent(edge.tunnel_port).banner().key_exchange(*more) as client:
            client.name = name
            assert client.login(offer["tunnel"], agent.password(offer))
            yield client


@contextlib.contextmanager
def opened(edge, *more):
    """An agent whose tunnel is open. Nobody needs it any more."""
    with logged_in(edge, *more) as client:
        assert client.forward()
        client.serve_one(pong)
        edge.wait_tunnel("open", client.name)
        client.serve_one(lambda _: NOT_FOUND)  # the operator for whom it opened leaves
        yield client


class Operator:
    """A request of an operator's, on the admin socket by hand: whoever sent it does not wait for the answer."""

    def __init__(self, edge, method, path, headers=""):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(str(edge.socket))
        self.socket.sendall(f"{method} {path} HTTP/1.1\r\nHost: edge\r\nContent-Length: 0\r\n{headers}\r\n".encode())

    def answer(self, timeout=10):
        self.socket.settimeout(timeout)
        octets = b""
        while b"\r\n\r\n" not in octets:
            part = self.socket.recv(1)
            if not part:
                break
            octets += part
        return octets.decode()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()


def wants_snapshot(edge, name):
    return Operator(edge, "POST", f"/v1/endpoints/{name}/snapshots")


def wants_session(edge, name):
    key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMjlnOgw3G1wkiU57e0pVnlkzaN9Aj46AmHALA7PckT+"
    return Operator(edge, "GET", f"/v1/endpoints/{name}/session",
                    f"Connection: Upgrade\r\nUpgrade: ssh\r\nEdge-Session-Key: {key}\r\n")
