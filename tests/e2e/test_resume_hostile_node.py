"""A modified agent that lies about counts, keys or frames: edgectl ends with a reason, is never stuck, never grows."""
import contextlib
import fcntl
import os
import re
import select
import subprocess
import time

import pytest

from edge import BIN
from lasting import ACK, BYE, BYTES, END, HELLO, PROOF, REFUSED, WELCOME, WINDOW, Key
from lying_node import GREETING, SWITCHED, flood, lying_node, session_of

LIMIT = 3  # seconds


@pytest.fixture
def node(edge):
    edge.set("session.resume-for", f"{LIMIT}s")
    with lying_node(edge) as liar:
        liar.operators = []
        yield liar
        for operator in liar.operators:
            operator.kill()
            operator.communicate()
        assert edge.edged.process.poll() is None


def connected(node, *words):
    """An edgectl whose stream is the test's, and that stream; it has said its SSH greeting."""
    operator = node.edge.popen_connect("shop-17", *(words or ("--", "cat")))
    node.operators.append(operator)
    carrier = node.service.next()
    carrier.id = session_of(node.service.heads[-1])
    carrier.greeting = carrier.frame_of(BYTES)
    return operator, carrier


def proxied(node):
    """edgectl proxy, which waits for whoever reads its output: that is the test, and does not."""
    operator = subprocess.Popen([BIN / "edgectl", "proxy", "shop-17"], env=node.edge.environment(), stdin=subprocess.PIPE,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    node.operators.append(operator)
    carrier = node.service.next()
    carrier.id = session_of(node.service.heads[-1])
    return operator, carrier


def ends(operator, *words, status=255, timeout=15):
    out, err = operator.communicate(timeout=timeout)
    text = err.decode()
    assert operator.returncode == status, (operator.returncode, text)
    for word in words:
        assert word in text, text
    assert "\x1b" not in text
    return text


def rss(pid):
    with open(f"/proc/{pid}/status") as status:
        return int(re.search(r"VmRSS:\s+(\d+) kB", status.read()).group(1)) * 1024


# --- counts

@pytest.mark.parametrize("count", [1 << 20, 1 << 63, (1 << 64) - 1])
def test_an_acknowledgement_of_what_was_never_sent_ends_edgectl(node, count):
    operator, carrier = connected(node)
    carrier.ack(count)
    ends(operator, "the other end says that it has what was never sent")


def test_an_acknowledgement_that_goes_back_ends_edgectl(node):
    operator, carrier = connected(node)
    carrier.ack(5)
    carrier.ack(4)
    ends(operator, "the other end says that it has what was never sent")


def test_more_than_the_window_ends_edgectl(node):
    operator, carrier = proxied(node)
    before = rss(operator.pid)
    flooding = flood(carrier, 400)
    flooding.join(20)
    grown = rss(operator.pid) - before
    ends(operator, "the other end has sent more than it may", status=1)
    assert grown < 3 * WINDOW


@pytest.mark.parametrize("received", [1 << 20, 1 << 63, (1 << 64) - 1])
def test_a_resumption_with_a_count_of_what_was_never_sent_ends_edgectl(node, received):
    operator, carrier = connected(node)
    carrier.close()
    again = node.service.next()
    node.welcome(again, carrier.id, received=received)
    ends(operator, "what the other end lacks is not kept, or was never sent")


def test_a_resumption_with_an_old_count_ends_edgectl(node):
    operator, carrier = connected(node)
    carrier.ack()
    carrier.send(BYTES, GREETING)
    carrier.frame_of(BYTES)  # its key exchange: the ack has been read before
    carrier.close()
    again = node.service.next()
    node.welcome(again, carrier.id, received=0)
    ends(operator, "what the other end lacks is not kept, or was never sent")


# --- keys

def test_a_resumption_that_another_host_key_signed_ends_edgectl(node):
    operator, carrier = connected(node)
    carrier.close()
    again = node.service.next()
    node.welcome(again, carrier.id, key=Key(), received=len(carrier.greeting))
    ends(operator, "what answers is not the node of this session")


def test_a_signature_of_something_else_ends_edgectl(node):
    operator, carrier = connected(node)
    carrier.close()
    again = node.service.next()
    node.welcome(again, carrier.id, signed=b"edge resumption 1, by the node\n")
    ends(operator, "what answers is not the node of this session")


def test_a_signature_for_another_session_ends_edgectl(node):
    operator, carrier = connected(node)
    carrier.close()
    again = node.service.next()
    node.welcome(again, "0123456789abcdef", received=len(carrier.greeting))
    ends(operator, "what answers is not the node of this session")


def test_an_honest_resumption_goes_on(node):
    """What the others are measured by: with the right key and the right counts it is taken."""
    operator, carrier = connected(node)
    carrier.close()
    again = node.service.next()
    assert "Edge-Resume: yes" in node.service.heads[-1]
    assert node.welcome(again, carrier.id, received=3) == 0
    assert len(again.frame_of(PROOF)) == 64
    assert again.frame_of(BYTES) == carrier.greeting[3:]
    assert operator.poll() is None


# --- frames

@pytest.mark.parametrize("kind, payload, length", [
    (200, b"", None), (255, b"\xff" * 100, 0xFFFFFF), (BYTES, b"", None), (BYTES, b"x", 0xFFFFFF), (ACK, b"1234567", None),
    (END, b"x", None), (BYE, b"x" * 257, None), (HELLO, bytes(40), None), (WELCOME, bytes(104), None), (PROOF, bytes(64), None)])
def test_a_frame_that_makes_no_sense_ends_edgectl(node, kind, payload, length):
    operator, carrier = connected(node)
    carrier.send(kind, payload, length)
    ends(operator, "the other end does not keep to the protocol")


@pytest.mark.parametrize("kind, payload, length", [
    (200, b"", None), (BYTES, b"x", None), (WELCOME, b"", 0xFFFFFF), (PROOF, bytes(64), None), (ACK, bytes(8), None)])
def test_garbage_instead_of_a_welcome_ends_edgectl(node, kind, payload, length):
    operator, carrier = connected(node)
    carrier.close()
    again = node.service.next()
    again.frame_of(HELLO)
    again.send(kind, payload, length)
    ends(operator, "the other end does not keep to the protocol")


def test_words_of_a_node_bring_no_escape_to_a_terminal(node):
    operator, carrier = connected(node)
    carrier.close()
    again = node.service.next()
    again.frame_of(HELLO)
    again.send(REFUSED, b"\x1b]0;mine\x07 no\r\nedgectl: all is well")
    text = ends(operator, "mine")
    assert "\nedgectl: all is well" not in text and "\r" not in text


def test_a_bye_ends_edgectl_with_its_words_and_no_escape(node):
    operator, carrier = connected(node)
    carrier.send(BYE, b"\x1b[2Jwent for lunch")
    ends(operator, "went for lunch")


# --- time

def test_a_node_that_never_welcomes_keeps_edgectl_no_longer_than_the_limit(node):
    operator, carrier = connected(node)
    carrier.close()
    started = time.monotonic()
    ends(operator, "the far side was away for 3s", timeout=LIMIT + 12)
    assert LIMIT - 1 < time.monotonic() - started < LIMIT + 10


def test_a_node_that_always_goes_away_keeps_edgectl_no_longer_than_the_limit(node):
    operator, carrier = connected(node)
    carrier.close()
    started, tries = time.monotonic(), 0
    with contextlib.suppress(AssertionError):
        while time.monotonic() - started < LIMIT + 5:
            node.service.next(timeout=1).close()
            tries += 1
    ends(operator, "the far side was away for 3s")
    assert tries < 20 * LIMIT, "it asks in a circle"


def test_a_node_that_reads_nothing_is_written_no_more_than_the_window(node):
    operator, carrier = proxied(node)
    before = rss(operator.pid)
    with contextlib.suppress(TimeoutError):
        pump(operator, 64 * 1024 * 1024)
    assert rss(operator.pid) - before < 4 * WINDOW


def pump(operator, size):
    """Writes until nothing more is taken."""
    descriptor = operator.stdin.fileno()
    fcntl.fcntl(descriptor, fcntl.F_SETFL, os.O_NONBLOCK)
    while size > 0:
        if not select.select([], [descriptor], [], 2)[1]:
            raise TimeoutError
        size -= os.write(descriptor, bytes(64 * 1024))


def test_a_node_that_refuses_lasting_sessions_is_told_of(node):
    node.service.answer = SWITCHED.replace(b"101 Switching Protocols", b"400 Bad Request").replace(b"\r\n\r\n", b"\r\nContent-Length: 0\r\n\r\n")
    operator = node.edge.popen_connect("shop-17", "--", "cat")
    node.operators.append(operator)
    ends(operator, "offers no sessions")
