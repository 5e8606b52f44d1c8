"""edge-agent doctor: each way for it to say FAIL, made by a fault that is really there."""
import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import time

import pytest

from edge import BIN, eventually
from faults import refusing, shifted_clock, silent, speaking, swallowing, web_server
from poll_client import raw_agent
from proxies import HaProxy, proxied
from ssh_client import Closed, SshClient
from tcp_proxy import TcpProxy
from test_check_in import edit_identity
from test_dialing import NAME, in_front
from ways_out import PASSWORD

SOME_FAILED = 10


class Report:
    def __init__(self, done):
        assert done.returncode in (0, SOME_FAILED), done.stderr
        self.status, self.json = done.returncode, json.loads(done.stdout)
        assert self.json["apiVersion"] == "edge/v1" and self.json["kind"] == "Doctor"
        self.checks = self.json["checks"]
        failed = [check for check in self.checks if check["verdict"] == "FAIL"]
        assert self.json["healthy"] == (not failed)
        assert self.status == (SOME_FAILED if failed else 0)
        for check in failed:
            assert check["seen"] and check["meaning"] and check["next"], check

    def all(self, name):
        return [check for check in self.checks if check["name"] == name]

    def verdict(self, name):
        """The worst one of that name."""
        found = {check["verdict"] for check in self.all(name)}
        return next((verdict for verdict in ("FAIL", "SKIP", "PASS") if verdict in found), None)

    def failed(self, name):
        found = [check for check in self.all(name) if check["verdict"] == "FAIL"]
        assert found, f"{name} did not fail:\n{self!r}"
        return found[0]

    def good_but(self, *names):
        """Nothing else failed."""
        return {check["name"] for check in self.checks if check["verdict"] == "FAIL"} == set(names)

    def __repr__(self):
        return json.dumps(self.json, indent=1)


def doctor(edge, *arguments, each="2s", env=None, **settings):
    config = ["--config", edge.agent_config("doctor", **settings)] if settings else []
    return Report(edge.run("edge-agent", *config, "--state", edge.agent_state(), "doctor", "--timeout", each,
                           "-o", "json", *arguments, env=env))


def joined(edge, *arguments):
    token, edge_id = edge.create()
    assert edge.join(token, edge_id, "agent", *arguments).returncode == 0
    return edge


# --- nothing is wrong

def test_where_all_is_well_every_check_passes(shop):
    report = doctor(shop)
    assert report.status == 0, report
    for name in ("identity", "agent", "poll name", "poll tcp", "poll tls", "poll http", "clock", "check-in",
                 "last tunnel", "hold", "tunnel name", "tunnel tcp", "tunnel ssh", "tunnel trial", "poll trial"):
        assert report.verdict(name) == "PASS", f"{name}\n{report!r}"
    assert f"pid {shop.agent.pid}" in report.all("agent")[0]["seen"]
    shop.edged.wait_log("tunnel.trial .*outcome=answered")


def test_it_says_for_people_what_it_says_for_programs(shop):
    done = shop.run("edge-agent", "--state", shop.agent_state(), "doctor")
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].startswith("PASS  identity      ")
    assert re.search(r"^PASS  tunnel trial  by localhost:\d+: login, forward, .* \(\d+ ms\)$", done.stdout, re.M)
    assert lines[-1].startswith("all is well")
    assert done.stderr == ""  # no terminal, no progress


def test_a_doctor_beside_the_agent_is_no_clone_and_no_check_in(shop):
    shop.set("check-in.hold", "1s")
    before = shop.endpoint()
    for _ in range(3):
        assert doctor(shop).status == 0
    shop.wait_held()
    shown = shop.endpoint()
    assert shown["tunnel"]["state"] == before["tunnel"]["state"] == "idle"
    assert "instance.cloned" not in [event["kind"] for event in shown["events"]]
    assert not re.search("refuse|another machine|not connected", shop.agent.log()), shop.agent.log()
    shop.restart()
    shop.wait_held()
    assert doctor(shop).status == 0
    shop.wait_held()


