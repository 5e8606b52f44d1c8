"""Joining: who becomes an agent of an endpoint, who does not, and what a refusal leaves behind (nothing)."""
import concurrent.futures
import json
import re
import signal
import socket
import stat
import time
import uuid

import pexpect
import pytest

from edge import BIN, PATIENCE, eventually
from poll_client import RawAgent, another_instance, changed_token, new_host_key, raw_agent, read_token

USAGE, NOT_ALLOWED, UNREACHABLE, CONFLICT = 2, 4, 7, 8


def record(edge, endpoint="shop-17"):
    """What an attempt to join might change; not what time changes."""
    shown = edge.endpoint(endpoint)
    instances = [(i["id"], i["host-key"], i["host-name"], i["version"]) for i in shown["instances"]]
    return {**{key: shown[key] for key in ("id", "name", "created", "associated", "token-expires", "url", "settings")},
            "instances": instances, "state": shown["state"]}


def files(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()} if folder.exists() else {}


def identity(edge, name="agent"):
    return json.loads((edge.agent_state(name) / "identity.json").read_text())


def host_key(edge, name="agent"):
    return (edge.agent_state(name) / "ssh_host_ed25519_key").read_bytes()


# --- association

def test_an_association_is_on_disk_before_it_is_answered(edge):
    for name in ("shop-1", "shop-2", "shop-3"):
        agent = raw_agent(edge, name)
        edge.restart(signal.SIGKILL)
        assert edge.endpoint(name)["associated"]
        assert agent.check_in(connection=agent.connect()).status == 204


def test_a_node_that_joins_is_shown_with_its_host_key(edge):
    token, edge_id = edge.create()
    assert edge.join(token, edge_id).returncode == 0
    shown = edge.endpoint()
    assert shown["associated"] and shown["state"] == "online" and shown["token-expires"] is None
    assert [i["id"] for i in shown["instances"]] == [identity(edge)["instance"]]
    assert shown["instances"][0]["host-key"].startswith("SHA256:")
    assert "endpoint.associated" in [event["kind"] for event in shown["events"]]


def test_joining_stores_a_first_snapshot(edge):
    token, edge_id = edge.create()
    assert edge.join(token, edge_id).returncode == 0
    taken = edge.ctl_json("snapshot", "show", "shop-17")["items"]
    assert [one["instance"] for one in taken] == [identity(edge)["instance"]]
    assert socket.gethostname() in json.dumps(taken[0]["snapshot"])


def test_a_second_node_joins_with_the_same_line(edge):
    token, edge_id = edge.create()
    assert edge.join(token, edge_id, "one").returncode == 0
    assert edge.join(token, edge_id, "two").returncode == 0
    assert len(edge.endpoint()["instances"]) == 2
    assert identity(edge, "one")["instance"] != identity(edge, "two")["instance"]
    assert host_key(edge, "one") != host_key(edge, "two")


def test_two_nodes_that_join_a_new_endpoint_at_the_same_moment_both_succeed(edge):
    token, edge_id = edge.create()
    agents = [RawAgent(edge, token, edge_id) for _ in range(6)]
    with concurrent.futures.ThreadPoolExecutor(len(agents)) as pool:
        answers = [future.result() for future in [pool.submit(agent.associate) for agent in agents]]
    assert [answer.status for answer in answers] == [200] * len(agents), answers
    assert len(edge.endpoint()["instances"]) == len(agents)


def test_joining_again_keeps_edge_id_host_key_and_instance(edge):
    token, edge_id = edge.create()
    assert edge.join(token, edge_id).returncode == 0
    before = identity(edge), host_key(edge)
    again = edge.join(token)  # without --edge-id
    assert again.returncode == 0, again.stderr
    assert (identity(edge), host_key(edge)) == before
    assert len(edge.endpoint()["instances"]) == 1


def test_a_node_that_joined_again_still_checks_in(edge):
    token, edge_id = edge.create()
    assert edge.join(token, edge_id).returncode == 0
    assert edge.join(token).returncode == 0
    edge.start_agent()
    edge.wait_held()


