"""edgectl: what operators and scripts see of it."""
import gzip
import json
import os
import re
import shutil
import subprocess
import time

import pexpect
import pytest

from edge import BIN, ROOT, eventually
from poll_client import RawAgent, raw_agent

EDGECTL = str(BIN / "edgectl")
RFC3339 = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"


@pytest.fixture
def terminal(edge):
    """Runs edgectl on a terminal, 24 rows and 200 columns; gives all that it showed and its status."""
    opened = []

    def run(*arguments, answer=None, prompt=r"\[y/N\]", **environment):
        child = pexpect.spawn(EDGECTL, list(arguments), env=edge.environment(**environment), timeout=10,
                              dimensions=(24, 200), encoding="utf-8")
        opened.append(child)
        shown = ""
        if answer is not None:
            child.expect(prompt)
            shown = child.before + child.after
            child.sendline(answer)
        child.expect(pexpect.EOF)
        shown += child.before
        child.close()
        return shown.replace("\r\n", "\n"), child.exitstatus

    yield run
    for child in opened:
        child.close(force=True)


def failure(done):
    return json.loads(done.stderr)["error"]


# endpoint create

def test_create_on_a_terminal_prints_the_line_to_paste(edge, terminal):
    shown, status = terminal("endpoint", "create", "shop-17")
    assert status == 0
    lines = shown.splitlines()
    assert re.fullmatch(rf"created endpoint shop-17 \(id [0-9a-f]{{32}}\); agents will dial https://localhost:{edge.poll_port} "
                        rf"and localhost:{edge.tunnel_port}", lines[0])
    assert lines[1] == "On the node, or on every node of a cluster, run:"
    line = re.fullmatch(r"  sudo edge-agent join --edge-id ([0-9a-f-]{36}) <<< '(edge1\.[A-Za-z0-9_.=-]+)'", lines[2])
    assert line, lines[2]
    assert lines[3] == "The token is shown once and expires in 24 h if nobody has joined (--expires)." or \
        lines[3] == "The token is shown once and expires in 24h if nobody has joined (--expires)."
    assert len(lines) == 4
    assert edge.join(line[2], line[1]).returncode == 0  # and it works


def test_the_pasted_line_works_in_a_shell(edge, terminal):
    shown, _ = terminal("endpoint", "create", "shop-17")
    line = shown.splitlines()[2].strip().replace("sudo edge-agent", f"{BIN}/edge-agent --state {edge.agent_state()}")
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, env=edge.environment())
    assert done.returncode == 0, done.stderr
    assert edge.endpoint()["associated"]


def test_create_without_a_terminal_keeps_the_token_out_of_stdout_and_says_how_to_get_it(edge):
    done = edge.ctl("endpoint", "create", "shop-17")
    assert done.returncode == 0
    assert "edge1." not in done.stdout + done.stderr
    assert "hint:" in done.stderr and "--show-token" in done.stderr


def test_show_token_prints_it_without_a_terminal(edge):
    done = edge.ctl("endpoint", "create", "shop-17", "--show-token")
    assert re.search(r"<<< 'edge1\.", done.stdout) and done.stderr == ""


def test_create_quietly_prints_the_id_alone(edge):
    done = edge.ok("endpoint", "create", "shop-17", "-q")
    assert done.stdout.strip() == edge.endpoint()["id"]


def test_create_as_json_gives_token_and_edge_id(edge):
    made = edge.ctl_json("endpoint", "create", "shop-17")
    assert made["apiVersion"] == "edge/v1"
    assert made["token"].startswith("edge1.") and len(made["edge-id"]) == 36
    assert made["endpoint"]["name"] == "shop-17" and made["endpoint"]["state"] == "new"
    assert made["warnings"] == []


def test_a_token_is_not_shown_a_second_time(edge):
    token, edge_id = edge.create()
    shown = edge.ok("endpoint", "show", "shop-17", "-o", "json").stdout + edge.ok("ls", "-o", "json").stdout
    assert token not in shown and edge_id not in shown


@pytest.mark.parametrize("expires, words", [("90d", "90d"), ("never", "never expires"), ("5m", "5m")])
def test_create_says_when_the_token_expires(terminal, expires, words):
    shown, status = terminal("endpoint", "create", "shop-17", "--expires", expires)
    assert status == 0 and words in shown.splitlines()[3]


def test_create_warns_when_the_name_of_the_url_does_not_resolve(edge):
    done = edge.ctl("endpoint", "create", "shop-17", "--url", "https://no-such-host.invalid:9000")
    assert done.returncode == 0
    assert "warning" in done.stderr and "no-such-host.invalid" in done.stderr
    assert edge.endpoint()["url"] == "https://no-such-host.invalid:9000"


