"""Who takes another one's session for their own, or their own for what it is not, gets nowhere; nobody else notices."""
import contextlib
import re
import signal

import pytest

from edge import eventually
from lasting import ACK, BYTES, END, HELLO, PROOF, REFUSED, WELCOME, HandSession, Key, Refused, hello_of
from test_instance import Cluster
from test_resume_ends import only_session

ANOTHERS = "it is another operator's session"
STRANGER = "not signed by the key of this session"
OLD = "what the other end lacks is not kept, or was never sent"


@contextlib.contextmanager
def by_hand(edge, **how):
    session = HandSession(edge, **how)
    try:
        yield session
    finally:
        session.close()


class Echo:
    """A real session of edgectl's, which gives back what it is sent."""

    def __init__(self, edge):
        self.edge, self.process = edge, edge.popen_connect("shop-17", "--", "cat")
        assert self.works()
        session = only_session(edge)
        self.id, self.instance = session["id"], session["instance"]

    def works(self, line=b"there\n"):
        self.process.stdin.write(line)
        self.process.stdin.flush()
        return self.process.stdout.readline() == line

    def ends_well(self):
        """Nothing was said about a pause, and nothing was one."""
        out, err = self.process.communicate(b"last\n", timeout=20)
        return (self.process.returncode, out, err) == (0, b"last\n", b"")

    def close(self):
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def echo(shop):
    session = Echo(shop)
    try:
        yield session
    finally:
        session.close()


def refusals(edge):
    return re.findall(r"session\.resume-refused .*", edge.agent.log())


def undisturbed(edge, echo):
    assert echo.works()
    one = only_session(edge)
    assert one and (one["id"], one["state"], one["resumes"]) == (echo.id, "live", 0), one
    assert echo.works()
    assert "session.paused" not in edge.agent.log()
    assert echo.ends_well()
    return True


def rss(program):
    with open(f"/proc/{program.pid}/status") as status:
        return int(re.search(r"VmRSS:\s+(\d+) kB", status.read()).group(1)) * 1024


# --- another one's session

def test_a_stranger_with_another_key_is_refused_and_the_session_is_undisturbed(shop, echo):
    with by_hand(shop) as stranger:
        for _ in range(3):
            with pytest.raises(Refused, match=ANOTHERS):
                stranger.resume(0, echo.id, echo.instance)
    assert undisturbed(shop, echo)


class Thief(Key):
    """Who knows the public key of a session, and has another private one."""

    def __init__(self, of):
        super().__init__()
        self.of = of

    @property
    def line(self):
        return self.of.line


@pytest.fixture
def owned(shop):
    """A session by hand, whose public key the test can give away; alive as long as it answers."""
    with by_hand(shop) as session:
        session.first = session.begin()
        session.first.bytes_until(b"\r\n")
        yield session


def unharmed(edge, owned):
    one = only_session(edge)
    assert one and (one["id"], one["state"]) == (owned.id, "live"), one
    owned.first.send(BYTES, b"SSH-2.0-owner\r\n")
    assert owned.first.frame_of(BYTES)  # the node's key exchange, over the carrier of the beginning
    assert "session.paused" not in edge.agent.log() and "session.resumed" not in edge.agent.log()
    return True


def test_a_thief_of_the_public_key_is_refused_by_the_node_and_the_session_is_undisturbed(shop, owned):
    with by_hand(shop, key=Thief(owned.key)) as thief:
        carrier = thief.resume(0, owned.id, owned.instance)
        assert carrier.frame_of(REFUSED).decode() == STRANGER
        assert carrier.ends() == []
        eventually(lambda: refusals(shop), "the agent logs it")
        assert owned.id in refusals(shop)[0] and STRANGER in refusals(shop)[0]
    assert unharmed(shop, owned)


