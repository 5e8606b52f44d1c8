"""The life cycle of the programs: every program x signal x state. Parameters are in brackets.

edged
  SIGTERM  [idle held tunnel-open live-session]  test_edged_stops_on_sigterm_and_agents_come_back
           live session, what is said            test_the_operator_of_a_session_is_told_that_edged_shuts_down
           an operator waits                     test_edged_that_stops_ends_the_wait_of_an_operator
           the agent is frozen                   test_edged_stops_in_time_although_the_agent_of_a_tunnel_is_frozen
           the operator is frozen                test_edged_stops_in_time_although_an_operator_reads_nothing
           under systemd                         test_edged_tells_systemd_that_it_is_ready_alive_and_stopping
  SIGINT   held                                  test_edged_stops_on_sigint_too
  SIGKILL  [idle held tunnel-open live-session]  test_edged_killed_loses_nothing_and_agents_come_back
           a change was acknowledged             test_an_acknowledged_{endpoint,join,change}_survives_sigkill_right_after
           an operator waits                     test_edged_killed_ends_the_wait_of_an_operator
           the socket file stays                 test_a_new_edged_starts_beside_the_socket_file_of_a_killed_one
  SIGHUP   idle                                  test_edged_reloads_its_log_level_on_sighup
           broken file                           test_a_reload_with_a_broken_file_is_refused_and_edged_stays_up
           live session                          test_a_reload_does_not_touch_a_live_session
  SIGSTOP  live session                          test_session.py: test_a_network_cut_seen_from_the_node_...
edge-agent
  SIGTERM  [idle held tunnel-open live-session]  test_an_agent_stops_on_sigterm
           backing off                           test_an_agent_that_backs_off_stops_on_sigterm_at_once
           under systemd                         test_an_agent_tells_systemd_that_it_is_ready_alive_and_stopping
  SIGINT   held                                  test_an_agent_stops_on_sigint_too
  SIGKILL  [idle held tunnel-open live-session]  test_an_agent_killed_and_started_again_is_usable
           a session that ignores SIGHUP         test_the_sessions_of_a_killed_agent_end_although_they_ignore_sighup
  SIGHUP   held                                  test_an_agent_reloads_its_log_level_on_sighup
           broken file                           test_a_reload_of_the_agent_with_a_broken_file_is_refused_and_it_stays_up
           live session                          test_a_reload_does_not_touch_a_live_session
  SIGSTOP  tunnel open                           test_an_agent_started_again_replaces_the_tunnel_that_edged_still_...
           live session                          test_session.py: test_a_network_cut_seen_from_the_server_...
edgectl
  [SIGTERM SIGINT SIGHUP SIGQUIT SIGKILL]
           waiting                               test_edgectl_that_a_signal_ends_while_waiting_leaves_nothing_required
           session                               test_edgectl_that_a_signal_ends_in_a_session_leaves_no_orphan
           session on a terminal                 test_terminal.py: test_the_local_terminal_is_restored_after_a_signal_...
  SIGSTOP  session                               test_session.py: test_a_slow_reader_does_not_stop_the_others_...
"""
import os
import re
import select
import shutil
import signal
import socket
import time

import pytest

from edge import BIN, Edge, eventually

DRAIN = 10  # seconds that edged has to stop