def test_a_doctor_beside_a_live_session_disturbs_nothing(shop):
    operator = shop.popen_connect(shop.target(), "--", "cat")
    try:
        operator.stdin.write(b"before\n")
        operator.stdin.flush()
        assert operator.stdout.readline() == b"before\n"
        tunnel = shop.endpoint()["tunnel"]
        report = doctor(shop)
        assert report.status == 0, report
        assert "tunnel is open" in report.all("check-in")[0]["seen"]
        assert shop.endpoint()["tunnel"]["id"] == tunnel["id"]
        operator.stdin.write(b"after\n")
        operator.stdin.close()
        assert operator.stdout.readline() == b"after\n"
        assert operator.wait(20) == 0
    finally:
        operator.kill()
        operator.wait()


def test_a_doctor_while_the_endpoint_is_required_takes_nothing_from_the_operator(edge):
    joined(edge)
    with edge.required():
        edge.wait_tunnel("required")
        report = doctor(edge)
        assert report.verdict("tunnel trial") == "PASS", report
        assert edge.tunnel_state() == "required"
    assert edge.edged.process.poll() is None


def test_trials_are_limited_and_say_so(shop):
    for _ in range(6):
        assert doctor(shop).verdict("poll trial") == "PASS"
    report = doctor(shop)
    assert report.status == 0
    for name in "tunnel trial", "poll trial":
        assert report.verdict(name) == "SKIP" and re.search(r"again in \d+ s", report.all(name)[0]["seen"])


# --- this node

def test_a_node_that_has_not_joined(edge):
    failed = doctor(edge).failed("identity")
    assert "has not joined" in failed["seen"] and "endpoint create" in failed["next"]


def test_an_identity_that_others_may_read(edge):
    joined(edge)
    (edge.agent_state() / "identity.json").chmod(0o644)
    assert doctor(edge).good_but("identity")


def test_an_identity_that_is_not_associated_yet(edge):
    joined(edge, "--offline")
    report = doctor(edge)
    assert report.good_but("agent"), report
    assert "not associated yet" in report.all("identity")[0]["seen"]
    assert report.verdict("poll http") == report.verdict("tunnel trial") == "SKIP"
    assert report.verdict("tunnel ssh") == "PASS"


def test_an_agent_that_does_not_run(edge):
    joined(edge)
    report = doctor(edge)
    assert report.good_but("agent"), report
    assert f"edge-agent run --state {edge.agent_state()}" in report.failed("agent")["next"]
    assert report.verdict("check-in") == "SKIP" and report.verdict("tunnel trial") == "PASS"


def test_an_agent_that_is_stuck(edge):
    edge.set("check-in.hold", "off")
    edge.set("check-in.interval", "100ms")
    agent = edge.node()
    agent.send(signal.SIGSTOP)
    edge.wait_state("offline", timeout=40)  # 20 s after its last check-in
    report = doctor(edge)
    assert report.good_but("check-in"), report
    assert "though it runs" in report.failed("check-in")["seen"]
    assert report.verdict("tunnel trial") == "PASS"


def test_a_clone_of_this_node(edge):
    edge.set("check-in.hold", "200ms")
    edge.node()
    shutil.copytree(edge.agent_state(), edge.agent_state("copy"))
    (edge.agent_state("copy") / "lock").unlink()
    edge.start_agent("copy").wait_log("another machine checks in with this node's identity")
    failed = doctor(edge).failed("check-in")
    assert "another machine" in failed["seen"] and "edge-agent leave" in failed["next"]


def test_a_second_agent_on_one_state_folder_is_refused(shop):
    second = shop.run("edge-agent", "--state", shop.agent_state(), "run")
    assert second.returncode == 8
    assert f"(pid {shop.agent.pid})" in second.stderr
    assert doctor(shop).status == 0


@pytest.mark.parametrize("seconds,words", [(3600, "ahead of"), (-7200, "behind")])
def test_a_clock_that_is_wrong(shop, seconds, words):
    report = doctor(shop, env=shifted_clock(shop.folder, seconds))
    assert report.good_but("clock"), report
    assert words in report.failed("clock")["seen"]


# --- the way to the poll port

def test_a_name_that_means_nothing_here(shop):
    edit_identity(shop, urls=[f"https://edged.invalid:{shop.poll_port}"])
    report = doctor(shop)
    assert report.good_but("poll name"), report
    assert report.verdict("tunnel ssh") == "PASS" and report.verdict("tunnel trial") == "SKIP"