@pytest.mark.parametrize("url", ["http://x:1", "x", "https://", "https://a b:1", "https://x:99999", "ftp://x", "https://u:p@x"])
def test_create_refuses_a_url_that_agents_could_not_dial(edge, url):
    done = edge.ctl("endpoint", "create", "shop-17", "--url", url)
    assert done.returncode == 2, done.stdout
    assert edge.ctl_json("ls")["items"] == []


@pytest.mark.parametrize("expires", ["soon", "-1h", "0s", "5", "", "1e9d"])
def test_create_refuses_an_expiry_that_is_no_duration(edge, expires):
    done = edge.ctl("endpoint", "create", "shop-17", f"--expires={expires}")
    assert done.returncode == 2, done.stdout
    assert edge.ctl_json("ls")["items"] == []


@pytest.mark.parametrize("name", ["", "A", "Shop", "a b", "a/b", "-a", "a-", ".a", "a.", "_a", "a\n", "a\x1b[31m", "ä", "a@b", "a:b", "*",
                                  "a'b", "$(id)", "x" * 64, "x" * 300, ".."])
def test_a_name_that_breaks_the_rule_is_refused_with_the_rule(edge, name):
    done = edge.ctl("endpoint", "create", "--", name)
    assert done.returncode == 2, done.stdout
    assert "a-z and 0-9" in done.stderr or (name == "" and done.stderr)
    assert "\x1b" not in done.stderr and len(done.stderr) < 1000
    assert edge.ctl_json("ls")["items"] == []


@pytest.mark.parametrize("name", ["a", "0", "x" * 63, "a.b-c_d", "0-9", "a..b", "10.0.0.1"])
def test_a_name_that_follows_the_rule_is_taken(edge, name):
    edge.ok("endpoint", "create", name)
    assert edge.endpoint(name)["name"] == name


def test_the_server_holds_the_rule_of_names_too(edge):
    for name in ["A", "x" * 300, "a\n", "", "..", 7, None, "a\x00b"]:
        done = subprocess.run(["curl", "-s", "-w", "%{http_code}", "--unix-socket", edge.socket, "http://edge/v1/endpoints",
                               "--json", json.dumps({"name": name})], capture_output=True, text=True)
        assert done.stdout.endswith("400"), (name, done.stdout)
    assert edge.ctl_json("ls")["items"] == []


def test_a_duplicate_name_is_a_conflict_and_changes_nothing(edge):
    edge.create()
    before = edge.endpoint()
    done = edge.ctl("endpoint", "create", "shop-17")
    assert done.returncode == 8
    assert "exists already" in done.stderr
    assert edge.endpoint() == before


def names(edge):
    return [item["name"] for item in edge.ctl_json("ls")["items"]]


def test_create_many_numbers_them_and_an_agent_joins_with_one_of_the_tokens(edge):
    made = edge.ctl_json("endpoint", "create", "--count", "12", "--prefix", "till", "--expires", "never")
    assert [item["endpoint"]["name"] for item in made["items"]] == [f"till-{number:05}" for number in range(1, 13)]
    assert names(edge) == [f"till-{number:05}" for number in range(1, 13)]
    assert len({item["token"] for item in made["items"]}) == 12 and len({item["edge-id"] for item in made["items"]}) == 12
    assert made["existing"] == [] and made["warnings"] == []
    RawAgent(edge, made["items"][6]["token"], made["items"][6]["edge-id"]).joined()
    assert edge.endpoint("till-00007")["associated"] and not edge.endpoint("till-00008")["associated"]
    edge.edged.wait_log(r"till-00001 to till-00012 \(12\)")
    assert edge.edged.log().count("endpoint.created") == 1


def test_create_many_is_all_or_none_and_a_name_that_exists_is_named(edge):
    edge.create("till-00003")
    done = edge.ctl("endpoint", "create", "--count", "5", "--prefix", "till")
    assert done.returncode == 8 and "till-00003" in done.stderr
    assert names(edge) == ["till-00003"]


def test_create_many_if_absent_makes_the_rest_and_says_how_many_there_were(edge):
    edge.create("till-00003")
    before = edge.endpoint("till-00003")
    done = edge.ok("endpoint", "create", "--count", "5", "--prefix", "till", "--if-absent")
    assert done.stdout.startswith("created 4 endpoints, till-00001 to till-00005;") and "1 existed already" in done.stdout
    assert edge.endpoint("till-00003") == before and len(names(edge)) == 5
    again = edge.ctl_json("endpoint", "create", "--count", "5", "--prefix", "till", "--if-absent")
    assert again["items"] == [] and again["existing"] == [f"till-{number:05}" for number in range(1, 6)]
    more = edge.ctl_json("endpoint", "create", "--count", "2", "--prefix", "till", "--start", "99999")
    assert [item["endpoint"]["name"] for item in more["items"]] == ["till-99999", "till-100000"]