class Scene:
    """A server with shop-17 in one of the states."""

    def __init__(self, edge, far, state):
        self.edge, self.far, self.live, self.command = edge, far, None, None
        if state == "idle":
            edge.set("check-in.hold", "off")
            edge.set("check-in.interval", "200ms")
        self.agent = edge.node()
        if state == "idle":
            eventually(lambda: not edge.endpoint()["instances"][0]["held"], "plain polling")
        else:
            edge.wait_held()
        if state in ("tunnel-open", "live-session"):
            assert edge.connect("shop-17", "--", "true").returncode == 0
        if state == "live-session":
            self.command = far.new()
            self.live = edge.popen_connect("shop-17", "--", f"echo here; {self.command}; true")
            far.started(self.command)
        assert edge.tunnel_state() == ("open" if state in ("tunnel-open", "live-session") else "idle")

    def expect_session_goes_on(self):
        """It has waited for edged, and is the one that it was."""
        if not self.live:
            return
        eventually(lambda: [s["state"] for s in self.edge.ctl_json("session", "ls")["items"]] == ["live"], "it goes on")
        assert self.live.poll() is None and self.far.find(self.command)

    def expect_session_lost(self):
        """edgectl says why and gives 255; nothing is left on the node."""
        if not self.live:
            return ""
        out, err = self.live.communicate(timeout=15)
        assert (self.live.returncode, out) == (255, b"here\n"), err
        assert re.search(rb"edgectl: the (connection to shop-17 was lost|session on shop-17 ended): \S", err), err
        self.far.gone(self.command)
        return err.decode()

    def expect_usable(self):
        done = self.edge.connect("shop-17", "--wait", "15s", "--", "echo usable")
        assert (done.returncode, done.stdout) == (0, "usable\n"), done.stderr

    def close(self):
        if self.live and self.live.poll() is None:
            self.live.kill()
            self.live.communicate()


@pytest.fixture
def scene(edge, far):
    made = []

    def make(state):
        made.append(Scene(edge, far, state))
        return made[-1]

    yield make
    for each in made:
        each.close()


every_state = pytest.mark.parametrize("state", ["idle", "held", "tunnel-open", "live-session"])
every_end = pytest.mark.parametrize("number, status", [(signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGHUP, 129),
                                                       (signal.SIGQUIT, 131), (signal.SIGKILL, -9)],
                                    ids=["SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT", "SIGKILL"])


# edged

@every_state
def test_edged_stops_on_sigterm_and_agents_come_back(edge, scene, state):
    now = scene(state)
    started = time.monotonic()
    assert edge.edged.stop(signal.SIGTERM, timeout=DRAIN) == 0
    assert time.monotonic() - started < DRAIN
    edge.edged.wait_log("edged.stopped clean=yes")
    assert not edge.socket.exists() or edge.ctl("status").returncode == 7
    edge.edged.start()
    edge.edged.wait_log("edged.ready")
    now.expect_session_goes_on()
    now.expect_usable()
    assert now.agent.process.poll() is None


def test_the_operator_of_a_session_is_told_that_edged_shuts_down(edge, scene):
    edge.set("session.resume-for", "off")
    now = scene("live-session")
    edge.edged.send(signal.SIGTERM)
    assert re.search("shut|edged went away|ended", now.expect_session_lost())
    assert edge.edged.wait() == 0


def test_edged_stops_on_sigint_too(edge, scene):
    scene("held")
    assert edge.edged.stop(signal.SIGINT, timeout=DRAIN) == 0


def test_edged_that_stops_ends_the_wait_of_an_operator(edge):
    edge.create()
    waiting = edge.popen_connect("shop-17", "--wait", "10m")
    edge.wait_tunnel("required")
    assert edge.edged.stop(signal.SIGTERM, timeout=DRAIN) == 0
    _, err = waiting.communicate(timeout=5)
    assert waiting.returncode not in (0, 130), err
    assert b"edged" in err and b"shut" in err


def test_edged_stops_in_time_although_the_agent_of_a_tunnel_is_frozen(edge, scene):
    edge.set("session.resume-for", "off")
    now = scene("live-session")
    now.agent.send(signal.SIGSTOP)
    try:
        started = time.monotonic()
        edge.edged.stop(signal.SIGTERM, timeout=2 * DRAIN)
        assert time.monotonic() - started < DRAIN
    finally:
        now.agent.send(signal.SIGCONT)
    now.expect_session_lost()


def test_edged_stops_in_time_although_an_operator_reads_nothing(edge, scene):
    edge.set("session.resume-for", "off")
    scene("tunnel-open")
    slow = edge.popen_connect("shop-17", "--", "yes", bufsize=0)
    slow.stdout.read(10)
    slow.send_signal(signal.SIGSTOP)
    try:
        started = time.monotonic()
        edge.edged.stop(signal.SIGTERM, timeout=2 * DRAIN)
        assert time.monotonic() - started < DRAIN
    finally:
        slow.send_signal(signal.SIGCONT)
        slow.communicate(timeout=10)


