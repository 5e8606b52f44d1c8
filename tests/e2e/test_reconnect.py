"""A tunnel that is lost while it is needed comes back: at once, then with pauses, for ever; and the operator is told why not."""
import contextlib
import json
import signal
import socket
import time

import pexpect
import pytest

from edge import BIN, Edge, eventually, free_port
from poll_client import raw_agent
from tcp_proxy import TcpProxy
from test_check_in import edit_identity
from test_tunnel import offer_of

MOST = 0.5  # seconds: check-in.backoff-most of these agents
DIRECT = {"tunnel.transport": "direct"}  # the poll port would be a way round what is blocked here


@pytest.fixture
def proxied():
    """edged whose agents reach the tunnel port through `edge.proxy`."""
    server = Edge()
    server.proxy = TcpProxy(server.tunnel_port)
    try:
        yield server.init(tunnel_dialled=server.proxy.port).start()
    finally:
        server.proxy.close()
        server.close()


@contextlib.contextmanager
def waiting(edge, *arguments):
    """An operator who waits for a tunnel, a minute long."""
    operator = edge.popen_connect("shop-17", "--wait", "60s", *arguments)
    try:
        yield operator
    finally:
        operator.kill()
        operator.communicate()


def lines_until(stream, word):
    """What an operator is told, up to the line with the word."""
    told = []
    while line := stream.readline().decode():
        told.append(line)
        if word in line:
            return told
    raise AssertionError(f"never told of {word!r}: {told}")


# When it comes back.

@pytest.mark.parametrize("seen_by", ["both ends", "the agent", "edged"])
def test_a_tunnel_that_is_cut_under_a_session_is_open_again_within_a_second(proxied, seen_by):
    if seen_by == "edged":
        proxied.set("tunnel.probe", "100ms")  # the agent has nothing but its probes
    agent = proxied.node("shop-17", **{"check-in.backoff-least": "30s", "check-in.backoff-most": "30s"})
    operator = proxied.popen_connect("shop-17", "--", "sleep 60")
    try:
        agent.wait_log("tunnel.open ")
        eventually(lambda: proxied.endpoint()["sessions"], "a session")
        proxied.proxy.cut(client=seen_by != "edged", server=seen_by != "the agent")
        started = time.monotonic()
        eventually(lambda: agent.log().count("tunnel.open ") == 2, "the tunnel again", 5)
        assert time.monotonic() - started < 1
        proxied.wait_tunnel("open", timeout=1)
    finally:
        operator.kill()
        operator.communicate()


def test_a_tunnel_port_that_comes_back_is_found_within_one_pause(proxied):
    proxied.proxy.refusing = True
    agent = proxied.node(**DIRECT)
    with waiting(proxied, "--", "echo far") as operator:
        eventually(lambda: proxied.proxy.accepted > 8, "it goes on trying")
        proxied.proxy.refusing = False
        started = time.monotonic()
        agent.wait_log("tunnel.open ")
        assert time.monotonic() - started < MOST + 0.7
        out, err = operator.communicate(timeout=10)
        assert (operator.returncode, out) == (0, b"far\n"), err


def test_retries_begin_at_once_then_their_pauses_grow_to_the_limit_and_differ(proxied):
    proxied.proxy.refusing = True
    proxied.node("shop-17", **{"check-in.backoff-least": "100ms", "check-in.backoff-most": "800ms", **DIRECT})
    with waiting(proxied, "--", "true"):
        eventually(lambda: proxied.proxy.accepted >= 14, "fourteen tries", 20)
    at = proxied.proxy.accepted_at[:14]
    pauses = [later - earlier for earlier, later in zip(at, at[1:])]
    assert pauses[0] < 0.3, f"the first retry is immediate: {pauses}"
    assert max(pauses) < 0.8 + 0.4, f"capped: {pauses}"
    assert sum(pauses[-6:]) / 6 > 0.12, f"grown: {pauses}"
    assert len({round(pause, 2) for pause in pauses[-6:]}) > 2, f"jittered: {pauses}"


def test_a_tunnel_that_is_no_longer_needed_is_no_longer_tried(proxied):
    proxied.proxy.refusing = True
    proxied.node(**DIRECT)
    with waiting(proxied, "--", "true"):
        eventually(lambda: proxied.proxy.accepted > 3, "tries")
    eventually(lambda: proxied.endpoint()["instances"][0]["held"], "a held check-in again")
    before = proxied.proxy.accepted
    time.sleep(2 * MOST)  # in which nothing must come
    assert proxied.proxy.accepted == before


