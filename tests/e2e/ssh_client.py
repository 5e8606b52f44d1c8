"""SSH-2 by hand, client side: enough to be a hostile agent on the tunnel port.

curve25519, ed25519 (not verified: we attack, we do not trust), aes128-gcm. Any packet at any time; that is the point.
(paramiko knows no AEAD cipher in Debian 12, and edged offers nothing else.)
"""
import hashlib
import os
import socket
import struct
import threading

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

DISCONNECT, IGNORE, UNIMPLEMENTED, DEBUG, SERVICE_REQUEST, SERVICE_ACCEPT, EXT_INFO = 1, 2, 3, 4, 5, 6, 7
KEXINIT, NEWKEYS, KEX_INIT, KEX_REPLY = 20, 21, 30, 31
USERAUTH_REQUEST, USERAUTH_FAILURE, USERAUTH_SUCCESS = 50, 51, 52
GLOBAL_REQUEST, REQUEST_SUCCESS, REQUEST_FAILURE = 80, 81, 82
CHANNEL_OPEN, CHANNEL_OPEN_CONFIRMATION, CHANNEL_OPEN_FAILURE = 90, 91, 92
CHANNEL_WINDOW_ADJUST, CHANNEL_DATA, CHANNEL_EOF, CHANNEL_CLOSE, CHANNEL_REQUEST = 93, 94, 96, 97, 98

VERSION = b"SSH-2.0-raw"
FORWARD = ("edge", 1)
CIPHERS = (b"aes128-gcm@openssh.com", b"aes128-gcm@openssh.com")  # to the server, from it
STRICT = b"kex-strict-c-v00@openssh.com"


class Closed(Exception):
    """The server ended the connection."""


def text(value):
    value = value.encode() if isinstance(value, str) else value
    return struct.pack(">I", len(value)) + value


def mpint(octets):
    octets = octets.lstrip(b"\0")
    if octets and octets[0] & 0x80:
        octets = b"\0" + octets
    return text(octets)


def take_text(payload, at):
    size = struct.unpack_from(">I", payload, at)[0]
    return payload[at + 4:at + 4 + size], at + 4 + size


