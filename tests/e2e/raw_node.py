"""A node whose sessions are raw bytes: stock `ssh -N -R` in front of a web server of ours. A test holds both ends.

Through it one test opens hundreds of streams cheaply: no shell, no SSH inside, nothing but edged's own relay.
"""
import contextlib
import socket
import threading

from poll_client import raw_agent
from test_openssh_agent import stock_ssh

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMjlnOgw3G1wkiU57e0pVnlkzaN9Aj46AmHALA7PckT+"
SESSION = (b"GET /v1/endpoints/%s/session?wait=30s HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: ssh\r\nHost: edge\r\n"
           b"Edge-Session-Key: " + KEY.encode() + b"\r\n\r\n")
PONG = b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"
SWITCHED = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ssh\r\n\r\n"


def head_of(stream):
    """Up to the empty line and not a byte further: what follows belongs to the stream."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        octet = stream.recv(1)
        if not octet:
            raise ConnectionError(f"the end of file after {head!r}")
        head += octet
    return head.decode()


def header(head, name):
    return next(line.split(": ", 1)[1] for line in head.split("\r\n") if line.lower().startswith(name.lower() + ":"))


class RawService:
    """The web server behind the tunnel. A session's stream waits in `arrived` until the test takes it."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port = self.listener.getsockname()[1]
        self.arrived, self.ended, self.news = {}, [], threading.Condition()
        self.accepting = threading.Thread(target=self._accept, daemon=True)
        self.accepting.start()

    def _accept(self):
        while True:
            try:
                stream, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(stream,), daemon=True).start()

    def _serve(self, stream):
        stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            head = head_of(stream)
            if head.startswith("GET /v1/session "):
                stream.sendall(SWITCHED)
                with self.news:
                    self.arrived[header(head, "Edge-Session")] = stream
                    self.news.notify_all()
                return
            stream.sendall(PONG)
        except OSError as error:
            self.ended.append(error)  # what came instead of a request, for who misses one
        stream.close()

    def take(self, session, timeout=20):
        with self.news:
            there = self.news.wait_for(lambda: session in self.arrived, timeout)
            assert there, f"session {session} has not reached the node, but {list(self.arrived)} have; ended: {self.ended}"
            return self.arrived.pop(session)

    def close(self):
        # Closing alone wakes nobody who waits in accept(), who would then serve whoever has the number next.
        self.listener.shutdown(socket.SHUT_RDWR)
        self.accepting.join()
        self.listener.close()
        for stream in self.arrived.values():
            stream.close()


class RawNode:
    """An endpoint with one open tunnel. `stream()` gives both ends of a new session."""

    def __init__(self, edge, name="shop-17"):
        self.edge, self.name = edge, name
        self.service = RawService()
        self.tunnels = contextlib.ExitStack()
        self.ends = []
        self.agent = raw_agent(edge, name)

    def ask(self):
        """An operator's request for a session; its answer is not waited for."""
        near = socket.socket(socket.AF_UNIX)
        near.settimeout(20)
        near.connect(str(self.edge.socket))
        near.sendall(SESSION % self.name.encode())
        self.ends.append(near)
        return near

    def answered(self, near):
        head = head_of(near)
        assert head.startswith("HTTP/1.1 101 "), head
        far = self.service.take(header(head, "Edge-Session"))
        far.settimeout(20)
        self.ends.append(far)
        return near, far

    def open(self, *options):
        """The tunnel: asked for by an operator, opened by stock ssh."""
        near = self.ask()
        held = self.agent.check_in(wait=10, connection=self.agent.connect())
        assert held.status == 200, held
        self.agent.connection.close()
        offer, password = held.json, self.agent.password(held.json)
        self.tunnels.enter_context(stock_ssh(self.edge, offer, password, self.service.port, "-o",
                                             "Ciphers=aes128-gcm@openssh.com", *options))
        _, far = self.answered(near)
        near.close()
        far.close()
        return self

    def stream(self):
        return self.answered(self.ask())

    def close(self):
        for end in self.ends:
            end.close()
        self.tunnels.close()
        self.service.close()


@contextlib.contextmanager
def raw_nodes(edge, count=1):
    with contextlib.ExitStack() as stack:
        nodes = []
        for number in range(count):
            nodes.append(RawNode(edge, f"shop-{number + 1}"))
            stack.callback(nodes[-1].close)
            nodes[-1].open()
        yield nodes
