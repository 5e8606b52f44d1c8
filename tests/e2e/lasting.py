"""A session's lasting stream by hand: frames, counts and proofs (lib/resume), from the operator's end or the node's.

It follows docs/tunnel-protocol.md, not edgectl's code: what it can do, anybody can try who reaches the admin socket.
"""
import base64
import collections
import os
import socket
import struct

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from raw_node import head_of, header

BYTES, ACK, END, BYE, HELLO, WELCOME, PROOF, REFUSED = range(8)
OPERATOR, NODE = "by the operator", "by the node"
WINDOW = 2 * 1024 * 1024
Frame = collections.namedtuple("Frame", "kind payload")
BLOB = b"\0\0\0\x0bssh-ed25519\0\0\0\x20"


class Key:
    def __init__(self):
        self.private = Ed25519PrivateKey.generate()

    @property
    def line(self):
        octets = self.private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        return "ssh-ed25519 " + base64.b64encode(BLOB + octets).decode()


def signed_text(signer, stream, by_operator, by_node):
    return f"edge resumption 1, {signer}\n".encode() + by_operator + by_node + stream.encode()


def is_signed(line, signature, text):
    public = Ed25519PublicKey.from_public_bytes(base64.b64decode(line.split()[1])[-32:])
    try:
        public.verify(signature, text)
    except InvalidSignature:
        return False
    return True


def hello_of(received):
    return os.urandom(32) + struct.pack(">Q", received)


class Carrier:
    """One connection that carries frames."""

    def __init__(self, stream):
        self.stream, self.received, self.acked = stream, 0, 0
        stream.settimeout(20)

    def send(self, kind, payload=b"", length=None):
        length = len(payload) if length is None else length
        self.stream.sendall(bytes([kind]) + length.to_bytes(3, "big") + payload)

    def read(self, size):
        octets = b""
        while len(octets) < size:
            more = self.stream.recv(size - len(octets))
            if not more:
                raise EOFError(f"the end after {octets!r}")
            octets += more
        return octets

    def frame(self):
        kind, *length = self.read(4)
        payload = self.read(int.from_bytes(bytes(length), "big"))
        self.received += len(payload) if kind == BYTES else kind == END
        return Frame(kind, payload)

    def frame_of(self, kind):
        """The next one of a kind; acks are passed over."""
        frame = self.frame()
        while frame.kind == ACK != kind:
            frame = self.frame()
        assert frame.kind == kind, frame
        return frame.payload

    def bytes_until(self, end):
        octets = b""
        while not octets.endswith(end):
            octets += self.frame_of(BYTES)
        return octets

    def ack(self, count=None):
        self.send(ACK, struct.pack(">Q", self.received if count is None else count))

    def ends(self, timeout=5):
        """Reads until the other end closes it; what came until then."""
        self.stream.settimeout(timeout)
        frames = []
        try:
            while True:
                frames.append(self.frame())
        except (EOFError, ConnectionError):
            return frames

    def close(self):
        self.stream.close()


class Refused(Exception):
    """edged answered with something else than a carrier."""


class HandSession:
    """The operator's end: a session of the test's own key, or what a stranger makes of another one's."""

    def __init__(self, edge, endpoint="shop-17", key=None):
        self.edge, self.endpoint, self.key = edge, endpoint, key or Key()
        self.carriers = []

    def ask(self, instance=None, resume=None):
        stream = socket.socket(socket.AF_UNIX)
        stream.settimeout(20)
        stream.connect(str(self.edge.socket))
        where = f"/v1/endpoints/{self.endpoint}/session?wait=10s" + (f"&instance={instance}" if instance else "")
        head = [f"GET {where} HTTP/1.1", "Host: edge", "Connection: Upgrade", "Upgrade: edge-stream",
                f"Edge-Session-Key: {self.key.line}"]
        stream.sendall("\r\n".join(head + ([f"Edge-Resume: {resume}"] if resume else []) + ["", ""]).encode())
        carrier = Carrier(stream)
        self.carriers.append(carrier)
        answer = head_of(stream)
        if not answer.startswith("HTTP/1.1 101 "):
            length = int(header(answer, "Content-Length"))
            raise Refused(answer.split()[1] + " " + carrier.read(length).decode())
        return carrier, answer

    def begin(self, instance=None):
        carrier, answer = self.ask(instance)
        self.id, self.instance = header(answer, "Edge-Session"), header(answer, "Edge-Instance")
        self.host_key = header(answer, "Edge-Host-Key")
        return carrier

    def resume(self, received, session=None, instance=None):
        """The whole exchange but for its answer, of which there is none where all is well."""
        session, instance = session or self.id, instance or self.instance
        carrier, _ = self.ask(instance, session)
        hello = hello_of(received)
        carrier.send(HELLO, hello)
        welcome = carrier.frame_of(WELCOME)
        carrier.node_has = struct.unpack(">Q", welcome[32:40])[0]
        said = hello, welcome[:40]
        carrier.node_proved = hasattr(self, "host_key") and is_signed(self.host_key, welcome[40:],
                                                                      signed_text(NODE, session, *said))
        carrier.send(PROOF, self.key.private.sign(signed_text(OPERATOR, session, *said)))
        return carrier

    def close(self):
        for carrier in self.carriers:
            carrier.close()
