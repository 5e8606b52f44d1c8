"""The poll port by hand: an agent made of bytes, to play clones, replays, slow winners and strangers.

It follows docs and lib/wire, not the agent's code: what it can do, anybody on the network can try.
"""
import base64
import hashlib
import hmac
import http.client
import io
import json
import os
import socket
import ssl

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

HOST = "localhost"


def hkdf(key, salt, info, size=32):
    """RFC 5869 with SHA-256, for one block."""
    assert size <= 32
    pseudo_random = hmac.new(salt or bytes(32), key, hashlib.sha256).digest()
    return hmac.new(pseudo_random, info + b"\x01", hashlib.sha256).digest()[:size]


def base64url(octets):
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def from_base64url(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def read_token(text):
    return json.loads(from_base64url(text.strip().split(".")[1]))


def make_token(fields):
    """A token with a right checksum around any fields at all."""
    body = "edge1." + base64url(json.dumps(fields).encode())
    return body + "." + hashlib.sha256(body.encode()).hexdigest()[:8]


def changed_token(text, **changes):
    """The same token with other fields; `host_keys` means host-keys; None takes one out."""
    fields = read_token(text)
    for key, value in changes.items():
        key = key.replace("_", "-")
        fields.pop(key, None) if value is None else fields.__setitem__(key, value)
    return make_token(fields)


def new_host_key():
    blob = b"\0\0\0\x0bssh-ed25519\0\0\0\x20" + os.urandom(32)
    return "ssh-ed25519 " + base64.b64encode(blob).decode()


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"Answer({self.status}, {dict(self.headers)}, {self.body[:200]!r})"


class Connection:
    """One TLS connection; `send` and `read` apart, so that a test can hold many answers at a time."""

    def __init__(self, port, timeout=10, source=None):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        self.ahead = b""  # read already, and not yet by `read`
        # With a source, an address of that family.
        plain = socket.create_connection((HOST, port), timeout, (source, 0) if source else None)
        self.socket = context.wrap_socket(plain, server_hostname=HOST)

    def send(self, method, path, headers=None, body=b""):
        head = f"{method} {path} HTTP/1.1\r\nHost: edge\r\n"
        head += "".join(f"{name}: {value}\r\n" for name, value in (headers or {}).items())
        if body or method in ("POST", "PUT"):
            head += f"Content-Length: {len(body)}\r\n"
        self.socket.sendall(head.encode() + b"\r\n" + body)
        self.method = method
        return self

    def answered(self, timeout=0.005):
        """Whether the first byte of an answer is there. (Readable is not enough: TLS talks to itself, too.)"""
        self.socket.settimeout(timeout)
        try:
            self.ahead = self.ahead or self.socket.recv(1)
        except TimeoutError:
            pass
        return bool(self.ahead)

    def read(self, timeout=10):
        self.socket.settimeout(timeout)
        response = http.client.HTTPResponse(_Socket(self), method=self.method)
        response.begin()
        return Answer(response.status, response.headers, response.read())

    def ask(self, method, path, headers=None, body=b"", timeout=10):
        return self.send(method, path, headers, body).read(timeout)

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class _Socket:
    """What http.client wants of a socket; unbuffered, so that nothing of a later answer is lost."""

    def __init__(self, connection):
        self.connection = connection

    def makefile(self, *_):
        return io.BufferedReader(_Bytes(self.connection), 1)


class _Bytes(io.RawIOBase):
    def __init__(self, connection):
        self.connection = connection

    def readable(self):
        return True

    def readinto(self, buffer):
        ahead, self.connection.ahead = self.connection.ahead, b""
        if ahead:
            buffer[:1] = ahead
            return 1
        return self.connection.socket.recv_into(buffer)


class RawAgent:
    """One instance of an endpoint. `copy()` is its clone."""

    def __init__(self, edge, token, edge_id):
        self.port, self.edge_id = edge.poll_port, edge_id
        self.token = read_token(token)
        self.endpoint = self.token["endpoint"]
        self.secret = from_base64url(self.token["secret"])
        self.instance = os.urandom(8).hex()
        self.host_key = new_host_key()
        self.counter, self.ticket = 0, None
        self.connection = None

    @property
    def key(self):
        return hkdf(self.secret, self.edge_id.encode(), b"edge v1")

    def copy(self):
        other = object.__new__(RawAgent)
        other.__dict__.update(self.__dict__)
        other.connection = None
        return other

    def connect(self):
        """Always a new connection; `self.connection` is the last one."""
        self.connection = Connection(self.port)
        return self.connection

    def line(self):
        return self.connection or self.connect()

    def association(self, **changes):
        fields = {"endpoint": self.endpoint, "edge-id": self.edge_id, "secret": base64url(self.secret),
                  "instance": self.instance, "host-key": self.host_key, "version": "0.0.1",
                  "platform": "linux-test", "host-name": "raw", **changes}
        return json.dumps(fields).encode()

    def associate(self, **changes):
        with Connection(self.port) as connection:
            return connection.ask("POST", "/v1/associate", {"Content-Type": "application/json"},
                                  self.association(**changes))

    def joined(self):
        answer = self.associate()
        assert answer.status == 200, answer
        return self

    def mac(self, method, path, counter=None, key=None):
        if counter is None:
            self.counter += 1
            counter = self.counter
        rest = f"{self.endpoint}.{self.instance}.{counter}"
        mac_key = hkdf(key or self.key, b"", b"edge v1 mac")
        mac = hmac.new(mac_key, f"{method} {path} {rest}".encode(), hashlib.sha256).digest()
        return {"Authorization": f"Edge {rest}.{base64url(mac)}"}

    def by_ticket(self):
        return {"Authorization": f"Edge {self.ticket}"}

    def send_check_in(self, wait=None, connection=None, headers=None):
        """The request only; the connection it went out on, for `read`."""
        headers = dict(headers or self.mac("GET", "/v1/check-in"))
        if wait is not None:
            headers["Prefer"] = f"wait={wait}"
        return (connection or self.line()).send("GET", "/v1/check-in", headers)

    def check_in(self, wait=None, connection=None, headers=None, timeout=10):
        answer = self.send_check_in(wait, connection, headers).read(timeout)
        self.ticket = answer.headers.get("Edge-Ticket", self.ticket)
        return answer

    def report(self, **fields):
        body = json.dumps({key.replace("_", "-"): value for key, value in fields.items()}).encode()
        return self.line().ask("POST", "/v1/agent", self.mac("POST", "/v1/agent"), body)

    def password(self, offer):
        """Opens the sealed credentials, with the associated data that design.md section 5 names."""
        from datetime import datetime
        expires = datetime.fromisoformat(offer["expires"].replace("Z", "+00:00"))
        seconds = int(expires.replace(microsecond=0).timestamp())
        milliseconds = seconds * 1000 + expires.microsecond // 1000
        bound = f"{self.endpoint}.{self.instance}.{offer['tunnel']}.{offer['address']}.{milliseconds}".encode()
        sealed = base64.b64decode(offer["credentials"])
        return AESGCM(hkdf(self.key, b"", b"edge v1 seal")).decrypt(sealed[:12], sealed[12:], bound).decode()


def raw_agent(edge, endpoint="shop-17"):
    """A new endpoint with one instance that is associated and does nothing by itself."""
    return RawAgent(edge, *edge.create(endpoint)).joined()


def another_instance(agent):
    """A second node of the same endpoint."""
    other = agent.copy()
    other.instance, other.host_key, other.counter, other.ticket = os.urandom(8).hex(), new_host_key(), 0, None
    return other.joined()