@pytest.mark.parametrize("body", [{"count": 0}, {"count": 20001}, {"count": "5"}, {"count": 5, "prefix": "A"}, {"count": 5, "prefix": "x" * 58},
                                  {"count": 5, "prefix": 7}, {"count": 5, "start": -1}, {"count": 5, "start": 1 << 40}, {"count": 5, "if-absent": 1},
                                  {"count": 5, "expires": "soon"}, {"count": 5, "url": "http://x"}])
def test_a_request_for_many_that_breaks_a_bound_makes_none(edge, body):
    done = subprocess.run(["curl", "-s", "-w", "%{http_code}", "--unix-socket", edge.socket, "http://edge/v1/endpoints",
                           "--json", json.dumps({"prefix": "till", **body})], capture_output=True, text=True)
    assert done.stdout.endswith("400"), done.stdout
    assert names(edge) == []


def test_fifteen_thousand_endpoints_are_made_in_seconds_and_survive_a_restart(edge):
    started = time.monotonic()
    made = edge.ctl_json("endpoint", "create", "--count", "15000", "--prefix", "x")
    assert time.monotonic() - started < 10
    assert len(made["items"]) == 15000 and made["items"][-1]["endpoint"]["name"] == "x-15000"
    edge.restart()
    assert len(names(edge)) == 15000


def test_create_if_absent_is_safe_to_repeat(edge):
    edge.ok("endpoint", "create", "shop-17", "--if-absent")
    before = edge.endpoint()
    again = edge.ok("endpoint", "create", "shop-17", "--if-absent")
    assert "exists already" in again.stdout
    assert edge.endpoint() == before


# ls, show

def test_ls_is_the_table_of_the_readme(edge):
    edge.node()
    edge.create("another")
    head, first, second = edge.ok("ls").stdout.splitlines()
    assert head.split("  ")[0] == "NAME" and re.split(r" {2,}", head) == ["NAME", "STATE", "LAST SEEN", "INTERVAL", "TUNNEL", "VERSION"]
    assert re.split(r" {2,}", first)[:2] == ["another", "new"]
    assert re.fullmatch(r"shop-17  online  \d+s ago +5s +idle +0\.1\.0", second)


def test_ls_has_forms_for_scripts(edge):
    for name in ("b", "a"):
        edge.create(name)
    assert edge.ok("ls", "-q").stdout == "a\nb\n"
    assert len(edge.ok("ls", "--no-headers").stdout.splitlines()) == 2
    assert edge.ok("endpoint", "ls", "-q").stdout == edge.ok("endpoints", "ls", "-q").stdout == "a\nb\n"
    listed = edge.ctl_json("ls")
    assert listed["apiVersion"] == "edge/v1" and {e["name"] for e in listed["items"]} == {"a", "b"}


def test_ls_of_nothing_keeps_stdout_clean(edge):
    done = edge.ok("ls")
    assert done.stdout == "" and "edgectl endpoint create" in done.stderr
    assert edge.ctl_json("ls")["items"] == []


def test_the_state_goes_from_new_to_online(edge):
    edge.create("fresh")
    assert edge.endpoint("fresh")["state"] == "new" and edge.endpoint("fresh")["last-seen"] is None
    edge.node()
    assert edge.endpoint()["state"] == "online"


def test_show_gives_all_about_an_endpoint(edge):
    edge.set("check-in.interval", "30s")
    edge.node()
    edge.set("check-in.interval", "31s", "shop-17")
    edge.wait_held()
    shown = edge.ok("endpoint", "show", "shop-17").stdout
    for words in ("shop-17", "online", "created:", "associated:", f"https://localhost:{edge.poll_port}", "every 31s, held 55s",
                  "instances", "SHA256:", "linux-", "recent events", "endpoint.created", "endpoint.associated"):
        assert words in shown, words
    one = edge.endpoint()
    assert re.fullmatch(RFC3339, one["created"]) and re.fullmatch(RFC3339, one["last-seen"])
    assert one["settings"] == {"check-in.interval": "31s"}


def test_show_takes_an_id_as_well_as_a_name(edge):
    edge.create()
    assert edge.endpoint(edge.endpoint()["id"])["name"] == "shop-17"