def test_a_thief_who_goes_away_in_the_middle_disturbs_nobody(shop, owned):
    for count, said in ((1, ()), (2, ((HELLO, hello_of(0)),))):
        with by_hand(shop, key=Thief(owned.key)) as thief:
            carrier, _ = thief.ask(owned.instance, owned.id)
            for kind, payload in said:
                carrier.send(kind, payload)
                carrier.frame_of(WELCOME)
        eventually(lambda: len(refusals(shop)) == count, "the agent has seen it go")
    assert unharmed(shop, owned)


@pytest.mark.parametrize("kind, payload, length", [
    (BYTES, b"x", None), (END, b"", None), (PROOF, bytes(64), None), (200, b"", None), (HELLO, bytes(40), 39),
    (HELLO, b"", 0xFFFFFF), (BYTES, b"x" * 1000, 0xFFFFFF), (ACK, bytes(9), None)])
def test_garbage_instead_of_a_resumption_is_refused_and_disturbs_nobody(shop, owned, kind, payload, length):
    with by_hand(shop, key=Thief(owned.key)) as thief:
        carrier, _ = thief.ask(owned.instance, owned.id)
        carrier.send(kind, payload, length)
        if (kind, length) != (HELLO, 39):
            assert carrier.ends() == []
        eventually(lambda: refusals(shop), "the agent logs it")
    assert "does not keep to the protocol" in refusals(shop)[0]
    assert unharmed(shop, owned)


def test_a_stranger_who_comes_first_after_a_restart_of_edged_is_refused_and_the_owner_is_not(shop, owned):
    shop.restart(signal.SIGKILL)  # edged knows nothing of the session now, the node does
    with by_hand(shop) as stranger, pytest.raises(Refused, match=ANOTHERS):
        stranger.resume(0, owned.id, owned.instance)
    with by_hand(shop, key=Thief(owned.key)) as thief:
        assert thief.resume(0, owned.id, owned.instance).frame_of(REFUSED).decode() == STRANGER
    assert owned.resume(owned.first.received).node_proved
    assert only_session(shop)["id"] == owned.id


def test_a_thief_who_says_nothing_keeps_nobody_out(shop, owned):
    with by_hand(shop, key=Thief(owned.key)) as thief:
        thief.ask(owned.instance, owned.id)
        assert owned.resume(owned.first.received).node_proved
        assert only_session(shop)["id"] == owned.id


def test_a_resumption_of_no_session_is_refused(shop, echo):
    with by_hand(shop) as stranger, pytest.raises(Refused) as refused:
        stranger.resume(0, "0123456789abcdef", echo.instance)
    assert "410" in str(refused.value) and "does not have this session" in str(refused.value)
    assert undisturbed(shop, echo)


@pytest.mark.parametrize("name", ["x", "../../etc", "a" * 5000, "%00%0d%0aX:y"])
def test_a_session_id_that_is_none_is_refused(shop, echo, name):
    with by_hand(shop) as stranger, pytest.raises((Refused, ConnectionError)):
        stranger.resume(0, name, echo.instance)
    assert undisturbed(shop, echo)


def test_a_resumption_without_an_instance_is_refused(shop, echo):
    with by_hand(shop) as stranger, pytest.raises(Refused, match="its own instance only"):
        stranger.ask(None, echo.id)
    assert undisturbed(shop, echo)


@pytest.mark.parametrize("number", [None, signal.SIGKILL])
def test_a_resumption_at_another_instance_is_refused_and_the_session_is_undisturbed(edge, number):
    """Where edged knows the session, and where it has forgotten it."""
    cluster = Cluster(edge)
    with by_hand(edge, endpoint="shop") as session:
        carrier = session.begin(cluster.ids["worker-1"])
        carrier.bytes_until(b"\r\n")
        if number:
            edge.restart(number)
        with pytest.raises(Refused, match="the session is on another instance|does not have this session"):
            session.resume(carrier.received, instance=cluster.ids["worker-2"])
        if not number:
            one = only_session(edge)
            assert one and (one["id"], one["state"], one["instance"]) == (session.id, "live", cluster.ids["worker-1"]), one
        assert session.resume(carrier.received).node_proved
        assert only_session(edge)["instance"] == cluster.ids["worker-1"]
