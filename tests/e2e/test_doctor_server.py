"""edgectl doctor: edged as agents find it, and an endpoint down to its tunnel; each FAIL by a real fault."""
import contextlib
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import time

import pytest

from edge import BIN, Edge, eventually
from faults import refusing, silent, swallowing, web_server
from proxies import proxied
from test_check_in import edit_identity
from test_doctor import SOME_FAILED, Report
from test_stuck_log import garbage, stuck  # noqa: F401 (a fixture)


def doctor(edge, *arguments):
    return Report(edge.ctl("doctor", "--step-timeout", "2s", "-o", "json", *arguments))


@pytest.fixture
def other():
    """Another edged, whose ports are the wrong ones."""
    server = Edge()
    try:
        yield server.start()
    finally:
        server.close()


# --- nothing is wrong

def test_where_all_is_well_every_check_of_edged_passes(edge):
    report = doctor(edge)
    assert report.status == 0, report
    names = ["edged", "poll name", "poll tcp", "poll tls", "poll http", "tunnel name", "tunnel tcp", "tunnel ssh",
             "certificate", "store", "descriptors", "connections", "log"]
    assert list(dict.fromkeys(check["name"] for check in report.checks)) == names
    assert all(check["verdict"] == "PASS" for check in report.checks), report
    assert not (edge.folder / "state" / "doctor").exists()  # what was written to try it


def test_an_endpoint_is_looked_at_down_to_a_ping_through_its_tunnel(shop):
    report = doctor(shop, "shop-17")
    assert report.status == 0, report
    for name in ("endpoint", "association", "instances", "hold", "last tunnel", "trial"):
        assert report.verdict(name) == "PASS", f"{name}\n{report!r}"
    assert re.match(r"open after \d+ ms, and its agent answered a ping in \d+ ms", report.all("trial")[0]["seen"])
    assert shop.tunnel_state() == "open"
    assert doctor(shop, "shop-17").status == 0  # by the open one


def test_it_says_for_people_what_it_says_for_programs(shop):
    done = shop.ctl("doctor", "shop-17")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("PASS  edged ") and done.stdout.splitlines()[-1].startswith("all is well")
    assert done.stderr == ""


# --- edged

def test_an_edged_that_is_stopped(edge):
    edge.edged.stop()
    report = doctor(edge)
    assert report.good_but("edged"), report
    assert "systemctl status edged" in report.failed("edged")["next"]
    assert report.verdict("all else") == "SKIP"


def test_an_edged_that_is_stuck(edge):
    edge.edged.send(signal.SIGSTOP)
    report = doctor(edge)
    edge.edged.send(signal.SIGCONT)
    assert report.good_but("edged"), report
    assert "did not answer within" in report.failed("edged")["seen"]


@pytest.mark.parametrize("fault,check", [(refusing, "tcp"), (swallowing, "tcp")])
@pytest.mark.parametrize("port", ["poll", "tunnel"])
def test_a_port_that_is_not_where_agents_are_told(bare, port, fault, check):
    with fault() as wrong:
        bare.init(**{f"{port}_dialled": wrong}).start()
        report = doctor(bare)
    assert report.good_but(f"{port} {check}"), report
    assert f"{port}.listen" in report.failed(f"{port} {check}")["next"] or fault is swallowing


@pytest.mark.parametrize("port", ["poll", "tunnel"])
def test_a_name_that_means_nothing(bare, port):
    bare.init()
    number = bare.poll_port if port == "poll" else bare.tunnel_port
    bare.config.write_text(bare.config.read_text().replace(f"localhost:{number}", f"edged.invalid:{number}"))
    bare.start()
    assert doctor(bare).good_but(f"{port} name")


@pytest.mark.parametrize("fault", [silent, web_server])
def test_something_else_listens_where_agents_are_told(bare, fault):
    with fault() as wrong:
        bare.init(poll_dialled=wrong, tunnel_dialled=wrong).start()
        assert doctor(bare).good_but("poll tls", "tunnel ssh")


