"""Checking in: who is heard, how fast an answer comes, and what happens when something is not as it should be."""
import json
import re
import shutil
import signal
import sqlite3
import time
from datetime import datetime

import pytest

from edge import Edge, eventually
from poll_client import Connection, RawAgent, another_instance, raw_agent
from tcp_proxy import TcpProxy
from traffic import cpu_seconds

ENDPOINT_REMOVED = 78  # edge-agent's exit code, RestartPreventExitStatus of its unit


def log_time(line):
    return datetime.fromisoformat(line.split()[0].replace("Z", "+00:00"))


def log_line(program, pattern):
    return program.wait_log(f".*{pattern}.*").group()


def edit_identity(edge, name="agent", **changes):
    file = edge.agent_state(name) / "identity.json"
    identity = json.loads(file.read_text())
    identity.update({key.replace("_", "-"): value for key, value in changes.items()})
    file.write_text(json.dumps(identity))


# --- hold

def test_a_held_check_in_is_answered_within_milliseconds_of_required(edge):
    agent = raw_agent(edge)
    connection = agent.send_check_in(wait=55)
    edge.wait_held()
    with edge.required():
        answer = connection.read()
    assert answer.status == 200 and answer.json["tunnel"]
    assert answer.headers["Edge-Next"] == "5/55"
    required = log_time(log_line(edge.edged, "tunnel.state.* to=required"))
    connecting = log_time(log_line(edge.edged, "tunnel.state.* to=connecting"))
    assert (connecting - required).total_seconds() < 0.1


def test_a_held_check_in_costs_no_cpu(edge):
    agent = raw_agent(edge)
    agent.send_check_in(wait=55)
    edge.wait_held()
    before = cpu_seconds(edge.edged.pid)
    time.sleep(1)  # of nothing
    assert cpu_seconds(edge.edged.pid) - before < 0.2


def test_a_check_in_without_prefer_is_answered_at_once(edge):
    agent = raw_agent(edge)
    answer = agent.check_in(timeout=2)
    assert answer.status == 204 and answer.headers["Edge-Next"] == "5/55"


def test_a_wait_is_clamped_to_what_the_server_ordered(edge):
    edge.set("check-in.hold", "300ms")
    agent = raw_agent(edge)
    started = time.monotonic()
    assert agent.check_in(wait=3600, timeout=5).status == 204
    assert 0.25 < time.monotonic() - started < 2


def test_a_shorter_wait_is_obeyed(edge):
    agent = raw_agent(edge)
    started = time.monotonic()
    assert agent.check_in(wait=0.2, timeout=5).status == 204
    assert 0.15 < time.monotonic() - started < 2


@pytest.mark.parametrize("prefer", ["wait=", "wait=-1", "wait=abc", "wait=1e9", "wait=99999999999999999999", "=;,", "x" * 900])
def test_a_malformed_wait_is_no_wait(edge, prefer):
    agent = raw_agent(edge)
    headers = {**agent.mac("GET", "/v1/check-in"), "Prefer": prefer}
    assert agent.check_in(headers=headers, timeout=2).status == 204


def test_the_newest_hold_of_an_instance_wins(edge):
    agent = raw_agent(edge)
    first = agent.send_check_in(wait=55, connection=agent.connect())
    edge.wait_held()
    second = agent.send_check_in(wait=55, connection=agent.connect())
    assert first.read(timeout=2).status == 204
    edge.wait_held()
    assert not second.answered(0.2)


def test_each_instance_of_an_endpoint_is_held(edge):
    first = raw_agent(edge)
    second = another_instance(first)
    first.send_check_in(wait=55, connection=first.connect())
    second.send_check_in(wait=55, connection=second.connect())
    edge.wait_held(count=2)


def test_an_agent_that_hangs_up_is_held_no_longer(edge):
    agent = raw_agent(edge)
    connection = agent.send_check_in(wait=55)
    edge.wait_held()
    connection.close()
    edge.wait_held(count=0)


def test_the_agent_asks_again_at_once_after_a_held_answer(edge):
    edge.set("check-in.hold", "300ms")
    edge.set("check-in.interval", "1h")
    edge.node()
    before = edge.ctl_json("status")["check-ins"]
    eventually(lambda: edge.ctl_json("status")["check-ins"] >= before + 3, "three more check-ins", 5)


def test_a_connection_that_is_cut_while_held_is_made_anew(bare):
    proxy = TcpProxy(bare.poll_port)
    try:
        bare.init(poll_dialled=proxy.port).start()
        agent = bare.node()
        bare.wait_held()
        before = proxy.accepted
        proxy.cut()
        eventually(lambda: proxy.accepted > before, "another connection", 5)
        bare.wait_held()
        assert "check-in.failing" not in agent.log(), "nothing failed: a kept connection may always be gone"
    finally:
        proxy.close()


# --- plain polling and the interval

def test_plain_polling_works_when_hold_is_off(edge):
    edge.set("check-in.hold", "off")
    edge.set("check-in.interval", "200ms")
    edge.node()
    before = edge.ctl_json("status")["check-ins"]
    eventually(lambda: edge.ctl_json("status")["check-ins"] >= before + 4, "four more check-ins", 5)
    assert edge.ctl_json("status")["held"] == 0
    assert edge.connect(edge.target(), "--", "echo", "far").stdout == "far\n"


def test_under_plain_polling_the_agent_keeps_to_the_interval(edge):
    edge.set("check-in.hold", "off")
    edge.set("check-in.interval", "400ms")
    edge.node()
    before, started = edge.ctl_json("status")["check-ins"], time.monotonic()
    eventually(lambda: edge.ctl_json("status")["check-ins"] >= before + 3, "three more check-ins", 5)
    assert time.monotonic() - started > 2 * 0.4 - 0.1


def test_a_changed_interval_reaches_a_held_agent_at_once(edge):
    agent = raw_agent(edge)
    connection = agent.send_check_in(wait=55)
    edge.wait_held()
    edge.set("check-in.interval", "7s")
    answer = connection.read(timeout=2)
    assert answer.status == 204 and answer.headers["Edge-Next"] == "7/55"


def test_turning_hold_off_reaches_a_held_agent_at_once(edge):
    edge.set("check-in.interval", "200ms")
    edge.node()
    edge.wait_held()
    edge.set("check-in.hold", "off")
    edge.wait_held(count=0)
    before = edge.ctl_json("status")["check-ins"]
    eventually(lambda: edge.ctl_json("status")["check-ins"] >= before + 3, "plain check-ins", 5)


def test_turning_hold_on_again_holds_the_agent(edge):
    edge.set("check-in.interval", "200ms")
    edge.set("check-in.hold", "off")
    edge.node()
    edge.set("check-in.hold", "30s")
    edge.wait_held()


def test_an_interval_for_one_endpoint_is_for_that_one_only(edge):
    one, other = raw_agent(edge, "shop-1"), raw_agent(edge, "shop-2")
    connections = [agent.send_check_in(wait=55) for agent in (one, other)]
    edge.wait_held("shop-1")
    edge.wait_held("shop-2")
    edge.set("check-in.interval", "30s", endpoint="shop-1")
    assert connections[0].read(timeout=2).headers["Edge-Next"] == "30/55"
    assert not connections[1].answered(0.2)
    assert other.check_in(connection=other.connect()).headers["Edge-Next"] == "5/55"


def test_an_interval_survives_a_restart(edge):
    agent = raw_agent(edge)
    edge.set("check-in.interval", "9s", endpoint="shop-17")
    edge.set("check-in.hold", "20s")
    edge.restart(signal.SIGKILL)
    assert agent.check_in(connection=agent.connect()).headers["Edge-Next"] == "9/20"


# --- state of an endpoint

def test_a_new_endpoint_is_new(edge):
    edge.create()
    shown = edge.endpoint()
    assert shown["state"] == "new" and shown["last-seen"] is None and not shown["associated"]


def test_an_endpoint_is_not_offline_right_after_a_restart(edge):
    raw_agent(edge)
    edge.restart(signal.SIGKILL)
    assert edge.endpoint()["state"] == "online"


def store_of(edge):
    return sqlite3.connect(next((edge.folder / "state").glob("*.db")))


def stopped_an_hour_after_silent(edge):
    """Two endpoints, and a stopped edged that saw `alive` an hour after `silent`."""
    silent, alive = raw_agent(edge, "silent"), raw_agent(edge, "alive")
    edge.edged.stop()
    with store_of(edge) as store:
        store.execute("UPDATE instance SET last_seen_ms = last_seen_ms - 3600000 WHERE endpoint_id = "
                      "(SELECT id FROM endpoint WHERE name = 'silent')")
    return silent, alive


def test_who_was_silent_long_before_a_restart_is_offline_after_it(edge):
    stopped_an_hour_after_silent(edge)
    edge.edged.start()
    edge.edged.wait_log("edged.ready")
    assert edge.endpoint("silent")["state"] == "offline"
    assert edge.endpoint("alive")["state"] == "online"


def test_who_came_back_just_before_a_kill_is_not_offline_after_it(edge):
    """Last-seen is saved every 15 s, a return at once: else it would be offline again."""
    silent, _ = stopped_an_hour_after_silent(edge)
    edge.edged.start()
    edge.edged.wait_log("edged.ready")
    before = last_seen_ms(edge, "silent")
    assert silent.check_in(connection=silent.connect()).status == 204
    eventually(lambda: last_seen_ms(edge, "silent") > before + 60_000, "the return is saved", 5)
    edge.restart(signal.SIGKILL)
    assert edge.endpoint("silent")["state"] == "online"


def test_a_stop_saves_when_agents_were_seen(edge):
    agent = raw_agent(edge)
    joined = last_seen_ms(edge)
    assert agent.check_in().status == 204
    edge.edged.stop()
    assert last_seen_ms(edge) > joined


def test_an_endpoint_with_a_tunnel_is_not_offline_after_a_kill(edge):
    """Whoever has a tunnel does not check in: what is saved is that it was open."""
    edge.node()
    done = edge.connect(edge.target(), "--", "true")
    assert done.returncode == 0, done.stderr
    connected = time.time() * 1000  # its last check-in was before
    eventually(lambda: last_seen_ms(edge) > connected, "it is saved", 25)
    assert edge.tunnel_state() == "open"
    edge.restart(signal.SIGKILL)
    assert edge.endpoint()["state"] == "online"


def last_seen_ms(edge, name="shop-17"):
    with store_of(edge) as store:
        return store.execute("SELECT last_seen_ms FROM instance JOIN endpoint ON endpoint.id = endpoint_id "
                             "WHERE name = ?", (name,)).fetchone()[0]


def test_an_endpoint_that_falls_silent_goes_offline_and_comes_back(edge):
    """The grace of 20 s is no setting, so this test takes that long."""
    edge.set("check-in.hold", "off")
    edge.set("check-in.interval", "100ms")
    agent = edge.node()
    agent.send(signal.SIGSTOP)
    edge.wait_state("offline", timeout=30)
    refused = edge.connect("shop-17")
    assert refused.returncode == 5 and "offline" in refused.stderr and "last seen" in refused.stderr
    agent.send(signal.SIGCONT)
    edge.wait_state("online", timeout=5)


# --- one identity, two machines

def cloned(edge):
    original = raw_agent(edge)
    original.check_in(connection=original.connect())
    clone = original.copy()
    clone.ticket = original.ticket
    return original, clone


def test_both_machines_of_a_cloned_instance_are_refused(edge):
    original, clone = cloned(edge)
    assert clone.check_in(connection=clone.connect(), headers=clone.by_ticket()).status == 204
    assert original.check_in(headers=original.by_ticket()).status == 409
    assert clone.check_in(headers=clone.by_ticket()).status == 409


def test_a_clone_whose_check_in_is_held_is_told_at_once(edge):
    original, clone = cloned(edge)
    held = clone.send_check_in(wait=55, connection=clone.connect(), headers=clone.by_ticket())
    edge.wait_held()
    assert original.check_in(headers=original.by_ticket()).status == 409
    answer = held.read(timeout=2)
    assert answer.status == 409 or clone.check_in(connection=held, headers=clone.by_ticket()).status == 409


def test_a_cloned_instance_leaves_an_event(edge):
    original, clone = cloned(edge)
    clone.check_in(connection=clone.connect(), headers=clone.by_ticket())
    original.check_in(headers=original.by_ticket())
    events = eventually(lambda: [e for e in edge.endpoint()["events"] if e["kind"] == "instance.cloned"], "the event")
    assert events[0]["instance"] == original.instance


def test_an_agent_that_comes_back_on_a_new_connection_is_no_clone(edge):
    agent = raw_agent(edge)
    connections = []
    for _ in range(8):
        connections.append(agent.connect())
        assert agent.check_in().status == 204
    assert "instance.cloned" not in [e["kind"] for e in edge.endpoint()["events"]]


def test_two_agents_with_one_identity_say_so(edge):
    edge.set("check-in.hold", "200ms")
    original = edge.node()
    shutil.copytree(edge.agent_state(), edge.agent_state("copy"))
    clone = edge.start_agent("copy")
    for agent in (original, clone):
        agent.wait_log("another machine checks in with this node's identity", timeout=5)
    eventually(lambda: [e for e in edge.endpoint()["events"] if e["kind"] == "instance.cloned"], "the event")


# --- authorisation

def test_a_replayed_check_in_is_refused(edge):
    agent = raw_agent(edge)
    headers = agent.mac("GET", "/v1/check-in")
    assert agent.check_in(headers=headers).status == 204
    assert agent.check_in(headers=headers).status == 401
    with Connection(edge.poll_port) as elsewhere:
        assert agent.check_in(headers=headers, connection=elsewhere).status == 401


def test_a_counter_that_does_not_rise_is_refused(edge):
    agent = raw_agent(edge)
    assert agent.check_in(headers=agent.mac("GET", "/v1/check-in", counter=100)).status == 204
    assert agent.check_in(headers=agent.mac("GET", "/v1/check-in", counter=99)).status == 401
    assert agent.check_in(headers=agent.mac("GET", "/v1/check-in", counter=101)).status == 204


def test_a_refused_mac_does_not_move_the_counter(edge):
    agent = raw_agent(edge)
    forged = agent.mac("GET", "/v1/check-in", counter=2**63, key=bytes(32))
    assert agent.check_in(headers=forged).status == 401
    assert agent.check_in().status == 204


def test_a_mac_is_good_for_its_own_method_and_path_only(edge):
    agent = raw_agent(edge)
    assert agent.check_in(headers=agent.mac("GET", "/v1/agent")).status == 401
    assert agent.check_in(headers=agent.mac("POST", "/v1/check-in")).status == 401


def test_the_key_of_one_endpoint_says_nothing_about_another(edge):
    one, other = raw_agent(edge, "shop-1"), raw_agent(edge, "shop-2")
    assert one.check_in(headers=one.mac("GET", "/v1/check-in", key=other.key)).status == 401


def test_an_instance_that_never_joined_is_refused(edge):
    stranger = raw_agent(edge).copy()
    stranger.instance = "00" * 8
    assert stranger.check_in(connection=stranger.connect()).status == 401


@pytest.mark.parametrize("header", ["", "Edge", "Edge ...", "Edge a.b.c.d", "Basic cm9vdDpyb290", "Edge-Ticket AAAAAAAAAAAAAAAAAAAAAA",
                                    "Edge AAAAAAAAAAAAAAAAAAAAAA", "Edge " + "A" * 5000])
def test_an_authorization_that_makes_no_sense_is_refused(edge, header):
    agent = raw_agent(edge)
    assert agent.check_in(headers={"Authorization": header}).status in (400, 401)
    assert agent.check_in(connection=agent.connect()).status == 204


# --- tickets

def test_a_ticket_is_good_on_any_connection_and_more_than_once(edge):
    agent = raw_agent(edge)
    agent.check_in()
    assert agent.check_in(headers=agent.by_ticket()).status == 204
    for _ in range(2):
        assert agent.check_in(connection=agent.connect(), headers=agent.by_ticket()).status == 204


def test_a_check_in_by_ticket_is_smaller_and_gives_no_new_ticket(edge):
    agent = raw_agent(edge)
    agent.check_in()
    assert "Edge-Ticket" not in agent.check_in(headers=agent.by_ticket()).headers


def test_a_new_ticket_ends_the_old_one(edge):
    agent = raw_agent(edge)
    agent.check_in()
    old = agent.by_ticket()
    agent.check_in()
    assert agent.check_in(headers=old).status == 401
    assert agent.check_in(headers=agent.by_ticket()).status == 204


@pytest.mark.parametrize("ending", [("endpoint", "token", "shop-17", "--yes"), ("endpoint", "rm", "shop-17", "--yes"),
                                    ("endpoint", "disassociate", "shop-17", "--yes"), "restart"])
def test_a_ticket_dies(edge, ending):
    agent = raw_agent(edge)
    agent.check_in()
    assert agent.check_in(headers=agent.by_ticket()).status == 204
    edge.restart(signal.SIGKILL) if ending == "restart" else edge.ok(*ending)
    assert agent.check_in(connection=agent.connect(), headers=agent.by_ticket()).status == 401


def test_the_mac_is_refused_after_a_new_token(edge):
    agent = raw_agent(edge)
    edge.ok("endpoint", "token", "shop-17", "--yes")
    assert agent.check_in(connection=agent.connect()).status == 401


def test_an_agent_whose_ticket_died_recovers_by_its_mac(edge):
    agent = edge.node()
    edge.wait_held()
    edge.restart(signal.SIGKILL)
    edge.wait_held()
    assert "refuses edge ID and token" not in agent.log()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_an_agent_that_is_started_again_is_heard_although_counters_only_rise(edge, number):
    agent = edge.node()
    edge.wait_held()
    agent.stop(number)
    edge.wait_held(count=0)
    agent.start()
    edge.wait_held()
    assert "check-in.failing" not in agent.log()


# --- refused and removed

def test_an_agent_that_is_refused_says_so_once_a_step_and_what_to_do(edge):
    agent = edge.node("shop-17", **{"check-in.backoff-least": "10ms", "check-in.backoff-most": "80ms"})
    edge.wait_held()
    edge.ok("endpoint", "token", "shop-17", "--yes")
    before = edge.endpoint()
    eventually(lambda: edge.edged.log().count("check-in.refused") >= 7, "seven refusals")  # held back more and more
    lines = [line for line in agent.log().splitlines() if "check-in.failing" in line]
    assert 1 <= len(lines) <= 4, lines  # 10, 20, 40, 80 ms
    assert "(401)" in lines[0] and "edgectl endpoint show shop-17" in lines[0]
    after = edge.endpoint()
    assert not after["associated"] and after["instances"] == before["instances"] == []


def test_an_agent_whose_endpoint_is_removed_stops_with_its_own_exit_code(edge):
    agent = edge.node()
    edge.wait_held()
    edge.ok("endpoint", "rm", "shop-17", "--yes")
    assert agent.wait() == ENDPOINT_REMOVED
    assert "agent.endpoint-removed" in agent.log() and "edge-agent leave" in agent.log()


def test_an_agent_that_comes_late_learns_of_the_removal_even_after_a_restart(edge):
    agent = edge.node()
    agent.stop()
    edge.ok("endpoint", "rm", "shop-17", "--yes")
    edge.restart(signal.SIGKILL)
    agent.start()
    assert agent.wait() == ENDPOINT_REMOVED


def test_only_who_proves_the_old_key_learns_of_a_removal(edge):
    agent = raw_agent(edge)
    edge.ok("endpoint", "rm", "shop-17", "--yes")
    agent.connect()
    assert agent.check_in().status == 410
    assert agent.check_in(headers=agent.mac("GET", "/v1/check-in", key=bytes(32))).status == 401
    assert agent.associate().status == 401


def test_an_endpoint_of_the_same_name_is_another_endpoint(edge):
    old = raw_agent(edge)
    edge.ok("endpoint", "rm", "shop-17", "--yes")
    raw_agent(edge)
    assert old.check_in(connection=old.connect()).status == 410


# --- servers that are not there, or are others

def test_an_agent_says_once_that_it_lost_the_server_and_once_that_it_is_back(edge):
    agent = edge.node("shop-17", **{"check-in.backoff-least": "300ms", "check-in.backoff-most": "300ms"})
    edge.wait_held()
    edge.edged.send(signal.SIGKILL)
    edge.edged.wait()
    failing = agent.wait_log("check-in.failing .*").group()
    assert f"localhost:{edge.poll_port}" in failing
    edge.edged.start()
    edge.edged.wait_log("edged.ready")
    edge.wait_held()
    agent.wait_log("check-in.works-again", timeout=5)
    assert agent.log().count("check-in.failing") == agent.log().count("check-in.works-again") == 1


def test_an_agent_whose_pin_differs_says_so_with_the_address_and_goes_on_trying(edge):
    token, edge_id = edge.create()
    assert edge.join(token, edge_id).returncode == 0
    edit_identity(edge, pins=["sha256/" + "A" * 43 + "="])
    agent = edge.start_agent()
    line = agent.wait_log("check-in.failing .*").group()
    assert f"localhost:{edge.poll_port}: TLS pin mismatch" in line
    agent.wait_log("tries=2")
    assert agent.process.poll() is None
    assert edge.endpoint()["instances"][0]["held"] is False


def test_an_agent_whose_server_does_not_resolve_names_it(edge):
    assert edge.join(*edge.create()).returncode == 0
    edit_identity(edge, urls=["https://no-such-host.invalid:9000"])
    line = edge.start_agent().wait_log("check-in.failing .*").group()
    assert "cannot resolve" in line and "no-such-host.invalid:9000" in line


def test_an_agent_tells_nothing_to_another_edged_on_the_same_port(edge):
    """A server with other keys: the pin differs, and the right one is taken back when it returns."""
    agent = edge.node()
    edge.wait_held()
    edge.edged.send(signal.SIGKILL)
    edge.edged.wait()
    impostor = Edge()
    try:
        impostor.poll_port = edge.poll_port
        impostor.start()
        agent.wait_log("TLS pin mismatch")
        assert "check-in.refused" not in impostor.edged.log(), "not one request went to it"
        impostor.edged.stop()
    finally:
        impostor.close()
    edge.edged.start()
    edge.edged.wait_log("edged.ready")
    edge.wait_held()


# --- what an agent tells about itself

def test_an_agent_reports_its_version_and_host_name(edge):
    agent = raw_agent(edge)
    assert agent.report(version="9.9.9", host_name="renamed").status == 204
    instance = edge.endpoint()["instances"][0]
    assert (instance["version"], instance["host-name"]) == ("9.9.9", "renamed")


def test_a_report_survives_a_restart(edge):
    raw_agent(edge).report(version="9.9.9")
    edge.restart(signal.SIGKILL)
    assert edge.endpoint()["instances"][0]["version"] == "9.9.9"


def test_a_host_key_does_not_change_by_a_report(edge):
    agent = raw_agent(edge)
    before = edge.endpoint()["instances"][0]["host-key"]
    agent.report(host_key="ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJl55mseLhoAblLE8DqzCx8Z42u6DhEuCLSlXR/+nLG5")
    assert edge.endpoint()["instances"][0]["host-key"] == before


def test_escapes_in_an_agents_texts_reach_no_terminal_and_no_log(edge):
    agent = RawAgent(edge, *edge.create())
    assert agent.associate(**{"host-name": "evil\x1b[31m\nline", "version": "1\x07"}).status == 200
    agent.report(tunnel_failure="lost", tunnel_detail="x\x1b]0;owned\x07\r\nforged level=info")
    assert "\x1b" not in edge.ok("endpoint", "show", "shop-17").stdout
    assert "\x1b" not in edge.ok("endpoint", "ls").stdout
    assert "\x1b" not in edge.edged.log() and "\nforged" not in edge.edged.log()