# Why it does not come.

def blocked(edge):
    port = free_port()
    edge.init(tunnel_dialled=port).start()
    edge.node(**DIRECT)
    return "agent-unreachable-tunnel-port", f"localhost:{port}: Connection refused"


def another_host_key(edge):
    edge.init().start()
    assert edge.join(*edge.create()).returncode == 0
    edit_identity(edge, host_keys=["SHA256:" + "A" * 43])
    edge.start_agent(config=edge.agent_config(**DIRECT))
    edge.wait_held()
    return "host-key-mismatch", edge.ctl_json("status")["host-key"]


def silent_port(edge):
    listener = socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True)
    edge.opened.append(listener)
    edge.init(tunnel_dialled=listener.getsockname()[1]).start()
    edge.node("shop-17", **{"connect.deadline": "500ms", **DIRECT})
    return "handshake-timeout", "no answer in time"


def cut_in_the_handshake(edge):
    proxy = TcpProxy(edge.tunnel_port)
    edge.opened.append(proxy)
    proxy.most_bytes = 300  # no whole key exchange
    edge.init(tunnel_dialled=proxy.port).start()
    edge.node(**DIRECT)
    return "lost", ""


@pytest.fixture
def opened(bare):
    bare.opened = []
    yield bare
    for one in bare.opened:
        one.close()


@pytest.mark.parametrize("fault", [blocked, another_host_key, silent_port, cut_in_the_handshake])
def test_a_waiting_operator_is_told_why_while_it_waits_and_at_the_end(opened, fault):
    edge = opened
    reason, detail = fault(edge)
    operator = edge.popen_connect("shop-17", "--wait", "2500ms", "--", "true")
    try:
        told = lines_until(operator.stderr, f"last attempt: {reason}")
        assert detail in told[-1]
        _, err = operator.communicate(timeout=20)
        assert operator.returncode == 255
        assert f"last reason: {reason}" in err.decode() and detail in err.decode()
    finally:
        operator.kill()
        operator.communicate()
    shown = edge.endpoint()["instances"][0]
    assert shown["failure"] == reason and detail in shown["failure-detail"]


def test_a_terminal_of_80_columns_shows_the_reason_on_the_line_of_progress(opened):
    reason, _ = blocked(opened)
    child = pexpect.spawn(str(BIN / "edgectl"), ["connect", "shop-17", "--wait", "60s"], env=opened.environment(),
                          dimensions=(24, 80), timeout=5, encoding="utf-8")
    try:
        child.expect(reason)
        assert "\n" not in child.before, "one line, drawn again and again"
    finally:
        child.close(force=True)


def test_a_reason_that_is_over_is_not_shown_any_more(opened):
    edge = opened
    reason, detail = blocked(edge)
    with waiting(edge, "--", "echo far") as operator:
        lines_until(operator.stderr, reason)
        edge.opened.append(TcpProxy(edge.tunnel_port, port=int(detail.split(":")[1])))  # the firewall is opened
        out, _ = operator.communicate(timeout=15)
        assert out == b"far\n"
    assert edge.endpoint()["instances"][0]["failure"] == ""
    assert edge.endpoint()["tunnel"]["reason"] == ""


def test_the_reason_is_in_the_final_error_as_json(opened):
    reason, detail = blocked(opened)
    done = opened.connect("shop-17", "--wait", "2s", "-o", "json")
    error = json.loads(done.stderr.splitlines()[-1])["error"]
    assert error["code"] == "timed-out" and reason in error["message"] and detail in error["message"]


def test_an_agent_that_never_comes_for_its_tunnel_is_named_so(edge):
    edge.set("tunnel.open-deadline", "300ms")
    agent = raw_agent(edge)
    operator = edge.popen_connect("shop-17", "--wait", "2500ms", "--", "true")
    try:
        offer_of(agent)
        lines_until(operator.stderr, "last attempt: handshake-timeout")
        assert b"last reason: handshake-timeout" in operator.communicate(timeout=10)[1]
    finally:
        operator.kill()
        operator.communicate()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_an_operator_that_waits_through_a_restart_of_edged_is_told(edge, number):
    raw_agent(edge)
    with waiting(edge, "--", "true") as operator:
        edge.wait_tunnel("required")
        edge.edged.stop(number)
        _, err = operator.communicate(timeout=10)
        assert operator.returncode == 255 and b"edgectl: " in err