def test_another_edged_listens_where_agents_are_told(bare, other):
    bare.init(poll_dialled=other.poll_port, tunnel_dialled=other.tunnel_port).start()
    report = doctor(bare)
    assert report.good_but("poll tls", "tunnel ssh"), report
    assert other.ctl_json("status")["host-key"] in report.failed("tunnel ssh")["seen"]
    assert other.ctl_json("status")["pins"][0] in report.failed("poll tls")["seen"]


def test_a_proxy_that_does_not_reach_edged(bare):
    with proxied(bare, "nginx") as proxy:
        report = doctor(bare)
        assert report.status == 0, report
        proxy.stop()
        configured = (bare.folder / "nginx.cfg").read_text()
        (bare.folder / "nginx.cfg").write_text(configured.replace(f"127.0.0.1:{bare.poll_port}", "127.0.0.1:1"))
        shutil.rmtree(bare.folder / "nginx")
        (bare.folder / "nginx").mkdir()
        proxy.program.start()
        proxy.wait_listening(proxy.program)
        report = doctor(bare)
    assert report.good_but("poll http"), report
    assert "502" in report.failed("poll http")["seen"]


def test_a_certificate_that_is_gone(edge):
    (edge.folder / "tls.crt").rename(edge.folder / "tls.crt.away")
    assert doctor(edge).good_but("certificate")


def test_a_certificate_with_another_key(edge, other):
    shutil.copy(other.folder / "tls.crt", edge.folder / "tls.crt")
    failed = doctor(edge).failed("certificate")
    assert "another key" in failed["seen"]


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts a file system; run as root")
def test_a_disk_that_is_full():
    edge = Edge()
    try:
        edge.init()
        state = edge.folder / "state"
        state.mkdir(exist_ok=True)
        # In a name space of its own: nothing is left mounted, whatever happens.
        edge.edged = edge.spawn(["unshare", "--mount", "sh", "-c",
                                 f"mount -t tmpfs -o size=4m none {state} && exec {BIN}/edged --config {edge.config}"],
                                "edged.log")
        edge.edged.wait_log("edged.ready")
        report = doctor(edge)
        assert report.good_but("store"), report  # 4 MB are little
        assert "are free" in report.failed("store")["seen"]
        full = pathlib.Path(f"/proc/{edge.edged.pid}/root{state}/full")
        with contextlib.suppress(OSError), open(full, "wb", buffering=0) as file:
            while file.write(bytes(65536)):
                pass
        failed = doctor(edge).failed("store")
        assert "No space left" in failed["seen"] and "df " in failed["next"]
    finally:
        edge.close()


def test_descriptors_that_are_nearly_used_up(edge):
    view = doctor(edge)
    open_now = int(re.match(r"(\d+) of", view.all("descriptors")[0]["seen"]).group(1))
    subprocess.run(["prlimit", "--pid", str(edge.edged.pid), f"--nofile={open_now + 2}:"], check=True)
    report = doctor(edge)
    assert "LimitNOFILE" in report.failed("descriptors")["next"], report


def test_connections_that_are_nearly_used_up(bare):
    bare.settings = {"limits.connections": "20"}
    bare.start()
    with contextlib.ExitStack() as held:
        for _ in range(18):
            held.enter_context(socket.create_connection(("localhost", bare.tunnel_port)))
        eventually(lambda: bare.ctl_json("status")["connections"] >= 18, "connections are open")
        report = doctor(bare)
    assert "limits.connections" in report.failed("connections")["next"], report


def test_log_lines_that_were_lost(stuck):  # noqa: F811
    def lost():
        garbage(stuck, 200)
        return doctor(stuck).verdict("log") == "FAIL"
    eventually(lost, "lines are lost", 60)
    assert re.match(r"\d+ lines were lost", doctor(stuck).failed("log")["seen"])


# --- an endpoint

def test_an_endpoint_that_does_not_exist(shop):
    report = doctor(shop, "shop-71")
    assert report.good_but("endpoint"), report
    assert "did you mean 'shop-17'?" in report.failed("endpoint")["next"]


def test_an_endpoint_that_nobody_has_joined(edge):
    edge.create()
    report = doctor(edge, "shop-17")
    assert report.good_but("association"), report
    assert "edgectl endpoint token shop-17" in report.failed("association")["next"]
    assert report.verdict("trial") == "SKIP"


