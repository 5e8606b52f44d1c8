"""How sessions end that could have gone on: what nobody comes back to is hung up, and who waits is told why it is over."""
import contextlib
import signal
import subprocess
import time

import pytest

from edge import eventually
from test_resume import cabled, kill_edged, ssh_options  # noqa: F401

LIMIT = 6  # seconds; silence alone is 3


@contextlib.contextmanager
def session(edge, command, endpoint="shop-17"):
    running = edge.popen_connect(endpoint, "--", command)
    try:
        yield running
    finally:
        running.kill()
        running.communicate()


def only_session(edge):
    """The one that edged knows; None: it knows none."""
    found = edge.ctl_json("session", "ls")["items"]
    assert len(found) < 2, found
    return found[0] if found else None


def paused(edge, timeout=20):
    return eventually(lambda: (lambda one: one and one["state"] == "paused" and one)(only_session(edge)),
                      "the session is paused", timeout)


def failed(running, *words, status=255, timeout=30):
    out, err = running.communicate(timeout=timeout)
    assert running.returncode == status, (running.returncode, out, err)
    text = err.decode()
    for word in words:
        assert word in text, text
    return text


@contextlib.contextmanager
def within(seconds, what):
    started = time.monotonic()
    yield
    took = time.monotonic() - started
    assert took < seconds, f"{what}: {took:.1f} s"


# --- edgectl goes

@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_an_edgectl_that_ends_hangs_the_far_side_up_at_once(shop, far, number):
    command = far.new()
    with session(shop, command) as running:
        far.started(command)
        with within(2, "the far side is hung up"):
            running.send_signal(number)
            far.gone(command)
    eventually(lambda: not only_session(shop), "edged has no session")


def test_an_edgectl_that_is_killed_after_a_resumption_hangs_the_far_side_up_at_once(shop, far):
    command = far.new()
    with session(shop, command) as running:
        far.started(command)
        kill_edged(shop)
        shop.agent.wait_log(r"session\.resumed ")
        eventually(lambda: only_session(shop), "edged knows it again")
        with within(2, "the far side is hung up"):
            running.kill()
            far.gone(command)
    eventually(lambda: not only_session(shop), "edged has no session")