def test_an_open_tunnel_and_its_session_are_shown(edge, far):
    edge.node()
    command = far.new()
    running = edge.popen_connect("shop-17", "--", command)
    far.started(command)
    one = edge.endpoint()
    assert one["tunnel"]["state"] == "open" and one["tunnel"]["instance"] == one["instances"][0]["id"]
    assert len(one["sessions"]) == 1
    assert "open" in edge.ok("ls").stdout
    assert edge.ctl_json("status")["sessions"] == 1
    running.kill()
    running.communicate()


# rename, rm, token, disassociate

def test_rename_keeps_everything_but_the_name(edge):
    edge.node()
    before = edge.endpoint()
    edge.ok("endpoint", "rename", "shop-17", "shop-99")
    after = edge.endpoint("shop-99")
    assert (after["id"], after["instances"][0]["id"]) == (before["id"], before["instances"][0]["id"])
    assert edge.ctl("endpoint", "show", "shop-17").returncode == 3
    assert edge.connect("shop-99", "--", "true").returncode == 0


def test_rename_to_a_taken_name_is_a_conflict_and_to_a_bad_one_a_usage_error(edge):
    edge.create("a")
    edge.create("b")
    assert edge.ctl("endpoint", "rename", "a", "b").returncode == 8
    assert edge.ctl("endpoint", "rename", "a", "B!").returncode == 2
    assert edge.ok("ls", "-q").stdout == "a\nb\n"


def test_the_name_of_a_removed_endpoint_is_free_again(edge):
    edge.create()
    old = edge.endpoint()["id"]
    edge.ok("endpoint", "rm", "shop-17", "--yes")
    edge.create()
    assert edge.endpoint()["id"] != old


@pytest.mark.parametrize("command", ["rm", "disassociate", "token"])
def test_what_hurts_asks_on_a_terminal_and_no_is_the_default(edge, terminal, command):
    edge.node()
    before = edge.endpoint()["id"], edge.endpoint()["associated"]
    for answer in ("", "n", "what"):
        shown, status = terminal("endpoint", command, "shop-17", answer=answer)
        assert status == 1 and "shop-17" in shown and "nothing was changed" in shown
    assert (edge.endpoint()["id"], edge.endpoint()["associated"]) == before
    assert edge.connect("shop-17", "--", "true").returncode == 0


@pytest.mark.parametrize("command", ["rm", "disassociate", "token"])
def test_what_hurts_is_refused_without_a_terminal_unless_yes(edge, command):
    edge.node()
    done = edge.ctl("endpoint", command, "shop-17")
    assert done.returncode == 2
    assert f"hint: edgectl endpoint {command} shop-17 --yes" in done.stderr
    assert edge.endpoint()["associated"]
    edge.ok("endpoint", command, "shop-17", "--yes")


def test_yes_on_a_terminal_removes(edge, terminal):
    edge.create()
    shown, status = terminal("endpoint", "rm", "shop-17", answer="y")
    assert status == 0 and "removed endpoint shop-17" in shown
    assert edge.ctl("endpoint", "show", "shop-17").returncode == 3


def test_a_token_for_an_endpoint_that_nobody_joined_does_not_ask(edge):
    old, edge_id = edge.create()
    done = edge.ok("endpoint", "token", "shop-17", "--show-token")
    new = re.search(r"--edge-id (\S+) <<< '(edge1\.[^']+)'", done.stdout)
    assert new[2] != old
    assert edge.join(old, edge_id).returncode != 0
    assert edge.join(new[2], new[1]).returncode == 0


def test_disassociate_forgets_the_instances(edge):
    edge.node()
    edge.ok("endpoint", "disassociate", "shop-17", "--yes")
    one = edge.endpoint()
    assert not one["associated"] and one["instances"] == []


@pytest.mark.parametrize("arguments", [["show", "nope"], ["rename", "nope", "other"], ["rm", "nope", "--yes"], ["token", "nope", "--yes"],
                                       ["disassociate", "nope", "--yes"]])
def test_an_unknown_endpoint_exits_with_3(edge, arguments):
    done = edge.ctl("endpoint", *arguments)
    assert done.returncode == 3
    assert "nope" in done.stderr and done.stdout == ""


def test_an_unknown_endpoint_is_answered_with_the_near_name(edge):
    edge.create()
    done = edge.ctl("endpoint", "show", "shop-7")
    assert done.returncode == 3 and "did you mean" in done.stderr and "shop-17" in done.stderr


# settings

