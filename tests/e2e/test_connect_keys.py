"""What an operator types to edgectl itself, and what else `connect` brings along: escapes, idle limit, variables, an agent."""
import subprocess
import time

import pexpect
import pytest

from edge import BIN, eventually
from test_terminal import EDGECTL, ask, far_shell, leave, shop, terminal  # noqa: F401 (fixtures)


def modes(child):
    """Of the local terminal, as the shell that ran edgectl sees them."""
    child.sendline("stty -g")
    child.expect(r"([0-9a-f]+:){10,}[0-9a-f]+")
    return child.match[0]


def local_shell(terminal, *words):
    """A shell on a terminal that runs edgectl: what it finds afterwards is what edgectl left behind."""
    child = terminal("bash", "--norc", "--noprofile", PS1="here> ")
    child.expect("here> ")
    before = modes(child)
    child.expect("here> ")
    child.sendline(f"{EDGECTL} connect {' '.join(words)}; echo status=$?")
    child.expect("far> ")
    return child, before


def test_tilde_dot_ends_the_session_and_gives_the_terminal_back(shop, terminal, far):
    child, before = local_shell(terminal, "shop-17")
    command = far.new()
    child.sendline(command)
    far.started(command)
    child.send("\r~.")
    child.expect("ended from here")
    child.expect("status=1")
    child.expect("here> ")
    assert modes(child) == before
    far.gone(command)


def test_tilde_question_mark_helps_and_the_session_goes_on(shop, terminal):
    child = far_shell(terminal)
    child.send("~?")
    child.expect(r"~\.  end the session\r\n  ~s  about the session")
    ask(child, "echo $((6*7))", "42")
    assert leave(child) == 0


def test_tilde_s_tells_about_the_session(shop, terminal):
    child = far_shell(terminal)
    instance = shop.endpoint()["instances"][0]["id"]
    session = shop.endpoint()["sessions"][0]["id"]
    child.send("~s")
    for line in ("endpoint    shop-17", rf"instance    \S+ \({instance}\)", f"session     {session}", "path        tunnel, direct",
                 r"round trip  \d+ ms", "idle left   no limit", r"bytes       \S+ kB sent, \S+ kB received", "resumes     0"):
        child.expect(line)
    assert leave(child) == 0


def test_a_tilde_elsewhere_and_two_of_them_go_to_the_far_side(shop, terminal):
    child = far_shell(terminal)
    ask(child, "echo in a line ~.", "in a line ~.\r\n")
    child.sendline("~~.x")
    child.expect(r"~\.x: ")  # no such command
    assert leave(child) == 0


def test_without_escapes_a_tilde_is_a_tilde(shop, terminal):
    child = far_shell(terminal, "-e", "none", "shop-17")
    child.sendline("~.")
    child.expect(r"~\.: ")
    assert leave(child) == 0


def test_another_escape_character_may_be_chosen(shop, terminal):
    child = far_shell(terminal, "-e", "^]", "shop-17")
    child.send("\x1d.")
    child.expect("ended from here")
    child.expect(pexpect.EOF)


@pytest.mark.parametrize("word", ["ab", "", "^a"])
def test_an_escape_character_that_is_none_is_refused(shop, word):
    done = shop.connect("-e", word, "shop-17")
    assert done.returncode == 2
    assert "one character, ^ and a letter, or none" in done.stderr


def test_a_command_without_a_terminal_has_no_escapes(shop):
    done = shop.connect("shop-17", "--", "cat", input="~.\n~s\n")
    assert (done.returncode, done.stdout) == (0, "~.\n~s\n")


def test_an_idle_session_is_warned_and_ended(shop, terminal, far):
    child, before = local_shell(terminal, "--idle", "3s", "shop-17")
    shown = shop.ctl_json("session", "ls")["items"][0]
    assert shown["ends"]["for"] == "idle"
    child.expect(r"this session ends in 1500ms unless a key is pressed")
    child.send("x")  # it is awake
    started = time.monotonic()
    child.expect(r"this session ends in 1500ms unless a key is pressed")
    child.expect("ended: no input for 3s")
    assert 2.5 < time.monotonic() - started < 8
    child.expect("status=6")
    child.expect("here> ")
    assert modes(child) == before
    eventually(lambda: not shop.endpoint()["sessions"], "no session is left")


def test_a_session_with_output_but_without_input_is_idle(shop, terminal):
    child, _ = local_shell(terminal, "--idle", "2s", "shop-17")
    child.sendline("while sleep 0.2; do echo tick; done")
    child.expect("ended: no input for 2s")


@pytest.mark.parametrize("word", ["soon", "0s", "-1m"])
def test_an_idle_limit_that_is_none_is_refused(shop, word):
    done = shop.connect(f"--idle={word}", "shop-17")
    assert done.returncode == 2
    assert "is no duration" in done.stderr


def test_variables_reach_the_far_side_as_the_node_allows(shop):
    done = shop.connect("--env", "LC_EDGE=one two", "--env", "TZ", "--env", "LD_PRELOAD=/tmp/x", "shop-17", "--",
                        "echo $LC_EDGE/$TZ/$LD_PRELOAD", env={"TZ": "Asia/Tokyo"})
    assert done.stdout == "one two/Asia/Tokyo/\n", done.stderr


def test_a_variable_that_is_not_set_here_is_named(shop):
    done = shop.connect("--env", "NOWHERE_SET", "shop-17", "--", "true")
    assert done.returncode == 255
    assert "--env NOWHERE_SET: it is not set here" in done.stderr


@pytest.fixture
def own_agent(tmp_path):
    """The operator's own ssh-agent with a key in it."""
    key, path = tmp_path / "key", tmp_path / "agent.sock"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "operators-own", "-f", key], check=True)
    process = subprocess.Popen(["ssh-agent", "-D", "-a", path], stdout=subprocess.DEVNULL)
    try:
        eventually(path.exists, "the agent is there")
        subprocess.run(["ssh-add", "-q", key], env={"SSH_AUTH_SOCK": str(path), "PATH": "/usr/bin:/bin"}, check=True)
        yield {"SSH_AUTH_SOCK": str(path)}
    finally:
        process.terminate()
        process.wait()


def test_with_dash_a_the_far_side_may_use_the_operators_agent(shop, own_agent):
    done = shop.connect("-A", "shop-17", "--", "ssh-add -l; ssh-add -l", env=own_agent)
    assert done.stdout.count("operators-own") == 2, done.stderr


def test_without_it_the_far_side_has_no_agent(shop, own_agent):
    done = shop.connect("shop-17", "--", "echo ${SSH_AUTH_SOCK:-none}", env=own_agent)
    assert done.stdout == "none\n"


def test_dash_a_without_an_agent_says_so(shop):
    done = shop.connect("-A", "shop-17", "--", "true", env={"SSH_AUTH_SOCK": ""})
    assert done.returncode == 255
    assert "no ssh-agent is here" in done.stderr