def durable(edge):
    """What edged has acknowledged of all endpoints."""
    kept = {}
    for item in edge.ctl_json("ls")["items"]:
        one = edge.endpoint(item["name"])
        kept[item["name"]] = {key: one[key] for key in ("id", "created", "associated", "token-expires", "settings", "interval",
                                                        "hold", "url")}
        kept[item["name"]]["instances"] = sorted((i["id"], i["host-key"]) for i in one["instances"])
        kept[item["name"]]["events"] = [(e["kind"], e["time"]) for e in one["events"] if e["kind"].startswith("endpoint.")]
    settings = edge.ctl_json("settings", "show")["settings"]
    return kept, {s["key"]: (s["value"], s["source"]) for s in settings}


@every_state
def test_edged_killed_loses_nothing_and_agents_come_back(edge, scene, state):
    now = scene(state)
    edge.create("shop-18", "--expires", "never")
    edge.set("tunnel.idle", "7m")
    edge.set("check-in.interval", "3s", "shop-17")
    before = durable(edge)
    edge.edged.kill()
    edge.edged.start()
    edge.edged.wait_log("edged.ready")
    assert durable(edge) == before
    now.expect_session_goes_on()
    now.expect_usable()
    assert now.agent.process.poll() is None


def test_an_acknowledged_endpoint_survives_sigkill_right_after(edge):
    made = {}
    for number in range(5):
        token, edge_id = edge.create(f"shop-{number}")
        edge.edged.kill()
        made[f"shop-{number}"] = (token, edge_id)
        edge.edged.start()
        edge.edged.wait_log("edged.ready")
    assert {e["name"] for e in edge.ctl_json("ls")["items"]} == set(made)
    token, edge_id = made["shop-0"]
    assert edge.join(token, edge_id).returncode == 0  # its token's hash, too


def test_an_acknowledged_join_survives_sigkill_right_after(edge):
    token, edge_id = edge.create()
    assert edge.join(token, edge_id).returncode == 0
    edge.edged.kill()
    edge.edged.start()
    edge.edged.wait_log("edged.ready")
    assert edge.endpoint()["associated"]
    edge.start_agent()
    assert edge.connect("shop-17", "--wait", "10s", "--", "true").returncode == 0


@pytest.mark.parametrize("change, check", [
    (["endpoint", "rename", "shop-17", "renamed"], lambda e: e.endpoint("renamed")["name"] == "renamed"),
    (["endpoint", "rm", "shop-17", "--yes"], lambda e: e.ctl("endpoint", "show", "shop-17").returncode == 3),
    (["endpoint", "disassociate", "shop-17", "--yes"], lambda e: not e.endpoint()["associated"]),
    (["settings", "set", "check-in.interval", "42s"], lambda e: e.endpoint()["interval"] == "42s"),
    (["settings", "set", "check-in.interval", "43s", "--endpoint", "shop-17"], lambda e: e.endpoint()["interval"] == "43s"),
], ids=["rename", "rm", "disassociate", "setting", "setting-of-one"])
def test_an_acknowledged_change_survives_sigkill_right_after(edge, change, check):
    token, edge_id = edge.create()
    edge.join(token, edge_id)
    edge.ok(*change)
    edge.edged.kill()
    edge.edged.start()
    edge.edged.wait_log("edged.ready")
    assert check(edge)


def test_edged_killed_ends_the_wait_of_an_operator(edge):
    edge.create()
    waiting = edge.popen_connect("shop-17", "--wait", "10m")
    edge.wait_tunnel("required")
    edge.edged.kill()
    _, err = waiting.communicate(timeout=5)
    assert waiting.returncode == 7
    assert b"edged" in err


def test_a_new_edged_starts_beside_the_socket_file_of_a_killed_one(edge):
    edge.edged.kill()
    assert edge.socket.exists()
    edge.edged.start()
    edge.edged.wait_log("edged.ready")
    edge.ok("status")