def test_settings_are_set_for_all_and_for_one_and_taken_back(edge):
    edge.create("a")
    edge.create("b")
    edge.ok("settings", "set", "check-in.interval", "30s")
    edge.ok("settings", "set", "check-in.interval", "7s", "--endpoint", "a")
    assert (edge.endpoint("a")["interval"], edge.endpoint("b")["interval"]) == ("7s", "30s")
    edge.ok("settings", "unset", "check-in.interval")
    assert (edge.endpoint("a")["interval"], edge.endpoint("b")["interval"]) == ("7s", "5s")
    edge.ok("settings", "unset", "check-in.interval", "--endpoint", "a")
    assert edge.endpoint("a")["interval"] == "5s"


def test_settings_show_says_where_each_value_comes_from(edge):
    edge.create("a")
    edge.ok("settings", "set", "check-in.interval", "30s")
    edge.ok("settings", "set", "check-in.hold", "off", "--endpoint", "a")
    shown = {s["key"]: s for s in edge.ctl_json("settings", "show", "--endpoint", "a")["settings"]}
    assert (shown["check-in.interval"]["value"], shown["check-in.interval"]["source"]) == ("30s", "fleet")
    assert (shown["check-in.hold"]["value"], shown["check-in.hold"]["source"]) == ("off", "endpoint")
    assert (shown["tunnel.idle"]["value"], shown["tunnel.idle"]["source"]) == ("5m", "default")
    assert all(s["prose"] and s["default"] for s in shown.values())
    table = edge.ok("settings", "show").stdout.splitlines()
    assert re.split(r" {2,}", table[0]) == ["KEY", "VALUE", "DEFAULT", "SOURCE"]
    assert any(re.fullmatch(r"check-in\.interval +30s +5s +fleet", line) for line in table)


@pytest.mark.parametrize("key, value", [("check-in.interval", "5"), ("check-in.interval", "1ms"), ("check-in.interval", "999d"),
                                        ("check-in.interval", "off"), ("check-in.hold", "maybe"), ("tunnel.idle", ""),
                                        ("nope", "5s"), ("", "5s"), ("check-in", "5s")])
def test_a_setting_that_cannot_be_is_refused_and_changes_nothing(edge, key, value):
    before = edge.ctl_json("settings", "show")
    done = edge.ctl("settings", "set", "--", key, value)
    assert done.returncode in (2, 3), done.stdout
    assert done.stderr.startswith("edgectl: ")
    assert edge.ctl_json("settings", "show") == before


def test_a_setting_of_all_cannot_be_set_for_one(edge):
    edge.create()
    done = edge.ctl("settings", "set", "tunnel.probe", "1s", "--endpoint", "shop-17")
    assert done.returncode == 2 and "all endpoints" in done.stderr


# snapshots

SNAPSHOT = {"host": {"name", "os", "kernel", "architecture", "boot-time", "uptime-seconds"}, "cpu": {"count", "load1", "load5", "load15"},
            "memory": {"total-bytes", "available-bytes"}, "agent": {"version"}}


def test_a_snapshot_is_there_after_the_join_and_holds_what_the_issue_lists(edge):
    edge.node()
    items = eventually(lambda: edge.ctl_json("snapshot", "show", "shop-17")["items"], "a snapshot after the join")
    assert re.fullmatch(RFC3339, items[0]["taken"]) and items[0]["instance"] == edge.endpoint()["instances"][0]["id"]
    snapshot = items[0]["snapshot"]
    for part, keys in SNAPSHOT.items():
        assert keys <= snapshot[part].keys(), (part, snapshot[part].keys())
    assert snapshot["host"]["name"] == os.uname().nodename and snapshot["host"]["kernel"]["release"] == os.uname().release
    assert any(disk["mount"] == "/" for disk in snapshot["disks"])
    assert isinstance(snapshot["network"], list)
    has_units = "failed-units" in snapshot.get("systemd", {})
    missing = {m["key"]: m["reason"] for m in snapshot.get("missing", [])}
    assert has_units or missing["systemd.failed-units"]  # absent with a reason, not zero


def test_snapshot_take_takes_a_new_one_through_a_tunnel(edge):
    edge.node()
    before = len(edge.ctl_json("snapshot", "show", "shop-17")["items"])
    shown = edge.ok("snapshot", "take", "shop-17").stdout
    assert "host name:" in shown and "disks" in shown
    items = edge.ctl_json("snapshot", "show", "shop-17")["items"]
    assert len(items) >= max(before, 1) and items == sorted(items, key=lambda i: i["taken"], reverse=True)
    assert edge.ctl_json("snapshot", "take", "shop-17")["items"][0]["taken"] > items[0]["taken"]


def test_snapshot_show_without_any_exits_with_3_and_says_what_to_do(edge):
    edge.create()
    done = edge.ctl("snapshot", "show", "shop-17")
    assert done.returncode == 3 and "hint: edgectl snapshot take shop-17" in done.stderr


