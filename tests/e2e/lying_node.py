"""A node that serves lasting sessions and lies: a raw node whose sessions are frames that a test writes."""
import contextlib
import threading

from lasting import BYTES, HELLO, NODE, WELCOME, Carrier, Key, hello_of, signed_text
from raw_node import PONG, RawNode, RawService, head_of, header

SWITCHED = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: edge-stream\r\n\r\n"
GREETING = b"SSH-2.0-liar\r\n"


class LyingService(RawService):
    """Each of edged's requests for a session becomes a Carrier in `carriers`, which `next()` gives in order."""

    answer = SWITCHED

    def __init__(self):
        self.carriers, self.heads, self.given = [], [], 0
        super().__init__()

    def _serve(self, stream):
        try:
            head = head_of(stream)
            if head.startswith("GET /v1/session "):
                stream.sendall(self.answer)
                with self.news:
                    self.carriers.append(Carrier(stream))
                    self.heads.append(head)
                    self.news.notify_all()
                return
            stream.sendall(PONG)
        except OSError as error:
            self.ended.append(error)
        stream.close()

    def next(self, timeout=20):
        with self.news:
            there = self.news.wait_for(lambda: len(self.carriers) > self.given, timeout)
            assert there, f"no session has reached the node; ended: {self.ended}"
            self.given += 1
            return self.carriers[self.given - 1]

    def close(self):
        super().close()
        for carrier in self.carriers:
            carrier.close()


class LyingNode(RawNode):
    """One endpoint; its own key is a true one, so that a lie can be signed."""

    def __init__(self, edge, name="shop-17"):
        self.key = Key()
        import poll_client
        made = poll_client.new_host_key
        poll_client.new_host_key = lambda: self.key.line
        try:
            super().__init__(edge, name)
        finally:
            poll_client.new_host_key = made
        self.service.close()
        self.service = LyingService()

    def answered(self, near):
        head = head_of(near)
        assert head.startswith("HTTP/1.1 101 "), head
        far = self.service.next()
        self.ends.append(near)
        return near, far

    def welcome(self, carrier, stream, key=None, received=0, signed=None):
        """The node's part of a resumption. `signed`: what the signature is of, where it is not what was said."""
        hello = carrier.frame_of(HELLO)
        ours = hello_of(received)
        text = signed_text(NODE, stream, hello, ours) if signed is None else signed
        carrier.send(WELCOME, ours + (key or self.key).private.sign(text))
        return int.from_bytes(hello[32:], "big")


@contextlib.contextmanager
def lying_node(edge):
    node = LyingNode(edge)
    try:
        yield node.open()
    finally:
        node.close()


def session_of(head):
    return header(head, "Edge-Session")


def flood(carrier, chunks, size=128 * 1024):
    """In a thread of its own: the other end may stop to read."""
    def work():
        with contextlib.suppress(OSError):
            for _ in range(chunks):
                carrier.send(BYTES, bytes(size))
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread
