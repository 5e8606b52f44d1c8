"""A whole session by hand, with the right key: what it may say about its counts, and what not."""
import signal

import pytest

from edge import eventually
from lasting import ACK, BYTES, END, REFUSED, WINDOW, Refused
from test_resume_ends import only_session
from test_resume_hostile_operator import OLD, by_hand, refusals, rss

GREETING = b"SSH-2.0-hand\r\n"


@pytest.fixture
def begun(shop):
    """A session that has the node's first words: its SSH greeting, which it keeps until they are acknowledged."""
    with by_hand(shop) as session:
        session.first = session.begin()
        session.greeting = session.first.bytes_until(b"\r\n")
        yield session


def still_served(edge):
    done = edge.connect("shop-17", "--", "echo fine", timeout=20)
    assert (done.returncode, done.stdout) == (0, "fine\n"), done.stderr
    return True


def test_the_newer_attachment_ends_the_older_and_goes_on_where_that_was(shop, begun):
    second = begun.resume(begun.first.received)
    assert second.node_proved and second.node_has == 0
    assert begun.first.ends() == []
    assert only_session(shop)["id"] == begun.id
    second.send(BYTES, GREETING)
    assert second.frame_of(BYTES)  # the node's key exchange
    third = begun.resume(len(begun.greeting))
    assert third.node_has == len(GREETING)
    assert third.frame_of(BYTES)[4:6].strip(b"\0")  # the same again, as that was not acknowledged


def test_what_was_not_received_comes_again_from_there_on(begun):
    for received in (0, 5, len(begun.greeting) - 1):
        assert begun.resume(received).frame_of(BYTES) == begun.greeting[received:]


@pytest.mark.parametrize("lie", [0, 1, 3])
def test_an_old_count_is_refused_and_ends_the_session(shop, begun, lie):
    begun.first.ack()
    begun.first.send(BYTES, GREETING)  # answered: the ack has been read before
    assert begun.first.frame_of(BYTES)
    carrier = begun.resume(lie)
    assert carrier.frame_of(REFUSED).decode() == OLD
    eventually(lambda: refusals(shop), "the agent logs it")
    assert OLD in refusals(shop)[0] and begun.id in refusals(shop)[0]
    eventually(lambda: not only_session(shop), "the session is over")
    with pytest.raises(Refused, match="does not have this session"):
        begun.resume(begun.first.received)
    assert still_served(shop)


@pytest.mark.parametrize("more", [1, 1 << 20, 1 << 63, (1 << 64) - 1])
def test_a_count_of_what_was_never_sent_is_refused_and_ends_the_session(shop, begun, more):
    carrier = begun.resume(min(begun.first.received + more, (1 << 64) - 1))
    assert carrier.frame_of(REFUSED).decode() == OLD
    eventually(lambda: not only_session(shop), "the session is over")
    assert still_served(shop)


@pytest.mark.parametrize("count", [1 << 20, 1 << 63, (1 << 64) - 1])
def test_an_acknowledgement_of_what_was_never_sent_ends_the_session(shop, begun, count):
    begun.first.ack(count)
    begun.first.ends()
    eventually(lambda: not only_session(shop), "the session is over")
    with pytest.raises(Refused, match="does not have this session"):
        begun.resume(begun.first.received)
    assert still_served(shop)


def test_an_acknowledgement_that_goes_back_ends_the_session(shop, begun):
    begun.first.ack(9)
    begun.first.ack(8)
    begun.first.ends()
    eventually(lambda: not only_session(shop), "the session is over")


@pytest.mark.parametrize("kind, payload, length", [
    (200, b"", None), (255, b"\xff" * 100, 0xFFFFFF), (BYTES, b"", None), (BYTES, b"x", 0xFFFFFF), (ACK, b"1234567", None),
    (END, b"x", None), (REFUSED, b"x" * 257, None), (4, bytes(40), None), (5, bytes(104), None), (6, bytes(64), None)])
def test_a_frame_that_makes_no_sense_ends_the_session_and_no_other(shop, begun, kind, payload, length):
    begun.first.send(kind, payload, length)
    begun.first.ends()
    eventually(lambda: not only_session(shop), "the session is over")
    assert shop.agent.process.poll() is None
    assert still_served(shop)


def test_bytes_after_the_end_end_the_session(shop, begun):
    begun.first.send(END)
    begun.first.send(BYTES, b"more")
    begun.first.ends()
    eventually(lambda: not only_session(shop), "the session is over")


def test_a_resumption_after_the_limit_is_refused(shop):
    shop.set("session.resume-for", "1s")
    with by_hand(shop) as session:
        received = session.begin().received
        shop.edged.send(signal.SIGKILL)
        shop.edged.wait()
        shop.agent.wait_log(r"session\.given-up")
        shop.edged.start()
        shop.edged.wait_log("edged.ready")
        with pytest.raises(Refused) as refused:
            session.resume(received)
    assert "410" in str(refused.value) and "nobody came back in time" in str(refused.value)


def test_a_right_resumption_after_a_kill_of_edged_goes_on(shop, begun):
    shop.edged.send(signal.SIGKILL)
    shop.edged.wait()
    shop.edged.start()
    shop.edged.wait_log("edged.ready")
    carrier = begun.resume(begun.first.received)
    assert carrier.node_proved
    carrier.send(BYTES, GREETING)
    assert carrier.frame_of(BYTES)


def test_no_length_makes_the_agent_grow(shop, begun):
    still_served(shop)
    before = rss(shop.agent)
    for kind in (BYTES, ACK, 255) * 30:
        with by_hand(shop) as session:
            session.begin().send(kind, b"x" * 8, 0xFFFFFF)
    eventually(lambda: len(shop.ctl_json("session", "ls")["items"]) == 1, "only the first is left")
    assert rss(shop.agent) < before + 4 * WINDOW


def test_sessions_that_were_refused_at_their_login_leave_their_places(shop, begun):
    for _ in range(40):
        with by_hand(shop) as session:
            # A frame as long as it may be, of which all but the last byte comes; SSH wants none of it.
            session.begin().send(BYTES, bytes(128 * 1024 - 1), 128 * 1024)
    assert still_served(shop)


def test_a_flood_that_nobody_reads_stays_within_the_window(shop, begun):
    """The node's SSH waits for a login and reads; what it does not read is bounded by the window."""
    before = rss(shop.agent)
    begun.first.send(BYTES, GREETING)
    begun.first.stream.settimeout(1)
    try:
        for _ in range(200):
            begun.first.send(BYTES, bytes(128 * 1024))
    except OSError:
        pass  # ended, or stopped
    assert rss(shop.agent) < before + 8 * WINDOW
    assert still_served(shop)