def test_a_stock_ssh_that_is_killed_hangs_the_far_side_up_at_once(shop, far):
    shop.run("edgectl", "proxy", "shop-17", input="", timeout=30)  # makes the operator's identity
    command = far.new()
    ssh = subprocess.Popen(["ssh", *ssh_options(shop), shop.target(), command], env=shop.environment(),
                           stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        far.started(command)
        with within(2, "the far side is hung up"):
            ssh.kill()
            far.gone(command)
    finally:
        ssh.kill()
        ssh.communicate()


def test_an_edgectl_that_is_killed_during_a_cut_leaves_nothing_once_the_cable_is_back(cabled, far):
    command = far.new()
    with session(cabled, command) as running:
        far.started(command)
        cabled.cable.pull()
        paused(cabled)
        running.kill()
        eventually(lambda: not only_session(cabled), "edged has no session")
        assert far.find(command)  # nobody could tell
        cabled.cable.plug()
        far.gone(command, 8)


def test_an_edgectl_that_is_killed_before_a_cut_is_noticed_leaves_nothing_once_the_cable_is_back(cabled, far):
    command = far.new()
    with session(cabled, command) as running:
        far.started(command)
        cabled.cable.pull()
        running.kill()
        cabled.agent.wait_log(r"tunnel\.closed .*reason=silent")
        assert far.find(command)
        cabled.cable.plug()
        far.gone(command, 8)


def test_an_edgectl_that_ends_while_edged_is_dead_leaves_an_orphan_until_the_limit(shop, far):
    shop.set("session.resume-for", f"{LIMIT}s")
    command = far.new()
    with session(shop, command) as running:
        far.started(command)
        shop.edged.send(signal.SIGKILL)
        shop.edged.wait()
        since = time.monotonic()
        running.kill()
        shop.agent.wait_log(r"session\.paused")
        assert far.find(command)
        far.gone(command, LIMIT + 5)
        assert time.monotonic() - since > LIMIT - 1, "it was not waited for"
    shop.agent.wait_log(r"session\.given-up .*after=6s")


def test_an_orphan_of_a_dead_edged_is_gone_at_its_limit_also_where_edged_is_back(shop, far):
    shop.set("session.resume-for", f"{LIMIT}s")
    command = far.new()
    with session(shop, command) as running:
        far.started(command)
        shop.edged.send(signal.SIGKILL)
        shop.edged.wait()
        running.kill()
        shop.edged.start()
        shop.edged.wait_log("edged.ready")
        far.gone(command, LIMIT + 5)
    assert shop.connect("shop-17", "--", "echo still served").stdout == "still served\n"


# --- the far command ends

def test_a_command_that_ends_during_a_cut_delivers_its_output_and_its_status_afterwards(cabled, tmp_path):
    go, over = tmp_path / "go", tmp_path / "over"
    command = f"echo before; until test -e {go}; do sleep 0.1; done; seq 1 20000; echo words >&2; touch {over}; exit 7"
    with session(cabled, command) as running:
        assert running.stdout.readline() == b"before\n"
        cabled.cable.pull()
        paused(cabled)
        assert running.stderr.readline().startswith(b"edgectl: shop-17 is out of reach; the session waits for it")
        go.touch()
        eventually(over.exists, "the command is over")
        assert running.poll() is None
        cabled.cable.plug()
        out, err = running.communicate(timeout=30)
    assert running.returncode == 7
    assert out.decode() == "".join(f"{number}\n" for number in range(1, 20001))
    assert "words\n" in err.decode()
    assert "edgectl: shop-17 is back after" in err.decode()


def test_input_that_ended_during_a_cut_ends_afterwards(cabled, far):
    with session(cabled, "cat; echo over") as running:
        running.stdin.write(b"before\n")
        running.stdin.flush()
        assert running.stdout.readline() == b"before\n"
        cabled.cable.pull()
        paused(cabled)
        out = None
        running.stdin.write(b"during\n")
        running.stdin.close()
        running.stdin = None
        cabled.cable.plug()
        out, _ = running.communicate(timeout=30)
    assert (running.returncode, out) == (0, b"during\nover\n")


# --- there is no way back

def test_a_cut_that_outlasts_the_limit_ends_the_session_on_both_sides(cabled, far):
    cabled.set("session.resume-for", f"{LIMIT}s")
    command = far.new()
    with session(cabled, command) as running:
        far.started(command)
        cabled.cable.pull()
        failed(running, "the session on shop-17 ended:", "the far side was away for 6s")
        far.gone(command, LIMIT)
    cabled.agent.wait_log(r"session\.given-up .*after=6s")
    cabled.cable.plug()
    eventually(lambda: not only_session(cabled), "edged has no session", 10)


def test_an_edged_that_stays_away_ends_the_session_on_both_sides(shop, far):
    shop.set("session.resume-for", f"{LIMIT}s")
    command = far.new()
    with session(shop, command) as running:
        far.started(command)
        shop.edged.kill()
        failed(running, "ended:", "the far side was away for 6s")
        far.gone(command, LIMIT)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_an_agent_that_was_started_anew_meanwhile_has_no_session_to_go_on_with(cabled, far, number):
    command = far.new()
    with session(cabled, command) as running:
        far.started(command)
        cabled.cable.pull()
        paused(cabled)
        cabled.agent.stop(number)
        far.gone(command)
        cabled.agent.start()
        cabled.cable.plug()
        failed(running, "does not have this session any more: its agent was started anew")
    eventually(lambda: not only_session(cabled), "edged has no session")


@pytest.mark.parametrize("number, words", [(signal.SIGTERM, "the agent was stopped"),
                                           (signal.SIGKILL, "its agent was started anew")])
def test_an_agent_that_is_restarted_ends_its_sessions_with_a_reason(shop, far, number, words):
    command = far.new()
    with session(shop, command) as running:
        far.started(command)
        shop.agent.stop(number)
        far.gone(command)
        shop.agent.start()
        failed(running, words)


def test_a_paused_session_that_is_killed_ends_for_both(cabled, far):
    command = far.new()
    with session(cabled, command) as running:
        far.started(command)
        cabled.cable.pull()
        cabled.ok("session", "kill", paused(cabled)["id"], "--yes")
        with within(3, "who waits is told"):
            failed(running, "killed by ")
        cabled.cable.plug()
        far.gone(command, 8)
    assert not only_session(cabled)


def test_an_endpoint_that_is_removed_meanwhile_ends_its_paused_sessions(cabled, far):
    cabled.set("session.resume-for", f"{LIMIT}s")
    command = far.new()
    with session(cabled, command) as running:
        far.started(command)
        cabled.cable.pull()
        paused(cabled)
        cabled.ok("endpoint", "rm", "shop-17", "--yes")
        with within(3, "who waits is told"):
            failed(running, "removed")
        cabled.cable.plug()
        far.gone(command, LIMIT + 3)  # nobody can tell its agent: the limit does
    assert not only_session(cabled)


def test_a_session_that_may_not_go_on_works_and_ends_with_its_tunnel(shop, far):
    shop.set("session.resume-for", "off")
    assert shop.connect("shop-17", "--", "echo here").stdout == "here\n"
    command = far.new()
    with session(shop, command) as running:
        far.started(command)
        shop.edged.kill()
        failed(running, "ended:")
        far.gone(command, 3)
