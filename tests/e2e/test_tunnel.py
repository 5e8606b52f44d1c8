"""Tunnels: who may open one, with what, what ends it, and what brings it back."""
import re
import signal
import struct
import time

import pytest
from cryptography.exceptions import InvalidTag

from edge import Edge, eventually, free_port
from poll_client import RawAgent, another_instance, raw_agent
from ssh_client import Closed, SshClient, pong, text
from tcp_proxy import TcpProxy
from test_check_in import edit_identity


def offer_of(agent, timeout=5):
    """Asks until it is told to connect: the offer and its password."""
    answer = agent.check_in(wait=timeout, connection=agent.connect())
    assert answer.status == 200, answer
    return answer.json, agent.password(answer.json)


def login(edge, offer, password):
    client = SshClient(edge.tunnel_port).handshake()
    return client, client.login(offer["tunnel"], password)


def opened(edge, agent):
    """A tunnel that edged counts as open, and its far end."""
    offer, password = offer_of(agent)
    client, good = login(edge, offer, password)
    assert good and client.forward()
    client.serve_one(pong)
    edge.wait_tunnel("open")
    client.serve_one(lambda _: b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")  # no sessions here
    return client


def refused_login(edge, offer, password):
    client = SshClient(edge.tunnel_port).handshake()
    with client:
        return not client.login(offer["tunnel"], password)


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


# --- who wins

def test_two_agents_of_an_endpoint_open_exactly_one_tunnel(edge):
    token, edge_id = edge.create()
    agents = []
    for name in ("one", "two"):
        assert edge.join(token, edge_id, name).returncode == 0
        agents.append(edge.start_agent(name))
    edge.wait_held(count=2)
    assert edge.connect(edge.target(), "--", "true").returncode == 0
    assert edge.ctl_json("status")["tunnels"] == 1
    assert sum(agent.log().count("tunnel.open") for agent in agents) == 1
    edge.wait_held(count=1)  # the loser stays held


def test_of_many_held_instances_exactly_one_is_answered(edge):
    edge.set("tunnel.open-deadline", "2s")
    first = raw_agent(edge)
    agents = [first] + [another_instance(first) for _ in range(5)]
    held = [agent.send_check_in(wait=55, connection=agent.connect()) for agent in agents]
    edge.wait_held(count=6)
    with edge.required():
        eventually(lambda: any(one.answered() for one in held), "an answer")
        time.sleep(0.3)  # for a second answer that must not come
        assert sum(one.answered() for one in held) == 1


def test_when_the_winner_never_connects_exactly_one_other_is_answered(edge):
    edge.set("tunnel.open-deadline", "1s")
    winner = raw_agent(edge)
    losers = [another_instance(winner) for _ in range(4)]
    with edge.required():
        offer_of(winner)
        held = [loser.send_check_in(wait=55, connection=loser.connect()) for loser in losers]
        edge.wait_held(count=4)
        assert not any(one.answered() for one in held)
        eventually(lambda: any(one.answered() for one in held), "another winner", 3)
        assert sum(one.answered() for one in held) == 1
        time.sleep(0.2)  # well within the second winner's deadline
        assert sum(one.answered() for one in held) == 1


def test_when_the_winner_never_connects_another_agent_serves_the_operator(edge):
    edge.set("tunnel.open-deadline", "500ms")
    token, edge_id = edge.create()
    assert edge.join(token, edge_id).returncode == 0
    winner = RawAgent(edge, token, edge_id).joined()
    operator = edge.popen_connect(edge.target(), "--", "echo", "far")
    try:
        offer_of(winner)
        edge.start_agent()
        out, err = operator.communicate(timeout=10)
        assert (operator.returncode, out) == (0, b"far\n"), err
    finally:
        operator.kill()


def test_when_the_winner_is_stopped_before_it_connects_another_agent_takes_over(edge):
    edge.set("tunnel.open-deadline", "500ms")
    token, edge_id = edge.create()
    for name in ("one", "two"):
        assert edge.join(token, edge_id, name).returncode == 0
    winner = edge.start_agent("one")
    edge.wait_held()
    winner.send(signal.SIGSTOP)
    operator = edge.popen_connect(edge.target(), "--", "echo", "far")
    try:
        edge.wait_tunnel("connecting")
        edge.start_agent("two")
        out, err = operator.communicate(timeout=10)
        assert (operator.returncode, out) == (0, b"far\n"), err
        winner.send(signal.SIGCONT)  # it comes too late and is refused
        edge.edged.wait_log("tunnel.refused|tunnel.late")
        assert edge.ctl_json("status")["tunnels"] == 1
    finally:
        operator.kill()


def test_a_winner_that_asks_again_gets_fresh_credentials_and_the_old_ones_die(edge):
    agent = raw_agent(edge)
    with edge.required():
        old, old_password = offer_of(agent)
        new, new_password = offer_of(agent)
        assert old["tunnel"] != new["tunnel"] and old_password != new_password
        assert refused_login(edge, old, old_password)
        client, good = login(edge, new, new_password)
        assert good
        client.close()


# --- credentials

def test_credentials_work_once(edge):
    agent = raw_agent(edge)
    with edge.required():
        offer, password = offer_of(agent)
        first, good = login(edge, offer, password)
        assert good
        assert refused_login(edge, offer, password)
        assert first.forward()
        first.serve_one(pong)
        edge.wait_tunnel("open")
        assert refused_login(edge, offer, password)
        first.close()


def test_credentials_that_come_late_are_refused(edge):
    edge.set("tunnel.credentials-lifetime", "300ms")
    agent = raw_agent(edge)
    with edge.required():
        offer, password = offer_of(agent)
        time.sleep(offer["lifetime-ms"] / 1000 + 0.05)  # the time itself is what is tested
        assert refused_login(edge, offer, password)


def test_credentials_are_worth_nothing_after_the_tunnel_closed(edge):
    edge.set("tunnel.idle", "300ms")
    edge.set("tunnel.close-deadline", "100ms")
    agent = raw_agent(edge)
    with edge.required() as operator:
        offer, password = offer_of(agent)
        client, _ = login(edge, offer, password)
        assert client.forward()
        client.serve_one(pong)
        edge.wait_tunnel("open")
        operator.kill()
    client.close()
    eventually(lambda: edge.tunnel_state() != "open", "the tunnel has gone")
    assert refused_login(edge, offer, password)


def test_unused_credentials_are_worth_nothing_after_a_restart(edge):
    agent = raw_agent(edge)
    with edge.required():
        offer, password = offer_of(agent)
    edge.restart(signal.SIGKILL)
    assert refused_login(edge, offer, password)


@pytest.mark.parametrize("ending", [("endpoint", "rm", "shop-17", "--yes"), ("endpoint", "token", "shop-17", "--yes"),
                                    ("endpoint", "disassociate", "shop-17", "--yes")])
def test_unused_credentials_die_with_the_association(edge, ending):
    agent = raw_agent(edge)
    with edge.required():
        offer, password = offer_of(agent)
        edge.ok(*ending)
        assert refused_login(edge, offer, password)


def test_credentials_of_one_endpoint_are_not_anothers(edge):
    one, other = raw_agent(edge, "shop-1"), raw_agent(edge, "shop-2")
    with edge.required("shop-1"), edge.required("shop-2"):
        offer_one, password_one = offer_of(one)
        offer_other, password_other = offer_of(other)
        assert refused_login(edge, offer_one, password_other)
        assert refused_login(edge, offer_other, password_one)
        for offer, password in ((offer_one, password_one), (offer_other, password_other)):
            client, good = login(edge, offer, password)
            assert good, "a wrong try does not spend them"
            client.close()


def test_sealed_credentials_open_for_their_own_instance_only(edge):
    agent, other = raw_agent(edge, "shop-1"), raw_agent(edge, "shop-2")
    sibling = another_instance(agent)
    with edge.required("shop-1"):
        offer, _ = offer_of(agent)
    for stranger in (other, sibling):
        with pytest.raises(InvalidTag):
            stranger.password(offer)


@pytest.mark.parametrize("change", [{"address": "evil.example.com:8000"}, {"tunnel": "0" * 32},
                                    {"expires": "2099-01-01T00:00:00.000Z"}])
def test_sealed_credentials_are_bound_to_the_rest_of_the_offer(edge, change):
    agent = raw_agent(edge)
    with edge.required():
        offer, _ = offer_of(agent)
    with pytest.raises(InvalidTag):
        agent.password({**offer, **change})


def test_three_wrong_passwords_close_the_connection(edge):
    agent = raw_agent(edge)
    with edge.required():
        offer, password = offer_of(agent)
        with SshClient(edge.tunnel_port).handshake() as client:
            client.ask_for_login()
            for _ in range(3):
                assert not client.try_password(offer["tunnel"], "wrong")
            assert client.wait_closed()
        client, good = login(edge, offer, password)
        assert good, "the right owner is not locked out"
        client.close()


@pytest.mark.parametrize("how", ["none", "publickey", "keyboard-interactive", "hostbased"])
def test_there_is_no_login_but_by_password(edge, how):
    with SshClient(edge.tunnel_port).handshake() as client:
        client.ask_for_login()
        extra = {"publickey": b"\0" + text("ssh-ed25519") + text(text("ssh-ed25519") + text(b"k" * 32)), "keyboard-interactive": text("") + text("")}
        client.write(b"\x32" + text("root") + text("ssh-connection") + text(how) + extra.get(how, b""))
        try:
            answer = client.read()
        except Closed:
            return
        assert answer[0] != 52, "a success"


# --- the one forward and nothing else

FORBIDDEN = {
    "a session": lambda client: client.open_channel("session"),
    "a direct-tcpip to the admin's port": lambda client: client.direct_tcpip("localhost", 22),
    "a direct-streamlocal": lambda client: client.open_channel("direct-streamlocal@openssh.com",
                                                               text("/run/edged/admin.sock") + text("") + bytes(4)),
    "an x11 channel": lambda client: client.open_channel("x11", text("::1") + bytes(4)),
    "a forwarded-tcpip": lambda client: client.open_channel("forwarded-tcpip", text("edge") + struct.pack(">I", 1) +
                                                            text("::1") + struct.pack(">I", 1)),
    "an agent channel": lambda client: client.open_channel("auth-agent@openssh.com"),
    "a channel of an unknown kind": lambda client: client.open_channel("x" * 1000),
    "a forward of another name": lambda client: client.forward("0.0.0.0", 1),
    "a forward of another port": lambda client: client.forward("edge", 8080),
    "a forward of any port": lambda client: client.forward("edge", 0),
    "a forward of no name": lambda client: client.forward("", 1),
    "a streamlocal-forward": lambda client: client.global_request("streamlocal-forward@openssh.com", text("/tmp/x")),
    "a cancel": lambda client: client.global_request("cancel-tcpip-forward", text("edge") + struct.pack(">I", 1)),
    "an unknown request": lambda client: client.global_request("unknown@example.com"),
}


@pytest.mark.parametrize("what", FORBIDDEN)
def test_an_agent_gets_nothing_but_its_forward(edge, what):
    agent = raw_agent(edge)
    with edge.required():
        offer, password = offer_of(agent)
        with SshClient(edge.tunnel_port).handshake() as client:
            assert client.login(offer["tunnel"], password)
            for _ in range(3):  # at each attempt, not only at the first
                assert not FORBIDDEN[what](client)
            assert client.forward(), "the tunnel goes on"
            client.serve_one(pong)
            edge.wait_tunnel("open")


def test_a_second_forward_is_refused(edge):
    agent = raw_agent(edge)
    with edge.required():
        offer, password = offer_of(agent)
        with SshClient(edge.tunnel_port).handshake() as client:
            assert client.login(offer["tunnel"], password) and client.forward()
            _, address, port, _ = client.serve_one(pong)
            assert (address, port) == ("edge", 1), "exactly what was asked for"
            edge.wait_tunnel("open")
            client.write(b"\x50" + text("tcpip-forward") + b"\x01" + text("edge") + struct.pack(">I", 1))
            kinds = []
            while 81 not in kinds and 82 not in kinds:
                kinds.append(client.read()[0])  # a stream of the operator's may come before
            assert 82 in kinds


@pytest.mark.parametrize("what", ["a session", "a direct-tcpip to the admin's port", "a forward of any port",
                                  "an unknown request"])
def test_before_the_login_nothing_is_answered(edge, what):
    with SshClient(edge.tunnel_port).handshake() as client:
        try:
            assert not FORBIDDEN[what](client)
        except Closed:
            pass


def test_a_forward_before_the_login_is_refused(edge):
    with SshClient(edge.tunnel_port).handshake() as client:
        try:
            assert not client.forward()
        except Closed:
            pass


# --- deadlines of the tunnel port

@pytest.mark.parametrize("until", ["connected", "banner", "key exchange", "login"])
def test_whoever_does_not_finish_its_login_is_cut_off(until):
    edge = Edge(**{"limits.login-deadline": "400ms"})
    try:
        agent = raw_agent(edge.start())
        with edge.required():
            offer, password = offer_of(agent)
            with SshClient(edge.tunnel_port) as client:
                if until != "connected":
                    client.banner()
                if until in ("key exchange", "login"):
                    client.key_exchange()
                if until == "login":
                    assert client.login(offer["tunnel"], password)  # and no forward
                assert client.wait_closed(3)
    finally:
        edge.close()


NONSENSE = {"nothing": b"", "garbage": b"\0\xff garbage\r\n\r\n", "an endless head": b"HTTP/1.1 200 OK\r\nX: " + b"a" * 70_000,
            "another protocol": b"SSH-2.0-x\r\n\r\n", "a status that is none": b"HTTP/1.1 abc\r\n\r\n"}


@pytest.mark.parametrize("what", NONSENSE)
def test_a_tunnel_whose_agent_answers_nonsense_is_not_open(what):
    edge = Edge(**{"limits.answer-deadline": "500ms"})
    try:
        agent = raw_agent(edge.start())
        with edge.required():
            offer, password = offer_of(agent)
            with SshClient(edge.tunnel_port).handshake() as client:
                assert client.login(offer["tunnel"], password) and client.forward()
                try:
                    client.serve_one(lambda _: NONSENSE[what])
                except Closed:
                    pass  # it had enough before the end
                edge.edged.wait_log("tunnel.no-ping")
                assert client.wait_closed(3)
        assert edge.tunnel_state() != "open"
    finally:
        edge.close()


def test_a_tunnel_whose_agent_does_not_answer_a_stream_is_closed():
    edge = Edge(**{"limits.answer-deadline": "300ms"})
    try:
        agent = raw_agent(edge.start())
        with edge.required():
            offer, password = offer_of(agent)
            with SshClient(edge.tunnel_port).handshake() as client:
                assert client.login(offer["tunnel"], password) and client.forward()
                assert client.wait_closed(3)
    finally:
        edge.close()


# --- its life

def test_an_open_tunnel_is_shown_with_its_instance(edge):
    edge.node()
    assert edge.connect(edge.target(), "--", "true").returncode == 0
    shown = edge.endpoint()
    assert shown["tunnel"]["state"] == "open" and shown["tunnel"]["id"]
    assert shown["tunnel"]["instance"] == shown["instances"][0]["id"]
    assert shown["instances"][0]["held"] is False, "the tunnel is its presence"


def test_an_idle_tunnel_closes_after_a_last_snapshot(edge):
    edge.node()
    edge.set("tunnel.idle", "400ms")
    before = edge.ctl_json("snapshot", "show", "shop-17")["items"][0]["taken"]
    assert edge.connect(edge.target(), "--", "true").returncode == 0
    edge.wait_tunnel("idle", timeout=5)
    assert edge.endpoint()["tunnel"]["reason"] == "idle"
    eventually(lambda: edge.ctl_json("snapshot", "show", "shop-17")["items"][0]["taken"] > before, "a newer snapshot", 3)
    edge.edged.wait_log("to=closing")
    edge.wait_held()  # and the agent checks in again


def test_a_connect_while_the_tunnel_closes_waits_and_gets_a_new_one(edge):
    edge.set("tunnel.idle", "300ms")
    edge.set("tunnel.close-deadline", "600ms")
    agent = raw_agent(edge)
    with edge.required():
        client = opened(edge, agent)
    edge.wait_tunnel("closing", timeout=5)  # we give no snapshot, so it takes its whole deadline
    with edge.required():
        offer, password = offer_of(agent)
        client.close()
        second, good = login(edge, offer, password)
        assert good
        second.close()


def test_an_agent_closes_an_idle_tunnel_by_itself_when_edged_is_silent(edge):
    agent = edge.node()
    edge.set("tunnel.idle", "600ms")
    assert edge.connect(edge.target(), "--", "true").returncode == 0
    edge.edged.send(signal.SIGSTOP)
    try:
        agent.wait_log("tunnel.idle", timeout=5)
        agent.wait_log("tunnel.closed .*by plan", timeout=2)
    finally:
        edge.edged.send(signal.SIGCONT)
    edge.wait_held()


def test_a_sessions_keep_alive_keeps_its_tunnel_past_the_idle_limit(edge):
    agent = edge.node()
    edge.set("session.keep-alive", "150ms")
    edge.set("tunnel.idle", "500ms")
    started = time.monotonic()
    done = edge.connect(edge.target(), "--", "sleep 2; echo still here")
    assert done.stdout == "still here\n", done.stderr
    assert time.monotonic() - started > 1.9
    assert agent.log().count("tunnel.open ") == 1


def test_a_tunnel_that_is_cut_is_opened_again_at_once_for_a_live_session(proxied):
    agent = proxied.node("shop-17", **{"check-in.backoff-least": "20s", "check-in.backoff-most": "20s"})
    operator = proxied.popen_connect(proxied.target(), "--", "sleep 60")
    try:
        agent.wait_log("tunnel.open")
        eventually(lambda: proxied.endpoint()["sessions"], "a session")
        assert proxied.proxy.cut() == 1
        eventually(lambda: agent.log().count("tunnel.open ") == 2, "the tunnel again", 5)
        proxied.wait_tunnel("open")
        eventually(lambda: [s["state"] for s in proxied.ctl_json("session", "ls")["items"]] == ["live"], "it goes on")
        assert operator.poll() is None
    finally:
        operator.kill()
    assert proxied.connect(proxied.target(), "--", "echo", "far").stdout == "far\n"


def test_a_tunnel_whose_end_only_the_agent_noticed_is_opened_again_for_a_live_session(proxied):
    agent = proxied.node()
    operator = proxied.popen_connect(proxied.target(), "--", "sleep 60")
    try:
        agent.wait_log("tunnel.open")
        eventually(lambda: proxied.endpoint()["sessions"], "a session")
        proxied.proxy.cut(server=False)
        eventually(lambda: agent.log().count("tunnel.open ") == 2, "the tunnel again", 5)
    finally:
        operator.kill()


def test_a_tunnel_whose_end_only_edged_noticed_is_opened_again_for_a_live_session(proxied):
    proxied.set("tunnel.probe", "150ms")
    agent = proxied.node()
    operator = proxied.popen_connect(proxied.target(), "--", "sleep 60")
    try:
        agent.wait_log("tunnel.open")
        eventually(lambda: proxied.endpoint()["sessions"], "a session")
        proxied.proxy.cut(client=False)
        eventually(lambda: agent.log().count("tunnel.open ") == 2, "the tunnel again", 8)
    finally:
        operator.kill()


def test_a_tunnel_that_nobody_uses_is_not_opened_again_when_it_is_cut(proxied):
    agent = proxied.node()
    assert proxied.connect(proxied.target(), "--", "true").returncode == 0
    eventually(lambda: proxied.endpoint()["sessions"] == [], "the session has ended")
    proxied.proxy.cut()
    proxied.wait_held()
    assert proxied.endpoint()["tunnel"]["reason"] == "lost"
    assert agent.log().count("tunnel.open ") == 1


def test_a_tunnel_that_is_cut_again_and_again_is_opened_with_growing_pauses(proxied):
    agent = proxied.node("shop-17", **{"check-in.backoff-least": "200ms", "check-in.backoff-most": "10s"})
    proxied.proxy.most_bytes = 2200  # enough to log in, not to live
    with proxied.required():
        agent.wait_log("tunnel.closed|tunnel.failed")
        before = proxied.proxy.accepted
        time.sleep(3)  # how often in that time is what is tested
        assert proxied.proxy.accepted - before < 20


def test_a_dead_link_is_noticed_by_its_probes(edge):
    edge.set("tunnel.probe", "200ms")
    agent = edge.node()
    assert edge.connect(edge.target(), "--", "true").returncode == 0
    eventually(lambda: edge.endpoint()["sessions"] == [], "the session has ended")  # else it is wanted back
    agent.send(signal.SIGSTOP)
    eventually(lambda: edge.tunnel_state() == "failed", "the tunnel counts as lost", 5)
    assert edge.endpoint()["tunnel"]["reason"] == "lost"
    agent.send(signal.SIGCONT)
    edge.wait_held()
    assert edge.connect(edge.target(), "--", "true").returncode == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_after_a_restart_of_edged_a_tunnel_opens_again(edge, number):
    edge.node()
    assert edge.connect(edge.target(), "--", "true").returncode == 0
    edge.restart(number)
    assert edge.connect(edge.target(), "--wait", "20s", "--", "echo", "far").stdout == "far\n"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_after_a_restart_of_the_agent_a_tunnel_opens_again(edge, number):
    agent = edge.node()
    assert edge.connect(edge.target(), "--", "true").returncode == 0
    agent.stop(number)
    eventually(lambda: edge.tunnel_state() != "open", "edged noticed")
    agent.start()
    assert edge.connect(edge.target(), "--wait", "20s", "--", "echo", "far").stdout == "far\n"


def test_removing_the_endpoint_closes_its_tunnel(edge):
    agent = edge.node()
    assert edge.connect(edge.target(), "--", "true").returncode == 0
    edge.ok("endpoint", "rm", "shop-17", "--yes")
    agent.wait_log("tunnel.closed")
    assert agent.wait() == 78
    eventually(lambda: edge.ctl_json("status")["tunnels"] == 0, "no tunnel")


# --- why there is none

DIRECT = {"tunnel.transport": "direct"}  # where the tunnel port alone is what fails

def test_the_reason_of_a_blocked_tunnel_port_is_reported_and_shown(bare):
    blocked = free_port()
    bare.init(tunnel_dialled=blocked).start()
    agent = bare.node(**DIRECT)
    operator = bare.popen_connect(bare.target(), "--", "echo", "far")
    proxy = None
    try:
        agent.wait_log(f"tunnel.failed reason=agent-unreachable-tunnel-port .*localhost:{blocked}")
        shown = eventually(lambda: next((i for i in bare.endpoint()["instances"] if i["failure"]), None), "the failure")
        assert shown["failure"] == "agent-unreachable-tunnel-port"
        assert f"localhost:{blocked}: Connection refused" in shown["failure-detail"]
        for_people = bare.ok("endpoint", "show", "shop-17").stdout
        assert "agent-unreachable-tunnel-port" in for_people and f"localhost:{blocked}" in for_people
        line = operator.stderr.readline().decode()
        while line and "agent-unreachable-tunnel-port" not in line:
            line = operator.stderr.readline().decode()
        assert f"localhost:{blocked}" in line, "the waiting operator is told"
        proxy = TcpProxy(bare.tunnel_port, port=blocked)  # the firewall is opened
        out, err = operator.communicate(timeout=15)
        assert (operator.returncode, out) == (0, b"far\n"), err
        assert bare.endpoint()["instances"][0]["failure"] == ""
    finally:
        operator.kill()
        if proxy:
            proxy.close()


def test_a_connect_that_gives_up_says_why_the_tunnel_did_not_open(bare):
    blocked = free_port()
    bare.init(tunnel_dialled=blocked).start()
    bare.node(**DIRECT)
    done = bare.connect(bare.target(), "--wait", "2s", "--", "true")
    assert done.returncode == 255
    assert "agent-unreachable-tunnel-port" in done.stderr and f"localhost:{blocked}" in done.stderr


def test_a_wrong_host_key_is_reported_and_no_password_is_sent(edge):
    assert edge.join(*edge.create()).returncode == 0
    edit_identity(edge, host_keys=["SHA256:" + "A" * 43])
    agent = edge.start_agent()
    edge.wait_held()
    with edge.required():
        line = agent.wait_log("tunnel.failed reason=host-key-mismatch.*").group()
        assert f"localhost:{edge.tunnel_port}" in line
        assert edge.ctl_json("status")["host-key"] in line, "what the server shows"
        eventually(lambda: edge.endpoint()["instances"][0]["failure"] == "host-key-mismatch", "the failure is shown")
        assert "wrong credentials" not in edge.edged.log()
        eventually(lambda: edge.edged.log().count("tunnel.refused") >= 3, "it goes on trying")


def test_when_nobody_checks_in_the_reason_is_no_check_in(edge):
    raw_agent(edge)
    assert edge.connect(edge.target(), "--wait", "300ms", "--", "true").returncode == 255
    tunnel = edge.endpoint()["tunnel"]
    assert (tunnel["state"], tunnel["reason"]) == ("failed", "no-check-in")


def test_every_change_of_a_tunnels_state_is_one_log_line(edge):
    edge.node(**DIRECT)
    edge.set("tunnel.idle", "300ms")
    assert edge.connect(edge.target(), "--", "true").returncode == 0
    edge.wait_tunnel("idle", timeout=5)
    edge.edged.wait_log("from=closing to=idle")
    changes = re.findall(r"tunnel\.state .*from=(\S+) to=(\S+)", edge.edged.log())
    assert changes == [("idle", "required"), ("required", "connecting"), ("connecting", "open"), ("open", "closing"),
                       ("closing", "idle")]
