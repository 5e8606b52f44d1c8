"""Who vanishes is noticed: by both ends, within three probes, whatever TCP believes; and a short silence is no end."""
import contextlib
import signal
import time

import pytest

from cable import wired
from edge import eventually
from poll_client import raw_agent
from tcp_proxy import TcpProxy
from test_tunnel import login, offer_of, opened

pytestmark = pytest.mark.alone  # it compares times

PROBE = 0.7  # seconds
LOST = 3 * PROBE
SLACK = 0.55  # of a busy machine; less than a probe, so that one more would show


@pytest.fixture
def cabled():
    with wired() as edge:
        edge.set("tunnel.probe", f"{int(PROBE * 1000)}ms")
        edge.set("session.resume-for", "off")
        yield edge


def live_session(edge, far):
    """A session, so that the tunnel is wanted; its far command."""
    command = far.new()
    running = edge.popen_connect("shop-17", "--", command)
    far.started(command)
    return running, command


@contextlib.contextmanager
def within(seconds, what):
    started = time.monotonic()
    yield
    took = time.monotonic() - started
    assert took < seconds, f"{what} after {took:.1f} s"


def edged_notices(edge):
    edge.edged.wait_log(r"tunnel\.state .*from=open .*reason=lost")


def agent_notices(agent):
    agent.wait_log(r"tunnel\.closed .*reason=lost")


@contextlib.contextmanager
def stopped(program):
    program.send(signal.SIGSTOP)
    try:
        yield
    finally:
        program.send(signal.SIGCONT)


def test_edged_notices_an_agent_that_was_stopped(edge, far):
    edge.set("session.resume-for", "off")
    edge.set("tunnel.probe", f"{int(PROBE * 1000)}ms")
    agent = edge.node()
    running, _ = live_session(edge, far)
    with stopped(agent), within(LOST + SLACK, "lost"):
        edged_notices(edge)
    assert running.wait(10) == 255
    running.communicate()


def test_an_agent_notices_an_edged_that_was_stopped(edge, far):
    edge.set("session.resume-for", "off")
    edge.set("tunnel.probe", f"{int(PROBE * 1000)}ms")
    agent = edge.node()
    running, command = live_session(edge, far)
    with stopped(edge.edged), within(LOST + SLACK, "lost"):
        agent_notices(agent)
        far.gone(command, timeout=2)
    running.kill()
    running.communicate()


def test_a_tunnel_that_nobody_uses_is_noticed_too(edge):
    edge.set("tunnel.probe", f"{int(PROBE * 1000)}ms")
    agent = edge.node()
    assert edge.connect("shop-17", "--", "true").returncode == 0
    eventually(lambda: not edge.endpoint()["sessions"], "the session has ended")
    with stopped(agent), within(LOST + SLACK, "lost"):
        edged_notices(edge)


def test_a_silence_of_two_probes_is_no_end(edge):
    edge.set("tunnel.probe", f"{int(PROBE * 1000)}ms")
    agent = edge.node()
    running = edge.popen_connect("shop-17", "--", "cat", bufsize=0)
    eventually(lambda: edge.endpoint()["sessions"], "a session")
    for program in (agent, edge.edged):
        with stopped(program):
            time.sleep(2 * PROBE)  # the silence itself is what is tested
        running.stdin.write(b"there\n")
        assert running.stdout.readline() == b"there\n"
    assert running.communicate()[0] == b"" and running.returncode == 0
    assert agent.log().count("tunnel.open ") == 1


def test_both_ends_notice_a_pulled_cable(cabled, far):
    agent = cabled.node()
    running, command = live_session(cabled, far)
    cabled.cable.pull()
    with within(LOST + SLACK, "lost"):
        edged_notices(cabled)
        agent_notices(agent)
        far.gone(command, timeout=2)
    assert running.wait(10) == 255
    err = running.communicate()[1]
    assert b"lost" in err or b"ended:" in err
    cabled.cable.plug()
    assert cabled.connect("shop-17", "--wait", "20s", "--", "echo back").stdout == "back\n"