def own_edged(bare, level):
    """An edged whose log level comes from its file alone."""
    bare.settings = {"log.level": level}
    bare.init()
    bare.edged = bare.spawn([BIN / "edged", "--config", bare.config], "edged.log")
    bare.edged.wait_log("edged.ready")


def knock(edge):
    """A connection that is no TLS, which edged tells of at the level debug."""
    with socket.create_connection(("localhost", edge.poll_port)) as connection:
        connection.sendall(b"no TLS at all\r\n\r\n")
        connection.settimeout(10)
        try:
            while connection.recv(100):
                pass
        except ConnectionResetError:
            pass


def test_edged_reloads_its_log_level_on_sighup(bare):
    own_edged(bare, "info")
    knock(bare)
    bare.config.write_text(bare.config.read_text().replace("  level: info", "  level: debug"))
    bare.edged.send(signal.SIGHUP)
    bare.edged.wait_log("edged.reloaded")
    assert " debug " not in bare.edged.log()
    knock(bare)
    bare.edged.wait_log(" debug +poll.handshake-failed")


def test_a_reload_with_a_broken_file_is_refused_and_edged_stays_up(bare):
    own_edged(bare, "info")
    bare.config.write_text(bare.config.read_text() + "\nnonsense: 1\n")
    bare.edged.send(signal.SIGHUP)
    bare.edged.wait_log(r"error\s+edged.reload-failed.*nonsense")
    bare.ok("status")


def test_a_reload_does_not_touch_a_live_session(edge, scene):
    now = scene("live-session")
    edge.edged.send(signal.SIGHUP)
    edge.edged.wait_log("edged.reloaded")
    now.agent.send(signal.SIGHUP)
    now.agent.wait_log("agent.reloaded")
    assert now.far.find(now.command) and now.live.poll() is None
    assert edge.connect("shop-17", "--", "echo more").stdout == "more\n"


# edge-agent

@every_state
def test_an_agent_stops_on_sigterm(edge, scene, state):
    now = scene(state)
    started = time.monotonic()
    assert now.agent.stop(signal.SIGTERM, timeout=DRAIN) == 0
    assert time.monotonic() - started < DRAIN
    now.expect_session_lost()
    eventually(lambda: edge.tunnel_state() not in ("open", "connecting"), "edged knows that the tunnel is gone", 5)
    eventually(lambda: not any(i["held"] for i in edge.endpoint()["instances"]), "nothing is held", 5)
    edge.start_agent()
    now.expect_usable()


def test_an_agent_that_backs_off_stops_on_sigterm_at_once(edge, scene):
    now = scene("held")
    edge.edged.kill()
    now.agent.wait_log("check-in.failing")
    started = time.monotonic()
    assert now.agent.stop(signal.SIGTERM) == 0
    assert time.monotonic() - started < 2


def test_an_agent_stops_on_sigint_too(scene):
    assert scene("held").agent.stop(signal.SIGINT) == 0


@every_state
def test_an_agent_killed_and_started_again_is_usable(edge, scene, state):
    now = scene(state)
    before = edge.endpoint()["instances"]
    now.agent.kill()
    edge.start_agent()
    now.expect_session_lost()  # the new one does not have it
    now.expect_usable()
    after = edge.endpoint()["instances"]
    assert [(i["id"], i["host-key"]) for i in after] == [(i["id"], i["host-key"]) for i in before]


def test_an_agent_started_again_replaces_the_tunnel_that_edged_still_believes_in(edge, scene):
    now = scene("tunnel-open")
    old = edge.endpoint()["tunnel"]["id"]
    now.agent.send(signal.SIGSTOP)  # as a machine that lost its power: no FIN, no RST
    try:
        # The stopped process still holds its state folder's lock, which power would have taken from it.
        shutil.copytree(edge.agent_state(), edge.agent_state("again"))
        edge.start_agent("again")
        eventually(lambda: edge.tunnel_state() != "open", "edged gave the old tunnel up")
        now.expect_usable()
        assert edge.endpoint()["tunnel"]["id"] not in ("", old)
    finally:
        now.agent.send(signal.SIGCONT)
        now.agent.kill()