@pytest.mark.skipif(os.geteuid() != 0, reason="serves port 53 and mounts a file; run as root")
def test_a_name_server_that_never_answers_is_not_waited_for(shop):
    address = "127.0.0.53"
    resolv = shop.folder / "resolv.conf"
    resolv.write_text(f"nameserver {address}\noptions timeout:30 attempts:1\n")
    edit_identity(shop, urls=[f"https://edged.example.com:{shop.poll_port}"])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as deaf:
        deaf.bind((address, 53))
        started = time.monotonic()
        done = subprocess.run(["unshare", "--mount", "sh", "-c", 'mount --bind "$0" /etc/resolv.conf && exec "$@"', resolv,
                               BIN / "edge-agent", "--state", shop.agent_state(), "doctor", "--timeout", "1s", "-o", "json"],
                              capture_output=True, text=True, timeout=60)
        assert time.monotonic() - started < 10
        assert deaf.recv(512)  # it was asked
    report = Report(done)
    assert report.good_but("poll name"), report
    assert "no answer in time" in report.failed("poll name")["seen"]


def test_a_second_url_serves_where_the_first_one_fails(shop):
    with refusing() as port:
        edit_identity(shop, urls=[f"https://localhost:{port}", f"https://localhost:{shop.poll_port}"])
        report = doctor(shop)
    assert report.good_but("poll tcp"), report
    assert report.verdict("poll http") == report.verdict("tunnel trial") == "PASS"


def test_an_edged_that_is_stopped(shop):
    shop.edged.stop()
    report = doctor(shop)
    assert report.good_but("poll tcp", "tunnel tcp"), report
    assert "refuse" in report.failed("poll tcp")["seen"].lower()
    assert "systemctl status edged" in report.failed("poll tcp")["next"]


def test_an_edged_that_is_stuck(shop):
    shop.edged.send(signal.SIGSTOP)
    report = doctor(shop, each="500ms")
    shop.edged.send(signal.SIGCONT)
    assert report.good_but("poll tls", "tunnel ssh"), report
    assert "in time" in report.failed("poll tls")["seen"] and "edgectl doctor" in report.failed("poll tls")["next"]


@pytest.mark.parametrize("fault,check,words", [
    (refusing, "poll tcp", "refuse"), (swallowing, "poll tcp", "no answer in time"),
    (silent, "poll tls", "no TLS handshake in time"), (web_server, "poll tls", "TLS handshake failed")])
def test_a_poll_port_that_is_not_reached(shop, fault, check, words):
    with fault() as port:
        edit_identity(shop, urls=[f"https://localhost:{port}"])
        started = time.monotonic()
        report = doctor(shop)
    assert report.good_but(check), report
    assert words.lower() in report.failed(check)["seen"].lower()
    assert report.verdict("poll http") is None and report.verdict("tunnel trial") == "SKIP"
    assert time.monotonic() - started < 15


def test_a_poll_port_with_another_key(shop):
    pin = "sha256/" + "A" * 43 + "="
    edit_identity(shop, pins=[pin])
    report = doctor(shop)
    assert report.good_but("poll tls"), report
    failed = report.failed("poll tls")
    assert pin in failed["seen"] and shop.ctl_json("status")["pins"][0] in failed["seen"]


@pytest.mark.parametrize("kind,status", [("nginx", 502), ("haproxy-http", 503)])
def test_a_proxy_that_does_not_reach_edged(bare, kind, status):
    with proxied(bare, kind):
        joined(bare)
        bare.edged.stop()
        failed = doctor(bare, each="10s").failed("poll http")  # HAProxy tries three times, a second apart
    assert str(status) in failed["seen"] and "does not reach edged" in failed["meaning"]


def test_a_proxy_that_does_not_reach_edged_still_tells_the_time(bare):
    with proxied(bare, "nginx"):
        joined(bare)
        bare.edged.stop()
        assert doctor(bare).verdict("clock") == "PASS"


# --- what edged answers

def test_a_new_token_makes_this_identity_worthless(shop):
    shop.ok("endpoint", "token", "shop-17", "--yes")
    report = doctor(shop)
    assert report.good_but("poll http"), report
    failed = report.failed("poll http")
    assert failed["seen"].startswith("401") and "edgectl endpoint token shop-17" in failed["next"]


def test_an_endpoint_that_was_removed(shop):
    shop.ok("endpoint", "rm", "shop-17", "--yes")
    report = doctor(shop)
    assert "poll http" in {check["name"] for check in report.checks if check["verdict"] == "FAIL"}
    assert report.failed("poll http")["seen"].startswith("410")