def test_snapshot_take_of_an_endpoint_that_is_not_there_exits_with_5(edge):
    edge.create()
    assert edge.ctl("snapshot", "take", "shop-17").returncode == 5


# status, version, help, usage

def test_status_tells_addresses_keys_and_counts(edge):
    edge.node()
    edge.wait_held()
    status = edge.ctl_json("status")
    assert status["apiVersion"] == "edge/v1"
    assert status["url"] == f"https://localhost:{edge.poll_port}" and status["tunnel"] == f"localhost:{edge.tunnel_port}"
    assert status["endpoints"] == {"new": 0, "online": 1, "offline": 0}
    assert status["held"] == 1 and status["tunnels"] == 0 and status["sessions"] == 0
    assert re.fullmatch(r"sha256/[A-Za-z0-9+/]{43}=", status["pins"][0]) and status["host-key"].startswith("SHA256:")
    assert status["libssh"].startswith("0.11.") or status["libssh"] > "0.11"
    assert status["connections"] >= 1 and status["check-ins"] >= 1
    assert status["loops"] and all(0 <= loop["lag-ms"] <= loop["worst-lag-ms"] < 60_000 for loop in status["loops"])
    shown = edge.ok("status").stdout
    for words in (status["pins"][0], status["host-key"], "1 online", status["version"], str(edge.socket), "per second", "ms, at worst"):
        assert words in shown


def test_status_tells_how_often_agents_check_in(edge):
    agent = raw_agent(edge)
    assert edge.ctl_json("status")["check-ins-per-second"] == 0

    def rate():
        agent.check_in()
        return edge.ctl_json("status")["check-ins-per-second"]
    eventually(lambda: rate() > 0, "a rate")


def test_version_tells_both_programs(edge):
    done = edge.ok("version")
    assert re.fullmatch(r"edgectl \S+\nedged \S+ \(libssh \S+, OpenSSL \S+\)\n", done.stdout)
    assert re.fullmatch(r"edgectl \S+\n", edge.ok("--version").stdout)
    assert set(edge.ctl_json("version")) == {"apiVersion", "client", "daemon"}


def test_version_without_edged_shows_its_own_and_exits_with_7(bare):
    done = bare.ctl("version")
    assert done.returncode == 7 and done.stdout.startswith("edgectl ")


@pytest.mark.parametrize("arguments", [["ls"], ["status"], ["endpoint", "create", "a"], ["settings", "show"], ["snapshot", "show", "a"],
                                       ["endpoint", "rm", "a", "--yes"]])
def test_without_edged_everything_exits_with_7_and_names_the_socket(bare, arguments):
    done = bare.ctl(*arguments)
    assert done.returncode == 7
    assert str(bare.socket) in done.stderr and done.stdout == ""


@pytest.mark.parametrize("arguments", [[], ["frobnicate"], ["endpoint"], ["endpoint", "frobnicate"], ["status", "extra"], ["ls", "--nope"],
                                       ["-o", "xml", "ls"], ["endpoint", "create"], ["endpoint", "rename", "a"], ["connect"],
                                       ["settings", "set", "a"], ["--timeout", "soon", "ls"], ["connect", "a", "b"]])
def test_a_wrong_command_line_exits_with_2_and_points_to_help(edge, arguments):
    done = edge.ctl(*arguments)
    assert done.returncode == 2
    assert done.stdout == "" and ("hint:" in done.stderr or "USAGE" in done.stderr.upper())


@pytest.mark.parametrize("wrong, meant", [("conect", "connect"), ("stauts", "status"), ("endpont", "endpoint")])
def test_a_mistyped_command_is_answered_with_the_near_one(edge, wrong, meant):
    assert f"did you mean '{meant}'" in edge.ctl(wrong).stderr


def test_a_mistyped_flag_is_answered_with_the_near_one(edge):
    assert "did you mean '--no-headers'" in edge.ctl("ls", "--no-header").stderr


def test_errors_are_json_where_json_was_asked_for(edge):
    edge.create()
    cases = [(["endpoint", "show", "nope"], 3, "not-found"), (["endpoint", "create", "shop-17"], 8, "conflict"),
             (["endpoint", "create", "NOPE"], 2, "usage"), (["connect", "shop-17"], 5, "offline"), (["frobnicate"], 2, "usage"),
             (["endpoint", "rm", "shop-17"], 2, "usage")]
    for arguments, status, code in cases:
        done = edge.ctl(*arguments, "-o", "json")
        assert (done.returncode, done.stdout, failure(done)["code"]) == (status, "", code), arguments
        assert failure(done)["message"] and isinstance(failure(done)["retryable"], bool)