def test_the_sessions_of_a_killed_agent_end_although_they_ignore_sighup(edge, far):
    edge.set("session.resume-for", "off")
    agent = edge.node(**{"session.hang-up-grace": "300ms"})
    command = far.new()
    running = edge.popen_connect("shop-17", "--", f"trap '' HUP; {command}; true")
    far.started(command)
    agent.kill()
    running.communicate(timeout=10)
    assert running.returncode == 255
    far.gone(command)


def test_an_agent_reloads_its_log_level_on_sighup(edge):
    token, edge_id = edge.create()
    edge.join(token, edge_id)
    config = edge.agent_config(**{"log.level": "error"})
    agent = edge.spawn([BIN / "edge-agent", "--config", config, "--state", edge.agent_state(), "run"], "agent.log")
    edge.wait_held()
    assert agent.log() == ""
    edge.agent_config(**{"log.level": "info"})
    agent.send(signal.SIGHUP)
    agent.wait_log("agent.reloaded")
    edge.connect("shop-17", "--", "true")
    agent.wait_log("tunnel.open")


def test_a_reload_of_the_agent_with_a_broken_file_is_refused_and_it_stays_up(edge):
    agent = edge.node()
    edge.wait_held()
    (edge.folder / "agent.yaml").write_text("nonsense: 1\n")
    agent.send(signal.SIGHUP)
    agent.wait_log(r"error\s+agent.reload-failed.*nonsense")
    assert edge.connect("shop-17", "--", "true").returncode == 0


# edgectl

@every_end
def test_edgectl_that_a_signal_ends_while_waiting_leaves_nothing_required(edge, number, status):
    edge.create()
    waiting = edge.popen_connect("shop-17", "--wait", "10m")
    edge.wait_tunnel("required")
    waiting.send_signal(number)
    waiting.communicate(timeout=5)
    assert waiting.returncode == status
    eventually(lambda: edge.tunnel_state() in ("idle", "failed"), "not required any more", 5)


@every_end
def test_edgectl_that_a_signal_ends_in_a_session_leaves_no_orphan(edge, scene, number, status):
    now = scene("live-session")
    now.live.send_signal(number)
    now.live.communicate(timeout=5)
    assert now.live.returncode == status
    now.far.gone(now.command)
    eventually(lambda: not edge.endpoint()["sessions"], "the session is gone", 5)
    assert edge.tunnel_state() == "open"  # for the next one


def test_two_operators_wait_and_one_leaves_the_other_is_still_served(edge):
    token, edge_id = edge.create()
    first = edge.popen_connect("shop-17", "--wait", "10m", bufsize=0)
    second = edge.popen_connect("shop-17", "--wait", "10m", "--", "echo served", bufsize=0)
    edge.wait_tunnel("required")
    for waiting in (first, second):
        assert b"waiting for it to come online" in waiting.stderr.readline()
    first.send_signal(signal.SIGINT)
    first.communicate(timeout=5)
    edge.join(token, edge_id)
    edge.start_agent()
    out, err = second.communicate(timeout=10)
    assert (second.returncode, out) == (0, b"served\n"), err


# What systemd sees.

class Notify:
    """The other end of sd_notify(3)."""

    def __init__(self, folder):
        self.path = folder / "notify"
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(self.path))
        self.told = []

    def wait(self, pattern, count=1, timeout=10):
        end = time.monotonic() + timeout
        while len([t for t in self.told if re.search(pattern, t, re.M)]) < count:
            ready, _, _ = select.select([self.socket], [], [], max(0, end - time.monotonic()))
            assert ready, f"{pattern!r} x {count} not told; told: {self.told}"
            self.told.append(self.socket.recv(4096).decode())

    def environment(self):
        return {"NOTIFY_SOCKET": str(self.path), "WATCHDOG_USEC": "300000"}

    def close(self):
        self.socket.close()