class SshClient:
    def __init__(self, port, host="localhost", timeout=10, source=None):
        self.socket = socket.create_connection((host, port), timeout, (source, 0) if source else None)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # or each key exchange waits for an ACK
        self.sealer = self.opener = self.session = None
        self.lock = threading.Lock()  # a serving thread and the test may both write

    # --- transport

    def write_raw(self, octets):
        try:
            self.socket.sendall(octets)
        except OSError as error:
            raise Closed(str(error)) from error

    def read_raw(self, size):
        octets = b""
        while len(octets) < size:
            try:
                part = self.socket.recv(size - len(octets))
            except socket.timeout:
                raise
            except OSError as error:
                raise Closed(str(error)) from error
            if not part:
                raise Closed("end of file")
            octets += part
        return octets

    def frame(self, payload):
        """The packet as it goes out; many of them, sealed ahead, go out in one write_raw()."""
        block = 16 if self.sealer else 8
        head = 1 if self.sealer else 5
        padding = block - (head + len(payload)) % block
        if padding < 4:
            padding += block
        return self.frame_body(bytes([padding]) + payload + bytes(padding))

    def frame_body(self, body):
        length = struct.pack(">I", len(body))
        return length + (self.sealer.seal(body, length) if self.sealer else body)

    def write(self, *payloads):
        with self.lock:
            self.write_raw(b"".join(map(self.frame, payloads)))

    def read_any(self):
        length = self.read_raw(4)
        size = struct.unpack(">I", length)[0]
        body = self.opener.open(self.read_raw(size + 16), length) if self.opener else self.read_raw(size)
        payload = body[1:len(body) - body[0]]
        if payload[0] == DISCONNECT:
            raise Closed(take_text(payload, 5)[0].decode(errors="replace"))
        return payload

    def read(self):
        """The next payload that means anything."""
        while True:
            payload = self.read_any()
            if payload[0] not in (IGNORE, DEBUG, EXT_INFO, UNIMPLEMENTED):
                return payload

    def expect(self, *kinds):
        payload = self.read()
        assert payload[0] in kinds, f"message {payload[0]}, wanted one of {kinds}"
        return payload

    def banner(self):
        self.write_raw(VERSION + b"\r\n")
        return self.banner_of_server()

    def banner_of_server(self):
        line = b""
        while not line.endswith(b"\n"):
            line += self.read_raw(1)
        self.server_version = line.rstrip(b"\r\n")
        return self

    # One step each, for whoever wants to stop between two of them.

    def kexinit(self, *more, guess=None):
        """`more`: names that go behind the method; `guess`: one before it, whose first packet follows (RFC 4253, 7)."""
        methods = [*([guess] if guess else []), b"curve25519-sha256", *more]
        names = [b",".join(methods), b"ssh-ed25519", *CIPHERS, b"hmac-sha2-256", b"hmac-sha2-256", b"none", b"none",
                 b"", b""]
        self.mine = bytes([KEXINIT]) + os.urandom(16) + b"".join(map(text, names)) + bytes([bool(guess)]) + bytes(4)
        self.write(self.mine)
        self.theirs = self.expect(KEXINIT)

    def ecdh_init(self):
        self.private = X25519PrivateKey.generate()
        self.public = self.private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.write(bytes([KEX_INIT]) + text(self.public))

    def ecdh_reply(self):
        reply = self.expect(KEX_REPLY)
        self.host_key, at = take_text(reply, 1)
        server_public, _ = take_text(reply, at)
        self.secret = mpint(self.private.exchange(X25519PublicKey.from_public_bytes(server_public)))
        self.exchange = hashlib.sha256(text(VERSION) + text(self.server_version) + text(self.mine) +
                                       text(self.theirs) + text(self.host_key) + text(self.public) +
                                       text(server_public) + self.secret).digest()
        self.session = self.session or self.exchange  # of the first exchange, for good

    def newkeys(self):
        self.write(bytes([NEWKEYS]))
        self.sealer = _Gcm(self.derive(b"C", 16), self.derive(b"A", 12))
        self.expect(NEWKEYS)
        self.opener = _Gcm(self.derive(b"D", 16), self.derive(b"B", 12))

    def derive(self, letter, size):
        return hashlib.sha256(self.secret + self.exchange + letter + self.session).digest()[:size]

    def key_exchange(self, *more):
        """The first one, or one more at any time."""
        self.kexinit(*more)
        self.ecdh_init()
        self.ecdh_reply()
        self.newkeys()
        return self

    def handshake(self):
        return self.banner().key_exchange()

    # --- what an agent does

    def ask_for_login(self):
        self.write(bytes([SERVICE_REQUEST]) + text("ssh-userauth"))
        self.expect(SERVICE_ACCEPT)

    def try_password(self, user, password):
        self.write(bytes([USERAUTH_REQUEST]) + text(user) + text("ssh-connection") + text("password") + b"\0" +
                   text(password))
        return self.expect(USERAUTH_SUCCESS, USERAUTH_FAILURE)[0] == USERAUTH_SUCCESS

    def login(self, user, password):
        self.ask_for_login()
        return self.try_password(user, password)

    def global_request(self, kind, extra=b""):
        self.write(bytes([GLOBAL_REQUEST]) + text(kind) + b"\x01" + extra)
        return self.expect(REQUEST_SUCCESS, REQUEST_FAILURE)[0] == REQUEST_SUCCESS

    def forward(self, name=FORWARD[0], port=FORWARD[1]):
        return self.global_request("tcpip-forward", text(name) + struct.pack(">I", port))

    def open_channel(self, kind, extra=b""):
        self.write(bytes([CHANNEL_OPEN]) + text(kind) + struct.pack(">III", 7, 1 << 20, 1 << 15) + extra)
        return self.expect(CHANNEL_OPEN_CONFIRMATION, CHANNEL_OPEN_FAILURE)[0] == CHANNEL_OPEN_CONFIRMATION

    def direct_tcpip(self, host, port):
        return self.open_channel("direct-tcpip", text(host) + struct.pack(">I", port) + text("1.2.3.4") +
                                 struct.pack(">I", 1))

    def serve_one(self, respond):
        """Answers the next stream: respond(request bytes) gives the bytes of the answer."""
        opened = self.expect(CHANNEL_OPEN, CHANNEL_WINDOW_ADJUST, CHANNEL_EOF, CHANNEL_CLOSE)
        while opened[0] != CHANNEL_OPEN:  # the end of an earlier stream
            opened = self.expect(CHANNEL_OPEN, CHANNEL_WINDOW_ADJUST, CHANNEL_EOF, CHANNEL_CLOSE)
        kind, at = take_text(opened, 1)
        channel, window = struct.unpack_from(">II", opened, at)
        address, at = take_text(opened, at + 12)
        port = struct.unpack_from(">I", opened, at)[0]
        self.write(struct.pack(">BIIII", CHANNEL_OPEN_CONFIRMATION, channel, 0, 1 << 20, 1 << 15))
        request = b""
        while b"\r\n\r\n" not in request:
            payload = self.expect(CHANNEL_DATA, CHANNEL_WINDOW_ADJUST, CHANNEL_EOF, CHANNEL_CLOSE)
            if payload[0] == CHANNEL_DATA:
                request += take_text(payload, 5)[0]
            if payload[0] in (CHANNEL_EOF, CHANNEL_CLOSE):
                break
        answer = respond(request)
        while answer:
            part, answer = answer[:16384], answer[16384:]
            self.write(struct.pack(">BI", CHANNEL_DATA, channel) + text(part))
        self.write(struct.pack(">BI", CHANNEL_EOF, channel))
        self.write(struct.pack(">BI", CHANNEL_CLOSE, channel))
        return kind.decode(), address.decode(), port, request

    def wait_closed(self, timeout=5):
        """True when the server ends the connection in time; what it says before does not matter."""
        self.socket.settimeout(timeout)
        try:
            while self.socket.recv(4096):
                pass
            return True
        except socket.timeout:
            return False
        except OSError:
            return True

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class _Gcm:
    """RFC 5647: the length is the associated data, the nonce counts up."""

    def __init__(self, key, nonce):
        self.key, self.cipher = key, AESGCM(key)
        self.fixed, self.count = nonce[:4], int.from_bytes(nonce[4:], "big")

    def nonce(self):
        nonce = self.fixed + self.count.to_bytes(8, "big")
        self.count = (self.count + 1) % (1 << 64)
        return nonce

    def seal(self, body, length):
        return self.cipher.encrypt(self.nonce(), body, length)

    def open(self, sealed, length):
        return self.cipher.decrypt(self.nonce(), sealed, length)


def pong(_request):
    return b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"