def test_an_unreachable_daemon_is_json_too(bare):
    done = bare.ctl("ls", "-o", "json")
    assert done.returncode == 7 and failure(done)["retryable"] is True


def test_help_of_every_command_fits_and_starts_with_examples(edge):
    for command in (["connect"], ["ls"], ["endpoint", "create"], ["endpoint", "rm"], ["settings", "set"], ["snapshot", "take"], ["status"]):
        done = edge.ok(*command, "--help")
        assert done.stderr == "" and len(done.stdout.splitlines()) < 60
        assert "edgectl " + " ".join(command) in done.stdout


@pytest.mark.parametrize("topic", ["exit-codes", "environment", "formatting"])
def test_help_topics_are_there(edge, topic):
    assert len(edge.ok("help", topic).stdout) > 200


def test_every_exit_code_that_these_tests_expect_is_in_the_help(edge):
    text = edge.ok("help", "exit-codes").stdout
    assert {0, 1, 2, 3, 4, 5, 6, 7, 8, 130, 255} <= {int(n) for n in re.findall(r"(?m)^  (\d+) ", text)}


# Terminals, colours, variables, other people's text

def test_colour_is_only_on_a_terminal_and_can_be_switched_off(edge, terminal):
    edge.node()
    assert "\x1b" not in edge.ok("ls").stdout
    assert "\x1b[" in edge.ok("ls", "--color", "always").stdout
    assert "\x1b[" in terminal("ls")[0]
    assert "\x1b" not in terminal("ls", NO_COLOR="1")[0]
    assert "\x1b" not in terminal("ls", TERM="dumb")[0]
    assert "\x1b" not in terminal("ls", "--color", "never")[0]
    assert "\x1b[" in edge.ctl("ls", env={"CLICOLOR_FORCE": "1"}).stdout


def test_flags_have_variables_and_a_flag_wins(edge):
    edge.create()
    assert json.loads(edge.ctl("ls", env={"EDGECTL_OUTPUT": "json"}).stdout)["items"]
    assert edge.ctl("ls", "-o", "table", env={"EDGECTL_OUTPUT": "json"}).stdout.startswith("NAME")
    assert edge.ctl("ls", "--socket", edge.socket, env={"EDGECTL_SOCKET": "/nowhere"}).returncode == 0
    assert edge.ctl("ls", env={"EDGECTL_SOCKET": "/nowhere"}).returncode == 7


def test_the_socket_may_come_from_the_configuration_file(edge):
    folder = edge.home / "config" / "edgectl"
    folder.mkdir(parents=True)
    (folder / "config.yaml").write_text(f"socket: {edge.socket}\n")
    environment = edge.environment()
    del environment["EDGECTL_SOCKET"]
    assert subprocess.run([EDGECTL, "ls"], env=environment, capture_output=True).returncode == 0
    (folder / "config.yaml").write_text("sockets: /x\n")
    done = subprocess.run([EDGECTL, "ls"], env=environment, capture_output=True, text=True)
    assert done.returncode != 0 and "sockets" in done.stderr and "config.yaml" in done.stderr


def test_a_reader_that_closes_early_is_no_crash(edge):
    for number in range(30):
        edge.create(f"shop-{number}")
    done = subprocess.run(["bash", "-c", f"{EDGECTL} ls -o json | head -n 1"], env=edge.environment(), capture_output=True, text=True)
    assert done.stdout == '{"apiVersion": "edge/v1", "items": [\n' and done.stderr == ""


HOSTILE = "evil\x1b]0;owned\x07\x1b[2J\x9b31m\r\nname: fake\u202egnol\x7f"


def visible(text):
    """No control character but the line's end, and none that turns the reading direction round."""
    return not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]", text)


SHORT = "evil\x1b[31m\x07\x9b1m"  # within every bound


def hostile_agent(edge):
    """An agent whose every text is hostile, at join and later."""
    token, edge_id = edge.create()
    agent = RawAgent(edge, token, edge_id)
    assert agent.associate(**{"host-name": HOSTILE, "platform": SHORT, "version": SHORT}).status == 200
    assert agent.check_in().status == 204
    return agent


def test_hostile_text_of_an_agent_never_puts_control_characters_on_the_terminal(edge, terminal):
    agent = hostile_agent(edge)
    assert agent.report(tunnel_failure="auth-refused", tunnel_detail=HOSTILE).status == 204
    assert agent.report(host_name=HOSTILE + "2", platform=SHORT + "2", version=SHORT + "2").status == 204
    for command in (["endpoint", "show", "shop-17"], ["ls"], ["connect", "shop-17", "--wait", "300ms"]):
        shown, _ = terminal(*command, NO_COLOR="1")
        assert visible(shown.replace("\r\x1b[K", "")), repr(shown)
        done = edge.ctl(*command)
        assert visible(done.stdout + done.stderr), repr(done)
    assert "evil" in edge.ok("endpoint", "show", "shop-17").stdout
    assert visible(edge.edged.log()), [line for line in edge.edged.log().splitlines() if not visible(line)]