def test_both_ends_notice_a_nat_that_forgot_and_the_tunnel_is_there_again(cabled, far):
    agent = cabled.node()
    running, command = live_session(cabled, far)
    cabled.cable.forget(cabled.tunnel_port)
    with within(LOST + SLACK, "lost"):
        edged_notices(cabled)
        agent_notices(agent)
    with within(1.5, "open again"):  # the session makes it wanted back
        eventually(lambda: agent.log().count("tunnel.open ") == 2, "the tunnel again")
    assert running.wait(10) == 255
    running.communicate()
    assert cabled.connect("shop-17", "--", "echo back").stdout == "back\n"
    far.gone(command)


# A new tunnel does not wait for the end of the old one. The probe has its default here: 45 s.

def test_a_node_that_lost_power_has_its_new_tunnel_at_once(far):
    with wired() as edge:
        agent = edge.node()
        running, _ = live_session(edge, far)
        old = edge.endpoint()["tunnel"]["id"]
        edge.cable.forget(edge.tunnel_port)  # no reset reaches edged
        agent.kill()
        assert edge.tunnel_state() == "open", "edged does not know"
        agent.start()
        with within(2, "open again"):
            agent.wait_log("tunnel.open ")
            eventually(lambda: edge.tunnel_state() == "open" and edge.endpoint()["tunnel"]["id"] != old, "the new tunnel counts")
        assert running.wait(10) == 255, "the session of the old tunnel has ended"
        running.communicate()
        assert edge.connect("shop-17", "--", "echo back").stdout == "back\n"
        assert edge.ctl_json("status")["tunnels"] == 1
        edge.edged.wait_log(r"from=open .*reason=(lost|replaced)")


def test_who_checks_in_again_has_lost_its_tunnel_and_the_old_one_is_closed(edge):
    agent = raw_agent(edge)
    with edge.required():
        old = opened(edge, agent)
    with edge.required():
        with within(1.5, "open again"):
            offer, password = offer_of(agent)
            new, good = login(edge, offer, password)
            assert good and new.forward()
        assert old.wait_closed(2), "nobody keeps two tunnels"
        new.close()


# While a session is live both ends ask each second, so that a silence is known early.

def test_while_a_session_is_live_both_ends_hear_each_other_each_second(bare):
    proxy = TcpProxy(bare.tunnel_port)
    try:
        bare.init(tunnel_dialled=proxy.port).start()
        bare.set("tunnel.probe", "60s")
        bare.node()
        running = bare.popen_connect("shop-17", "--", "cat")
        eventually(lambda: bare.endpoint()["sessions"], "a session")
        time.sleep(0.5)
        up, down = proxy.counts()
        time.sleep(4.2)  # what is counted is counted over a time
        up, down = proxy.counts()[0] - up, proxy.counts()[1] - down
        # Each end hears the other: a probe of its own brings an answer, one of the other's is a sign by itself.
        assert 3 <= up <= 14 and 3 <= down <= 14, f"{up} up and {down} down in 4 s"
        assert running.communicate()[0] == b""
        eventually(lambda: not bare.endpoint()["sessions"], "no session")
        time.sleep(0.5)
        before = proxy.counts()
        time.sleep(2)
        assert sum(proxy.counts()) - sum(before) <= 1, "without a session it is quiet"
    finally:
        proxy.close()


def test_a_peer_that_only_answers_is_asked_and_is_lost_when_it_stops_to(edge):
    # Stock ssh never asks by itself.
    edge.set("tunnel.probe", f"{int(PROBE * 1000)}ms")
    agent = raw_agent(edge)
    with edge.required():
        client = opened(edge, agent)
    eventually(lambda: not edge.endpoint()["sessions"], "no session is left")
    asked, until = 0, time.monotonic() + 5 * PROBE
    while time.monotonic() < until:
        client.socket.settimeout(max(0.01, until - time.monotonic()))
        with contextlib.suppress(TimeoutError):
            if b"keepalive@openssh.com" in client.read():
                asked += 1
                client.write(bytes([82]))  # a refusal is a sign of life
    assert 2 <= asked <= 6 and edge.tunnel_state() == "open"
    with within(LOST + SLACK, "lost"):
        edged_notices(edge)
    assert client.wait_closed(2)