def test_a_join_token_that_has_expired(edge):
    edge.create("shop-17", "--expires", "1ms")
    assert "has expired" in doctor(edge, "shop-17").failed("association")["seen"]


def test_an_endpoint_with_a_url_of_its_own(shop):
    with refusing() as port:
        shop.create("shop-18", "--url", f"https://localhost:{port}")
        report = doctor(shop, "shop-18")
    assert report.good_but("association", "poll tcp"), report
    assert report.verdict("poll http") == "PASS"  # of edged's own


def test_an_endpoint_that_is_offline(edge):
    edge.set("check-in.hold", "off")
    edge.set("check-in.interval", "100ms")
    edge.node().stop()
    edge.wait_state("offline", timeout=40)  # 20 s after its last check-in
    report = doctor(edge, "shop-17")
    assert report.good_but("instances"), report
    assert "edge-agent doctor" in report.failed("instances")["next"]
    assert report.verdict("trial") == "SKIP"


def test_an_agent_that_does_not_come_when_it_is_needed(shop):
    shop.agent.send(signal.SIGSTOP)
    started = time.monotonic()
    report = doctor(shop, "shop-17", "--wait", "2s")
    shop.agent.send(signal.SIGCONT)
    assert report.good_but("trial"), report
    assert "the agent's turn" in report.failed("trial")["meaning"]
    assert time.monotonic() - started < 15


@pytest.mark.parametrize("fault", [refusing, silent])
def test_an_agent_that_cannot_reach_the_tunnel_port(bare, fault):
    with fault() as port:
        bare.init(tunnel_dialled=port).start()
        bare.node(**{"connect.deadline": "500ms", "tunnel.transport": "direct"})
        bare.wait_held()
        report = doctor(bare, "shop-17", "--wait", "3s")
    failed = report.failed("trial")
    reason = "agent-unreachable-tunnel-port" if fault is refusing else "handshake-timeout"
    assert f"last reason: {reason}" in failed["seen"], report
    assert "connecting" in failed["seen"] and "edge-agent doctor" in failed["next"]
    # And afterwards it is what the agent has reported.
    assert reason in doctor(bare, "shop-17", "--wait", "1s").failed("last tunnel")["seen"]


def test_an_agent_that_refuses_the_host_key(shop):
    shop.agent.stop()
    edit_identity(shop, host_keys=["SHA256:" + "A" * 43])
    shop.start_agent()
    shop.wait_held()
    report = doctor(shop, "shop-17", "--wait", "2s")
    assert "host-key-mismatch" in report.failed("trial")["seen"], report
    assert "edgectl endpoint token shop-17" in report.failed("trial")["next"]


def test_a_connect_that_fails_speaks_from_the_same_table(bare):
    with refusing() as port:
        bare.init(tunnel_dialled=port).start()
        bare.node(**{"tunnel.transport": "direct"})
        done = bare.connect(bare.target(), "--wait", "2s", "--", "true")
    assert done.returncode == 255
    assert "last reason: agent-unreachable-tunnel-port (" in done.stderr
    assert "which means: the agent gets no connection to the tunnel port" in done.stderr
    assert "hint: on the node: edge-agent doctor" in done.stderr


def test_a_doctor_shows_on_a_terminal_what_it_waits_for(bare):
    import pexpect
    with refusing() as port:
        bare.init(tunnel_dialled=port).start()
        bare.node(**{"tunnel.transport": "direct"})
        shown = pexpect.spawn(str(BIN / "edgectl"), ["doctor", "shop-17", "--wait", "2s"], env=bare.environment(),
                              encoding="utf-8", timeout=30)
        try:
            shown.expect(r"connecting to shop-17: .*last attempt: agent-unreachable-tunnel-port")
            shown.expect("FAIL.*trial")
            shown.expect("means  ")
            shown.expect("checks failed")
            shown.expect(pexpect.EOF)
            shown.close()
            assert shown.exitstatus == SOME_FAILED
        finally:
            shown.close(force=True)