def test_hostile_text_in_a_snapshot_never_puts_control_characters_on_the_terminal(edge, terminal):
    agent = hostile_agent(edge)
    body = gzip.compress(json.dumps({"kind": "Snapshot", "host": {"name": HOSTILE, "os": {"name": HOSTILE, "version": HOSTILE}, "kernel": {"release": HOSTILE}},
                    "disks": [{"mount": HOSTILE, "device": HOSTILE, "type": HOSTILE, "total-bytes": 1, "free-bytes": 1}],
                    "network": [{"name": HOSTILE, "mac": HOSTILE, "addresses": [HOSTILE]}],
                    "missing": [{"key": HOSTILE, "reason": HOSTILE}], "systemd": {"failed-units": [HOSTILE]}}).encode())
    headers = {**agent.mac("PUT", "/v1/snapshot"), "Content-Encoding": "gzip", "Content-Type": "application/json"}
    assert agent.line().ask("PUT", "/v1/snapshot", headers, body).status < 300
    shown, status = terminal("snapshot", "show", "shop-17", NO_COLOR="1")
    assert status == 0 and "evil" in shown
    assert visible(shown), repr(shown)


# Completion

def complete(edge, line):
    """What bash would offer at the end of the line."""
    script = f"""
source {ROOT}/completions/edgectl.bash
COMP_LINE={line!r}; COMP_POINT=${{#COMP_LINE}}
read -ra COMP_WORDS <<< "$COMP_LINE"; [[ "$COMP_LINE" == *" " ]] && COMP_WORDS+=("")
COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
entry=$(complete -p edgectl); [[ $entry =~ -F\\ ([^ ]+) ]]; "${{BASH_REMATCH[1]}}" edgectl "${{COMP_WORDS[COMP_CWORD]}}" "${{COMP_WORDS[COMP_CWORD-1]}}"
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
    environment = edge.environment(PATH=f"{BIN}:{os.environ['PATH']}")
    done = subprocess.run(["bash", "--norc", "--noprofile", "-c", script], env=environment, capture_output=True, text=True)
    assert done.stderr == "", done.stderr
    return [word.strip() for word in done.stdout.split("\n") if word.strip()]


def test_bash_completes_commands(edge):
    assert complete(edge, "edgectl endpoint sh") == ["show"]
    assert complete(edge, "edgectl conn") == ["connect"]
    assert set(complete(edge, "edgectl settings ")) >= {"show", "set", "unset"}


def test_bash_completes_flags(edge):
    assert complete(edge, "edgectl connect --wa") == ["--wait"]
    assert complete(edge, "edgectl endpoint create --exp") == ["--expires"]


def test_bash_completes_names_of_endpoints_also_after_a_user(edge):
    for name in ("shop-17", "shop-18", "bar-1"):
        edge.create(name)
    assert complete(edge, "edgectl endpoint show sh") == ["shop-17", "shop-18"]
    assert complete(edge, "edgectl connect ba") == ["bar-1"]
    assert complete(edge, "edgectl connect root@ba") == ["root@bar-1"]
    assert complete(edge, "edgectl snapshot take shop-17") == ["shop-17"]


def test_completion_without_edged_is_quick_and_silent(bare):
    assert complete(bare, "edgectl endpoint show sh") == []


def test_zsh_and_fish_take_the_generated_completions(edge):
    for shell, file in (("zsh", "_edgectl"), ("fish", "edgectl.fish")):
        assert shutil.which(shell), f"{shell} is in scripts/packages.txt"
        done = subprocess.run([shell, "-n", ROOT / "completions" / file], capture_output=True, text=True)
        assert (done.returncode, done.stderr) == (0, "")


def test_fish_completes_names_of_endpoints(edge):
    assert shutil.which("fish")
    edge.create("shop-17")
    done = subprocess.run(["fish", "--no-config", "-c", f"source {ROOT}/completions/edgectl.fish; complete -C 'edgectl endpoint show sh'"],
                          env=edge.environment(PATH=f"{BIN}:{os.environ['PATH']}"), capture_output=True, text=True)
    assert [line.split("\t")[0] for line in done.stdout.splitlines()] == ["shop-17"], done.stderr