def test_a_node_joins_again_with_a_new_token(edge):
    token, edge_id = edge.create()
    assert edge.join(token, edge_id).returncode == 0
    before = identity(edge), host_key(edge)
    fresh = json.loads(edge.ok("endpoint", "token", "shop-17", "--yes", "-o", "json").stdout)
    assert edge.join(fresh["token"]).returncode == 0
    after = identity(edge), host_key(edge)
    assert after[0]["edge-id"] == before[0]["edge-id"] and after[1] == before[1]
    edge.start_agent()
    edge.wait_held()


def test_without_an_edge_id_join_makes_one(edge):
    token, _ = edge.create()
    joined = edge.join(token)
    assert joined.returncode == 0, joined.stderr
    assert uuid.UUID(identity(edge)["edge-id"]).version == 4
    edge.start_agent()
    edge.wait_held()


def test_join_offline_only_stores_and_run_associates(edge):
    token, edge_id = edge.create()
    before = record(edge)
    joined = edge.join(token, edge_id, "agent", "--offline")
    assert joined.returncode == 0, joined.stderr
    assert record(edge) == before and before["state"] == "new"
    edge.start_agent()
    edge.wait_held()
    assert edge.endpoint()["associated"]
    assert "secret" not in identity(edge), "the token's secret is of no more use"


def test_join_offline_needs_no_server(edge):
    token, edge_id = edge.create()
    edge.edged.stop()
    assert edge.join(token, edge_id, "agent", "--offline").returncode == 0
    agent = edge.start_agent()
    agent.wait_log("check-in.failing")
    edge.edged.start()
    edge.edged.wait_log("edged.ready")
    edge.wait_held()


# --- where the token comes from

def test_the_token_comes_from_a_file(edge):
    token, edge_id = edge.create()
    file = edge.folder / "token"
    file.write_text(token + "\n")
    joined = edge.run("edge-agent", "--state", edge.agent_state(), "join", "--edge-id", edge_id, "--token-file", file)
    assert joined.returncode == 0, joined.stderr


def test_the_token_comes_from_the_environment(edge):
    token, edge_id = edge.create()
    joined = edge.run("edge-agent", "--state", edge.agent_state(), "join", "--edge-id", edge_id,
                      env={"EDGE_JOIN_TOKEN": token})
    assert joined.returncode == 0, joined.stderr


def test_on_a_terminal_the_token_is_asked_for_without_echo(edge):
    token, edge_id = edge.create()
    prompt = pexpect.spawn(str(BIN / "edge-agent"), ["--state", str(edge.agent_state()), "join", "--edge-id", edge_id],
                           env=edge.environment(), timeout=PATIENCE, encoding="utf-8")
    try:
        prompt.expect("join token: ")
        assert prompt.waitnoecho(5)
        prompt.sendline(token)
        prompt.expect(pexpect.EOF)
        prompt.close()
        assert prompt.exitstatus == 0, prompt.before
        assert token[:20] not in prompt.before
    finally:
        prompt.close(force=True)


def test_interrupting_the_prompt_gives_the_terminal_its_echo_back(edge):
    shell = pexpect.spawn("/bin/sh", ["-c", f"trap : INT; '{BIN}/edge-agent' --state '{edge.agent_state()}' join; stty -a"],
                          env=edge.environment(), timeout=PATIENCE, encoding="utf-8")
    try:
        shell.expect("join token: ")
        assert shell.waitnoecho(5)
        shell.sendintr()
        shell.expect(pexpect.EOF)
        assert " echo " in shell.before, shell.before
    finally:
        shell.close(force=True)


def test_no_token_at_all_is_a_usage_error_with_a_hint(edge):
    nothing = edge.join("")
    assert nothing.returncode == USAGE
    assert "no join token" in nothing.stderr and "edgectl endpoint create" in nothing.stderr


# --- tokens that are no good: exit 2, nothing changed

def mistyped(token):
    at = len(token) // 2
    return token[:at] + ("A" if token[at] != "A" else "B") + token[at + 1:]


