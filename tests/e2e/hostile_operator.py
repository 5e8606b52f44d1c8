"""An operator's side of a session by hand: any packet at any time, where stock ssh would never send it."""
import base64
import socket
import struct
import threading

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ssh_client import (CHANNEL_CLOSE, CHANNEL_OPEN, CHANNEL_OPEN_CONFIRMATION, CHANNEL_OPEN_FAILURE, CHANNEL_REQUEST,
                        GLOBAL_REQUEST, SshClient, USERAUTH_FAILURE, USERAUTH_REQUEST,
                        USERAUTH_SUCCESS, text)


class HostileOperator(SshClient):
    """Connected and logged in, unless `account` is None."""

    def __init__(self, edge, account, endpoint="shop-17"):
        self.sealer = self.opener = self.session = None
        self.lock = threading.Lock()
        self.key = Ed25519PrivateKey.generate()
        blob = self.blob = text("ssh-ed25519") + text(self.key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(20)
        self.socket.connect(str(edge.socket))
        self.socket.sendall(f"GET /v1/endpoints/{endpoint}/session?wait=30s HTTP/1.1\r\nHost: edge\r\nConnection: Upgrade\r\n"
                            f"Upgrade: ssh\r\nEdge-Session-Key: ssh-ed25519 {base64.b64encode(blob).decode()}\r\n\r\n".encode())
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += self.socket.recv(1)
        assert head.startswith(b"HTTP/1.1 101 "), head
        self.handshake()
        self.ask_for_login()
        if account is not None:
            assert self.prove(account)

    def prove(self, account, key=None):
        signed = (bytes([USERAUTH_REQUEST]) + text(account) + text("ssh-connection") + text("publickey") + b"\1" +
                  text("ssh-ed25519") + text(self.blob))
        proof = (key or self.key).sign(text(self.session) + signed)
        self.write(signed + text(text("ssh-ed25519") + text(proof)))
        return self.expect(USERAUTH_SUCCESS, USERAUTH_FAILURE)[0] == USERAUTH_SUCCESS

    @staticmethod
    def ask_open(number, kind, extra=b"", window=1 << 20, packet=1 << 15):
        return bytes([CHANNEL_OPEN]) + text(kind) + struct.pack(">III", number, window, packet) + extra

    @staticmethod
    def to(host, port):
        return text(host) + struct.pack(">I", port) + text("127.0.0.1") + struct.pack(">I", 1)

    @staticmethod
    def ask_listen(address, port, kind="tcpip-forward"):
        return bytes([GLOBAL_REQUEST]) + text(kind) + b"\1" + text(address) + struct.pack(">I", port)

    @staticmethod
    def request(channel, kind, extra=b"", reply=True):
        return struct.pack(">BI", CHANNEL_REQUEST, channel) + text(kind) + bytes([reply]) + extra

    @staticmethod
    def close_channel(channel):
        return struct.pack(">BI", CHANNEL_CLOSE, channel)

    def opened(self):
        """The server's number of the channel that was asked for; None: refused. What else comes is passed over."""
        while True:
            answer = self.read()
            if answer[0] == CHANNEL_OPEN_CONFIRMATION:
                return struct.unpack_from(">I", answer, 5)[0]
            if answer[0] == CHANNEL_OPEN_FAILURE:
                return None