@pytest.fixture
def notify(bare):
    made = Notify(bare.folder)
    yield made
    made.close()


def test_edged_tells_systemd_that_it_is_ready_alive_and_stopping(bare, notify):
    bare.start(env=notify.environment())
    notify.wait("^READY=1")
    notify.wait(r"^STATUS=0 online, 0 offline, 0 tunnels, 0 sessions")
    notify.wait("^WATCHDOG=1", count=4, timeout=2)  # within less than half of WATCHDOG_USEC each
    bare.edged.send(signal.SIGTERM)
    notify.wait("^STOPPING=1")
    notify.wait("^STATUS=draining")
    assert bare.edged.wait() == 0


def test_edged_is_not_ready_before_it_answers(bare, notify):
    bare.start(env=notify.environment())
    notify.wait("^READY=1")
    bare.ok("status")


def test_an_agent_tells_systemd_that_it_is_ready_alive_and_stopping(bare, notify):
    bare.start()
    token, edge_id = bare.create()
    bare.join(token, edge_id)
    agent = bare.start_agent(env=notify.environment())
    notify.wait("^READY=1")
    notify.wait("^STATUS=.*shop-17")
    notify.wait("^WATCHDOG=1", count=4, timeout=2)
    agent.send(signal.SIGTERM)
    notify.wait("^STOPPING=1")
    assert agent.wait() == 0


def test_an_agent_stays_alive_to_systemd_while_edged_is_away(bare, notify):
    bare.start()
    token, edge_id = bare.create()
    bare.join(token, edge_id)
    bare.edged.kill()
    bare.start_agent(env=notify.environment())
    notify.wait("^STATUS=not connected: .")
    notify.wait("^WATCHDOG=1", count=4, timeout=2)


def test_a_session_does_not_keep_the_watchdog_from_being_told(bare, notify, far):
    bare.start()
    token, edge_id = bare.create()
    bare.join(token, edge_id)
    bare.start_agent(env=notify.environment())
    command = far.new()
    running = bare.popen_connect("shop-17", "--wait", "10s", "--", command)
    far.started(command)
    notify.told.clear()
    notify.wait("^WATCHDOG=1", count=4, timeout=2)
    running.kill()
    running.communicate()


@pytest.mark.parametrize("who", ["edged", "edge-agent"])
def test_under_journald_log_lines_have_a_priority_and_no_time(bare, who):
    journal = {"JOURNAL_STREAM": "8:12345"}
    bare.start(env=journal if who == "edged" else None)
    token, edge_id = bare.create()
    bare.join(token, edge_id)
    agent = bare.start_agent(env=journal if who == "edge-agent" else None)
    assert bare.connect("shop-17", "--wait", "10s", "--", "true").returncode == 0
    lines = (bare.edged if who == "edged" else agent).log().splitlines()
    assert lines and all(re.match(r"<[3467]>[a-z-]+\.[a-z-]+|<[3467]>event ", line) for line in lines), lines
    assert not any(re.search(r"^<\d>\d{4}-", line) for line in lines)


# Threads.

@pytest.mark.parametrize("loops", [1, 2, 4])
def test_sessions_work_whatever_loop_their_tunnel_is_on(far, loops):
    edge = Edge(**{"limits.loops": loops})
    try:
        edge.start()
        edge.edged.wait_log(f"edged.ready .*loops={loops}")
        names = [f"shop-{number}" for number in range(6)]
        for name in names:
            edge.node(name, name)
        running = [(name, edge.popen_connect(name, "--", f"cat; echo {name}; exit {number}"))
                   for number, name in enumerate(names) for _ in range(2)]
        payload = os.urandom(300_000)
        for number, (name, process) in enumerate(running):
            out, err = process.communicate(payload, timeout=30)
            assert (process.returncode, err) == (number // 2, b"")
            assert out == payload + f"{name}\n".encode()
        assert edge.edged.stop(signal.SIGTERM, timeout=DRAIN) == 0
    finally:
        edge.close()