# --- hold

def test_something_that_cuts_what_is_held(bare):
    proxy = TcpProxy(bare.poll_port, idle=0.7)
    try:
        bare.init(poll_dialled=proxy.port).start()
        joined(bare)
        report = doctor(bare)
        assert report.good_but("agent", "hold"), report
        assert "behind-a-proxy" in report.failed("hold")["next"]
        assert report.verdict("tunnel trial") == "PASS"  # over another connection
    finally:
        proxy.close()


def test_an_agent_that_had_to_shorten_its_wait(bare):
    proxy = TcpProxy(bare.poll_port, idle=2.5)
    try:
        bare.init(poll_dialled=proxy.port).start()
        bare.set("check-in.interval", "500ms")
        bare.set("check-in.hold", "20s")
        bare.node()
        eventually(lambda: bare.endpoint()["instances"][0]["shortened-hold"], "a shorter wait")
        report = doctor(bare)
        assert report.good_but("hold"), report
        assert "instead of the 20s" in report.failed("hold")["seen"]
    finally:
        proxy.close()


def test_the_whole_hold_can_be_tried(shop):
    shop.set("check-in.hold", "3s")
    hold = doctor(shop, "--hold").all("hold")[0]
    assert hold["verdict"] == "PASS" and hold["took-ms"] >= 2900, hold


# --- the tunnel port: check-ins go through, tunnels do not

@pytest.mark.parametrize("fault,check,words", [
    (refusing, "tunnel tcp", "refuse"), (swallowing, "tunnel tcp", "no answer in time"),
    (silent, "tunnel ssh", "says nothing"), (web_server, "tunnel ssh", "says nothing")])
def test_a_tunnel_port_that_is_not_reached_while_check_ins_are(bare, fault, check, words):
    with fault() as port:
        bare.init(tunnel_dialled=port).start()
        joined(bare)
        bare.start_agent()
        bare.wait_held()
        report = doctor(bare)
    assert report.good_but(check, "tunnel trial"), report
    assert words in report.failed(check)["seen"].lower()
    assert "(" in report.failed("tunnel trial")["seen"] and report.verdict("poll http") == "PASS"


def test_a_tunnel_port_that_speaks_something_else(bare):
    with speaking(b"220 mail.example.com ESMTP\r\n") as port:
        bare.init(tunnel_dialled=port).start()
        joined(bare)
        report = doctor(bare)
    assert report.good_but("agent", "tunnel ssh", "tunnel trial"), report
    assert "220 mail.example.com" in report.failed("tunnel ssh")["seen"]


def test_a_tunnel_address_that_means_nothing_here(bare):
    bare.init()
    text = bare.config.read_text()
    bare.config.write_text(text.replace(f"localhost:{bare.tunnel_port}", f"edged.invalid:{bare.tunnel_port}"))
    bare.start()
    joined(bare)
    report = doctor(bare)
    assert report.good_but("agent", "tunnel name", "tunnel trial"), report
    assert "agent-unreachable-tunnel-port" in report.failed("tunnel trial")["seen"]


def test_a_tunnel_port_with_another_host_key(shop):
    edit_identity(shop, host_keys=["SHA256:" + "A" * 43])
    report = doctor(shop)
    assert report.good_but("tunnel ssh", "tunnel trial", "poll trial"), report
    assert shop.ctl_json("status")["host-key"] in report.failed("tunnel ssh")["seen"]
    assert "host-key-mismatch" in report.failed("tunnel trial")["seen"]
    assert "edgectl endpoint token shop-17" in report.failed("tunnel trial")["next"]


def test_a_way_that_breaks_in_the_middle_of_a_login(bare):
    """The host key is seen, so that all single steps pass; only a whole trial finds it."""
    proxy = TcpProxy(bare.tunnel_port)
    proxy.most_bytes = 600  # a look at the host key takes 499, all of a trial 1,255
    try:
        bare.init(tunnel_dialled=proxy.port).start()
        joined(bare)
        report = doctor(bare)
        assert report.good_but("agent", "tunnel trial"), report
        assert "(lost)" in report.failed("tunnel trial")["seen"]
    finally:
        proxy.close()


def test_an_identity_that_this_edged_does_not_know(shop):
    edit_identity(shop, instance="0" * 16)
    report = doctor(shop)
    assert report.good_but("poll http"), report
    assert report.failed("poll http")["seen"].startswith("401")


