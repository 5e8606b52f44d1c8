"""Who takes another one's session for their own, or their own for what it is not, gets nowhere; nobody else notices."""
import contextlib
import re
import signal

import pytest

from lasting import HandSession, Refused
from test_resume_ends import only_session

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

def test_a_stranger_who_says_nothing_keeps_nobody_out(shop, echo):
    with by_hand(shop) as stranger:
        stranger.ask(echo.instance, echo.id)
        shop.edged.send(signal.SIGKILL)  # the real one comes back meanwhile
        shop.edged.wait()
        shop.edged.start()
        shop.edged.wait_log("edged.ready")
        assert echo.works()


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