BAD_TOKENS = {
    "cut off in the middle": (lambda token: token[:len(token) // 2], "cut off"),
    "without its last letter": (lambda token: token[:-1], "cut off or mistyped"),
    "without its checksum": (lambda token: token.rsplit(".", 1)[0], "cut off"),
    "with a letter mistyped": (mistyped, "checksum"),
    "with a space inside": (lambda token: token[:30] + " " + token[30:], "white space"),
    "of another version": (lambda token: "edge2" + token[5:], "another version (edge2)"),
    "not one at all": (lambda token: "hello", "not a join token"),
    "expired": (lambda token: changed_token(token, expires=1), "expired at 1970-01-01"),
    "with a field missing": (lambda token: changed_token(token, tunnel=None), "tunnel"),
    "with no pins": (lambda token: changed_token(token, pins=[]), "pins"),
    "huge": (lambda token: "edge1." + "A" * 100_000, ""),
}


@pytest.mark.parametrize("what", BAD_TOKENS)
def test_a_bad_token_is_named_and_changes_nothing(edge, what):
    spoil, words = BAD_TOKENS[what]
    token, edge_id = edge.create()
    before = record(edge)
    refused = edge.join(spoil(token), edge_id)
    assert refused.returncode == USAGE, refused
    assert words in refused.stderr, refused.stderr
    assert read_token(token)["secret"] not in refused.stderr
    assert record(edge) == before
    assert not edge.agent_state().exists()


@pytest.mark.parametrize("what", ["cut off in the middle", "of another version", "expired"])
def test_a_bad_token_leaves_a_joined_node_as_it_is(edge, what):
    token, edge_id = edge.create()
    assert edge.join(token, edge_id).returncode == 0
    before = files(edge.agent_state()), record(edge)
    assert edge.join(BAD_TOKENS[what][0](token), edge_id).returncode == USAGE
    assert (files(edge.agent_state()), record(edge)) == before


def test_a_token_that_expired_is_refused_by_the_server_too(edge):
    token, edge_id = edge.create("shop-17", "--expires", "300ms")
    agent = RawAgent(edge, token, edge_id)
    time.sleep(0.35)  # the time itself is what is tested
    answer = agent.associate()
    assert answer.status == 403 and "expired" in answer.json["error"]["message"], answer
    assert not edge.endpoint()["associated"]


def test_an_expired_token_still_joins_further_nodes_of_an_associated_endpoint(edge):
    token, edge_id = edge.create("shop-17", "--expires", "1500ms")
    first = RawAgent(edge, token, edge_id).joined()
    time.sleep(1.6)  # what is tested is the time itself
    assert another_instance(first).check_in().status == 204


def test_a_token_that_never_expires_has_no_expiry(edge):
    token, _ = edge.create("shop-17", "--expires", "never")
    assert "expires" not in read_token(token)


def test_an_edge_id_that_is_no_uuid_is_a_usage_error(edge):
    token, _ = edge.create()
    refused = edge.join(token, "not-a-uuid")
    assert refused.returncode == USAGE and "--edge-id" in refused.stderr
    assert not edge.agent_state().exists()


# --- refused by the server

def test_a_wrong_token_is_refused_and_a_new_endpoint_stays_new(edge):
    token, edge_id = edge.create()
    before = record(edge)
    agent = RawAgent(edge, token, edge_id)
    agent.secret = bytes(32)
    assert agent.associate().status == 401
    assert record(edge) == before


def test_a_wrong_token_is_refused_and_an_associated_endpoint_stays_as_it_is(edge):
    agent = raw_agent(edge)
    before = record(edge)
    intruder = agent.copy()
    intruder.secret, intruder.host_key = bytes(32), new_host_key()
    assert intruder.associate().status == 401
    assert record(edge) == before and agent.check_in().status == 204


def test_a_wrong_edge_id_is_refused_and_the_record_is_unchanged(edge):
    agent = raw_agent(edge)
    before = record(edge)
    stranger = agent.copy()
    stranger.edge_id, stranger.instance = str(uuid.uuid4()), "0011223344556677"
    assert stranger.associate().status == 401
    assert record(edge) == before and agent.check_in().status == 204


def test_an_unknown_endpoint_and_a_wrong_token_get_the_same_answer(edge):
    agent = raw_agent(edge)
    stranger = agent.copy()
    stranger.endpoint = "0" * 32
    wrong = agent.copy()
    wrong.secret = bytes(32)
    one, other = stranger.associate(), wrong.associate()
    assert (one.status, one.body) == (other.status, other.body) == (401, one.body)


def test_join_with_a_wrong_edge_id_says_so_and_changes_nothing(edge):
    token, edge_id = edge.create()
    assert edge.join(token, edge_id).returncode == 0
    before = files(edge.agent_state()), record(edge)
    refused = edge.join(token, str(uuid.uuid4()))
    assert refused.returncode == NOT_ALLOWED, refused
    assert "edge ID and token do not match" in refused.stderr and "edgectl endpoint" in refused.stderr
    after = files(edge.agent_state())
    assert after["identity.json"] == before[0]["identity.json"]
    assert record(edge) == before[1]


def test_a_token_that_was_replaced_joins_nobody(edge):
    token, edge_id = edge.create()
    edge.ok("endpoint", "token", "shop-17", "--yes")
    assert edge.join(token, edge_id).returncode == NOT_ALLOWED
    assert not edge.endpoint()["associated"]


def test_an_edge_id_that_another_endpoint_has_is_refused(edge):
    first = raw_agent(edge, "shop-1")
    token, _ = edge.create("shop-2")
    before = record(edge, "shop-1"), record(edge, "shop-2")
    copy = RawAgent(edge, token, first.edge_id)
    answer = copy.associate()
    assert answer.status == 409, answer
    assert "edge ID" in answer.json["error"]["message"]
    assert (record(edge, "shop-1"), record(edge, "shop-2")) == before


def test_a_changed_host_key_is_refused_until_an_operator_accepts_the_machine(edge):
    agent = raw_agent(edge)
    before = record(edge)
    agent.host_key = new_host_key()
    answer = agent.associate()
    assert answer.status == 409 and "host key" in answer.json["error"]["message"], answer
    assert record(edge) == before
    edge.ok("endpoint", "disassociate", "shop-17", "--yes")
    assert agent.associate().status == 200
    assert record(edge)["instances"][0][1] != before["instances"][0][1]


def test_join_with_a_lost_host_key_says_what_an_operator_can_do(edge):
    token, edge_id = edge.create()
    assert edge.join(token, edge_id).returncode == 0
    (edge.agent_state() / "ssh_host_ed25519_key").unlink()
    refused = edge.join(token)
    assert refused.returncode == CONFLICT, refused
    assert "another host key" in refused.stderr and "edgectl endpoint disassociate" in refused.stderr


def test_a_refused_host_key_leaves_an_event(edge):
    agent = raw_agent(edge)
    agent.host_key = new_host_key()
    agent.associate()
    eventually(lambda: [e for e in edge.endpoint()["events"] if e["kind"] == "associate.refused"], "the event")


def test_a_replaced_machine_joins_after_disassociate(edge):
    edge.node()
    token_line = json.loads(edge.ok("endpoint", "token", "shop-17", "--yes", "-o", "json").stdout)
    joined = edge.join(token_line["token"], token_line["edge-id"], "replacement")
    assert joined.returncode == 0, joined.stderr
    assert [i["id"] for i in edge.endpoint()["instances"]] == [identity(edge, "replacement")["instance"]]


def test_after_disassociate_the_endpoint_is_not_online(edge):
    raw_agent(edge)
    assert edge.endpoint()["state"] == "online"
    edge.ok("endpoint", "disassociate", "shop-17", "--yes")
    shown = edge.endpoint()
    assert not shown["associated"] and shown["instances"] == []
    assert shown["state"] == "new"


def test_the_65th_instance_of_an_endpoint_is_refused(edge):
    agent = raw_agent(edge)
    for _ in range(63):
        another_instance(agent)
    one_more = agent.copy()
    one_more.instance = "ffffffffffffffff"
    assert one_more.associate().status == 409
    assert len(edge.endpoint()["instances"]) == 64 and agent.check_in().status == 204


def test_a_node_of_one_endpoint_does_not_join_another(edge):
    token, edge_id = edge.create("shop-1")
    assert edge.join(token, edge_id).returncode == 0
    before = files(edge.agent_state())
    refused = edge.join(*edge.create("shop-2"))
    assert refused.returncode == CONFLICT and "belongs to endpoint shop-1" in refused.stderr
    assert files(edge.agent_state()) == before
    assert edge.endpoint("shop-2")["state"] == "new"


def test_a_node_joins_another_endpoint_after_it_left(edge):
    assert edge.join(*edge.create("shop-1")).returncode == 0
    assert edge.run("edge-agent", "--state", edge.agent_state(), "leave").returncode == 0
    assert edge.run("edge-agent", "--state", edge.agent_state(), "status").returncode == 3
    assert edge.join(*edge.create("shop-2")).returncode == 0
    assert edge.endpoint("shop-2")["associated"]


# --- a server that is not there, or is another one

def test_join_names_the_address_of_a_server_that_is_not_there(edge):
    token, edge_id = edge.create()
    edge.edged.stop()
    failed = edge.join(token, edge_id)
    assert failed.returncode == UNREACHABLE
    # Of each address, where localhost has several.
    assert re.search(rf"cannot connect to localhost:{edge.poll_port}: (\S+: )?Connection refused", failed.stderr), failed.stderr
    assert not (edge.agent_state() / "identity.json").exists()


def test_join_names_the_host_and_port_of_a_name_that_does_not_resolve(edge):
    token, edge_id = edge.create()
    failed = edge.join(changed_token(token, url=["https://no-such-host.invalid:9000"]), edge_id)
    assert failed.returncode == UNREACHABLE
    assert "cannot resolve" in failed.stderr and "no-such-host.invalid:9000" in failed.stderr, failed.stderr


def test_join_refuses_a_server_whose_pin_differs(edge):
    token, edge_id = edge.create()
    before = record(edge)
    other_pin = "sha256/" + "A" * 43 + "="
    failed = edge.join(changed_token(token, pins=[other_pin]), edge_id)
    assert failed.returncode == NOT_ALLOWED
    assert f"localhost:{edge.poll_port}: TLS pin mismatch" in failed.stderr
    assert read_token(token)["pins"][0] in failed.stderr, "what the server shows"
    assert record(edge) == before and not (edge.agent_state() / "identity.json").exists()


def test_one_matching_pin_of_several_is_enough(edge):
    token, edge_id = edge.create()
    pins = ["sha256/" + "A" * 43 + "=", *read_token(token)["pins"]]
    assert edge.join(changed_token(token, pins=pins), edge_id).returncode == 0


def test_the_systems_authorities_do_not_trust_a_self_signed_server(edge):
    token, edge_id = edge.create()
    failed = edge.join(changed_token(token, pins=["system"]), edge_id)
    assert failed.returncode == NOT_ALLOWED
    assert f"localhost:{edge.poll_port}" in failed.stderr


def test_join_gives_up_on_a_port_that_never_answers(edge):
    token, edge_id = edge.create()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        config = edge.agent_config("agent", **{"connect.deadline": "300ms"})
        failed = edge.run("edge-agent", "--config", config, "--state", edge.agent_state(), "join", "--edge-id", edge_id,
                          input=changed_token(token, url=[f"https://127.0.0.1:{port}"]))
    assert failed.returncode == UNREACHABLE
    assert f"no TLS handshake with 127.0.0.1:{port} in time" in failed.stderr


def test_join_says_when_what_answers_speaks_no_tls(edge):
    token, edge_id = edge.create()
    failed = edge.join(changed_token(token, url=[f"https://localhost:{edge.tunnel_port}"]), edge_id)
    assert failed.returncode == UNREACHABLE
    assert f"localhost:{edge.tunnel_port}: TLS handshake failed" in failed.stderr


def test_join_tries_every_url_of_the_token(edge):
    token, edge_id = edge.create()
    # Nobody there, and somebody who speaks no TLS.
    urls = ["https://localhost:1", f"https://localhost:{edge.tunnel_port}", *read_token(token)["url"]]
    joined = edge.join(changed_token(token, url=urls), edge_id)
    assert joined.returncode == 0
    assert "localhost:1: " in joined.stderr and "TLS handshake failed" in joined.stderr, "what did not work is said"


# --- what is left on the disk

def test_the_agents_files_are_its_owners_alone(edge):
    assert edge.join(*edge.create()).returncode == 0
    edge.start_agent()
    edge.wait_held()
    folder = edge.agent_state()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {path.name: oct(stat.S_IMODE(path.stat().st_mode)) for path in folder.iterdir()
            if stat.S_IMODE(path.stat().st_mode) != 0o600} == {}