def test_what_the_agent_has_reported_is_told(bare):
    with refusing() as port:
        bare.init(tunnel_dialled=port).start()
        bare.node(**{"tunnel.transport": "direct"})
        with bare.required():
            eventually(lambda: bare.endpoint()["instances"][0]["failure"], "a report")
        failed = doctor(bare).failed("last tunnel")
    assert "agent-unreachable-tunnel-port" in failed["seen"] and str(port) in failed["seen"]


# --- both ways of a tunnel

def test_where_only_the_poll_port_passes_the_other_way_is_seen_to_work(bare):
    with refusing() as port:
        bare.init(tunnel_dialled=port).start()
        joined(bare)
        report = doctor(bare)
    assert report.good_but("agent", "tunnel tcp", "tunnel trial"), report
    assert report.verdict("poll trial") == "PASS"
    bare.edged.wait_log("tunnel.trial .*outcome=answered")


def test_a_network_that_is_known_to_pass_one_port_only_is_no_failure(bare):
    with refusing() as port:
        bare.init(tunnel_dialled=port).start()
        joined(bare)
        report = doctor(bare, **{"tunnel.transport": "poll-port"})
        assert report.good_but("agent"), report
        assert report.verdict("tunnel trial") == "SKIP" and report.verdict("poll trial") == "PASS"
        report = doctor(bare, **{"tunnel.transport": "direct"})
        assert report.verdict("tunnel trial") == "FAIL" and report.verdict("poll trial") == "SKIP"


class WithoutUpgrade(HaProxy):
    def spawn(self, text, arguments):
        assert "    option forwardfor" in text
        return super().spawn(text.replace("    option forwardfor", "    http-request del-header Upgrade\n    option forwardfor"),
                             arguments)


def test_a_proxy_in_front_that_knows_no_upgrade(bare):
    proxy = WithoutUpgrade(bare, "haproxy-http")
    try:
        joined(bare)
        report = doctor(bare)
    finally:
        proxy.stop()
    assert report.good_but("agent", "poll trial"), report
    failed = report.failed("poll trial")
    assert "Upgrade" in failed["seen"] and "docs/behind-a-proxy.md" in failed["next"]


@pytest.mark.parametrize("kind", ["haproxy-tcp", "haproxy-http"])
def test_a_doctor_behind_a_balancer_passes_by_both_ways(bare, kind):
    with proxied(bare, kind):
        joined(bare)
        report = doctor(bare)
    assert report.good_but("agent"), report
    assert report.verdict("poll trial") == report.verdict("tunnel trial") == "PASS"


# --- proxies of this node

@pytest.fixture
def hidden(bare):
    """A server by a name that the node cannot resolve: only who knows it reaches it."""
    return bare.init(url_host=NAME).start()


def join_by(edge, proxy):
    token, edge_id = edge.create()
    done = edge.run("edge-agent", "--state", edge.agent_state(), "join", "--edge-id", edge_id, input=token,
                    env={"HTTPS_PROXY": proxy.url()})
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("kind", ["http", "socks5"])
def test_a_doctor_takes_the_running_agents_proxy_and_not_its_shells(hidden, kind):
    proxy = in_front(hidden, kind, login=True)
    join_by(hidden, proxy)
    hidden.start_agent(env={"HTTPS_PROXY": proxy.url()})
    hidden.wait_held()
    report = doctor(hidden)
    assert report.status == 0, report
    seen = report.all("proxy")[0]["seen"]
    assert "named by HTTPS_PROXY" in seen and PASSWORD not in json.dumps(report.json)
    assert report.verdict("proxy tcp") == report.verdict("poll trial") == report.verdict("tunnel trial") == "PASS"
    assert proxy.carried(f"{NAME}:{hidden.tunnel_port}")


def test_a_proxy_that_is_not_there(shop):
    with refusing() as port:
        report = doctor(shop, **{"proxy.url": f"http://127.0.0.1:{port}"})
    assert report.good_but("proxy tcp", "poll tcp", "tunnel tcp"), report
    assert "proxy.url" in report.failed("proxy tcp")["next"]
    assert "named by proxy.url" in report.all("proxy")[0]["seen"]


def test_a_proxy_that_says_no(hidden):
    proxy = in_front(hidden, "http")
    join_by(hidden, proxy)
    closed = in_front(hidden, "http", more="ConnectPort 443\n")
    report = doctor(hidden, env={"HTTPS_PROXY": closed.url()})
    assert report.good_but("agent", "poll tcp", "tunnel tcp"), report
    assert "403" in report.failed("poll tcp")["seen"] and "CONNECT" in report.failed("poll tcp")["next"]
    assert report.verdict("proxy tcp") == "PASS"


@pytest.mark.parametrize("kind", ["http", "socks5"])
def test_a_proxy_that_wants_another_password(hidden, kind):
    proxy = in_front(hidden, kind, login=True)
    join_by(hidden, proxy)
    report = doctor(hidden, env={"HTTPS_PROXY": proxy.url("wrong")})
    assert report.good_but("agent", "poll tcp", "tunnel tcp"), report
    assert "another user or password" in report.failed("poll tcp")["meaning"]


def test_a_proxy_whose_url_is_none(shop):
    joined_already = doctor(shop, env={"HTTPS_PROXY": "gopher://proxy"})
    assert joined_already.status == 0  # the running agent's environment has none
    shop.agent.stop()
    report = doctor(shop, env={"HTTPS_PROXY": "gopher://proxy"})
    assert report.good_but("agent", "proxy"), report
    assert "HTTPS_PROXY" in report.failed("proxy")["seen"]


# --- the requests by hand

def test_a_stranger_gets_neither_view_nor_trial(edge):
    agent = raw_agent(edge)
    for method in ("GET", "POST"):
        headers = agent.mac(method, "/v1/trial", key=bytes(32))
        assert agent.connect().ask(method, "/v1/trial", headers).status == 401
        assert agent.connect().ask(method, "/v1/trial").status == 401
    replayed = agent.mac("POST", "/v1/trial")
    assert agent.connect().ask("POST", "/v1/trial", replayed).status == 200
    assert agent.connect().ask("POST", "/v1/trial", replayed).status == 401


def test_trial_credentials_work_once_and_edged_closes_by_itself(edge):
    agent = raw_agent(edge)
    offer = agent.line().ask("POST", "/v1/trial", agent.mac("POST", "/v1/trial")).json
    password = agent.password(offer)
    with SshClient(edge.tunnel_port).handshake() as client:
        assert client.login(offer["tunnel"], password) and client.forward()
        asked = []
        with contextlib.suppress(Closed):  # edged need not wait for the last word
            for _ in range(2):
                client.serve_one(lambda request: asked.append(request) or b"HTTP/1.1 204 No Content\r\n\r\n")
        assert [request.split(b" HTTP")[0] for request in asked] == [b"GET /v1/ping", b"POST /v1/close"]
    with SshClient(edge.tunnel_port).handshake() as again:
        assert not again.login(offer["tunnel"], password)
    assert edge.tunnel_state() == "idle" and edge.ctl_json("status")["tunnels"] == 0


def test_after_twelve_trials_in_a_minute_the_next_is_put_off(edge):
    agent = raw_agent(edge)
    ask = lambda: agent.line().ask("POST", "/v1/trial", agent.mac("POST", "/v1/trial"))  # noqa: E731
    for _ in range(12):
        assert ask().status == 200
    answer = ask()
    assert answer.status == 429 and 50 <= int(answer.headers["Retry-After"]) <= 60


def test_a_doctors_counter_does_not_overtake_its_agents(edge):
    agent = raw_agent(edge)
    ask = lambda path, counter: agent.line().ask("GET", path, agent.mac("GET", path, counter)).status  # noqa: E731
    assert [ask("/v1/check-in", 100), ask("/v1/trial", 10**9), ask("/v1/check-in", 101)] == [204, 200, 204]
    assert [ask("/v1/trial", 10**9), ask("/v1/check-in", 101)] == [401, 401]


def test_a_view_is_held_as_long_as_was_asked(edge):
    agent = raw_agent(edge)
    started = time.monotonic()
    answer = agent.line().ask("GET", "/v1/trial", {**agent.mac("GET", "/v1/trial"), "Prefer": "wait=0.5"})
    assert answer.status == 200 and 0.45 <= time.monotonic() - started < 5
    assert answer.json["name"] == "shop-17" and answer.json["tunnel"] == f"localhost:{edge.tunnel_port}"
