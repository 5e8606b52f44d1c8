"""Terminals: what an operator sees and types, and that the local terminal is as it was whatever happens."""
import os
import pathlib
import re
import secrets
import signal
import subprocess

import pexpect
import pytest

from edge import BIN, PATIENCE, eventually

EDGECTL = str(BIN / "edgectl")
WAIT = PATIENCE / 2


@pytest.fixture
def shop(edge):
    """An endpoint whose shell asks no dot file of whoever runs the tests, and has a prompt to wait for."""
    shell = edge.folder / "shell"
    keys = edge.folder / "inputrc"
    keys.write_text("set enable-bracketed-paste off\n")
    shell.write_text(f"#!/bin/bash\nINPUTRC={keys} PS1='far> ' exec bash --norc --noprofile \"$@\"\n")
    shell.chmod(0o755)
    edge.folder.chmod(0o711)
    edge.agent = edge.node(**{"session.shell": shell})
    edge.wait_held()
    return edge


@pytest.fixture
def terminal(shop):
    """Opens programs on a terminal of their own (24 rows, 80 columns)."""
    opened = []

    def spawn(*arguments, rows=24, columns=80, **environment):
        environment = shop.environment(INPUTRC=str(shop.folder / "inputrc"), **environment)
        child = pexpect.spawn(arguments[0], list(arguments[1:]), env=environment, timeout=WAIT,
                              dimensions=(rows, columns), encoding="utf-8", codec_errors="replace")
        child.delaybeforesend = None
        opened.append(child)
        return child

    yield spawn
    for child in opened:
        child.close(force=True)


def far_shell(terminal, *arguments, **options):
    child = terminal(EDGECTL, "connect", *(arguments or ["shop-17"]), **options)
    child.expect("far> ")
    return child


def ask(child, command, answer):
    child.sendline(command)
    child.expect(answer)
    return child.match


def leave(child, status=0):
    child.sendline(f"exit {status}")
    child.expect(pexpect.EOF)
    child.close()
    return child.exitstatus


# What a terminal is.

def test_a_shell_on_a_terminal_says_how_long_it_took_and_exits_with_the_far_status(terminal):
    child = terminal(EDGECTL, "connect", "shop-17")
    child.expect(r"connecting to shop-17: waiting for its check-in")
    child.expect(r"connected in \d+\.\d\d s\r\n")
    child.expect("far> ")
    assert leave(child, 7) == 7


def test_the_progress_text_names_the_wait_under_plain_polling(edge, terminal):
    edge.set("check-in.interval", "700ms")
    edge.set("check-in.hold", "off")
    eventually(lambda: not edge.endpoint()["instances"][0]["held"], "plain polling")
    child = terminal(EDGECTL, "connect", "shop-17")
    child.expect_exact("connecting to shop-17: waiting for its check-in (at most 700ms)...")
    child.expect("far> ")


def test_quiet_says_nothing_of_its_own_on_a_terminal(terminal):
    child = terminal(EDGECTL, "connect", "-q", "shop-17")
    child.expect("far> ")
    assert child.before == ""


def test_the_far_shell_has_a_controlling_terminal_and_job_control(terminal):
    child = far_shell(terminal)
    ask(child, "tty; test -t 0 -a -t 1 -a -t 2 && echo all-three", r"/dev/pts/\d+\r\nall-three")
    ask(child, "echo got-$(< /dev/null cat > /dev/tty && echo tty); set -o | grep monitor", r"got-tty\r\nmonitor\s+on")
    assert leave(child) == 0


def test_the_far_terminal_has_the_size_of_the_local_one(terminal):
    child = far_shell(terminal, rows=33, columns=101)
    ask(child, "stty size", r"33 101\r\n")


def test_a_resize_reaches_the_far_terminal_and_its_foreground_program(terminal):
    child = far_shell(terminal)
    program = "import os, signal\nsignal.signal(signal.SIGWINCH, lambda *_: print('resized', os.get_terminal_size(), flush=True))"
    child.sendline(f"python3 -c \"{program}\nprint('ready', flush=True)\nwhile True: signal.pause()\"")
    child.expect("\nready")
    child.setwinsize(50, 132)
    child.expect(r"resized .*columns=132, lines=50")
    child.sendcontrol("c")
    ask(child, "stty size", r"\n50 132\r\n")


def test_the_far_terminal_is_of_the_local_type(terminal):
    ask(far_shell(terminal, TERM="screen-256color"), "echo T=$TERM", r"\nT=screen-256color\r\n")


def test_control_characters_in_the_term_variable_do_not_break_a_session(terminal):
    child = far_shell(terminal, TERM="x\x1b[31m\n" + "y" * 500)
    ask(child, "echo fine", r"\nfine")


def test_utf_8_makes_the_round_trip_and_erases_as_one_character(terminal):
    child = far_shell(terminal, LANG="C.UTF-8")
    ask(child, "printf '%s|' 'Grüße, 世界 🚀' | od -An -tx1 | tr -d ' \\n'; echo",
        "4772c3bcc39f652c20e4b896e7958c20f09f9a807c")
    ask(child, "echo 'Grüße, 世界 🚀'", "\nGrüße, 世界 🚀\r\n")
    child.sendline("cat")
    child.expect("cat\r\n")
    child.send("aü\x7fb\n")  # the line discipline erases whole characters (IUTF8)
    child.expect("\nab\r\n")


def test_ctrl_c_interrupts_the_far_command_alone(terminal, far):
    command = far.new()
    child = far_shell(terminal)
    child.sendline(command)
    far.started(command)
    child.sendcontrol("c")
    far.gone(command)
    ask(child, "echo status=$?", "status=130")
    assert leave(child) == 0


def test_ctrl_z_stops_the_far_command_alone(terminal, far):
    command = far.new()
    child = far_shell(terminal)
    child.sendline(command)
    far.started(command)
    child.sendcontrol("z")
    child.expect("Stopped")
    ask(child, "jobs | wc -l", r"\n1\r\n")
    ask(child, "kill %1; wait; echo over", r"\nover")


def test_ctrl_backslash_quits_the_far_command_alone(terminal, far):
    command = far.new()
    child = far_shell(terminal)
    child.sendline(command)
    far.started(command)
    child.sendcontrol("\\")
    far.gone(command)
    ask(child, "echo still here", "\nstill here")


def test_ctrl_d_ends_the_far_shell(terminal):
    child = far_shell(terminal)
    child.sendcontrol("d")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0


def test_ctrl_s_and_ctrl_q_hold_and_release_the_output(terminal):
    child = far_shell(terminal)
    child.sendline("for i in 1 2 3; do sleep .2; echo line-$i; done")
    child.expect("\nline-1")
    child.sendcontrol("s")
    assert child.expect(["line-3", pexpect.TIMEOUT], timeout=1) == 1
    child.sendcontrol("q")
    child.expect("\nline-3")


def test_much_output_on_a_terminal_arrives_whole_and_can_be_interrupted(terminal):
    child = far_shell(terminal)
    ask(child, "seq 1 20000", "\n20000\r\n")
    child.expect("far> ")
    child.sendline("yes")
    child.expect("y\r\ny\r\n")
    child.sendcontrol("c")
    ask(child, "echo back again", "\nback again")


def test_a_paste_of_many_lines_is_not_cut(terminal):
    child = far_shell(terminal)
    child.sendline("cat > /dev/null; echo all read")
    child.expect("all read\r\n")
    child.send("".join(f"line {i} of a long paste\n" for i in range(3000)))
    child.sendcontrol("d")
    child.expect("\nall read", timeout=WAIT)


def test_the_session_is_seen_as_a_login_with_its_terminal(shop, terminal):
    child = far_shell(terminal)
    ask(child, "ps -o sess=,tty= -p $$ | tr -s ' '", r"\d+ pts/\d+")
    ask(child, "stty -a | grep -o iutf8", "\niutf8")


# -t and -T.

def test_a_command_has_no_terminal(terminal):
    child = terminal(EDGECTL, "connect", "shop-17", "--", "tty; test -t 1 || echo none")
    child.expect("not a tty\r\nnone")


def test_t_gives_a_command_a_terminal(terminal):
    child = terminal(EDGECTL, "connect", "-t", "shop-17", "--", "tty; stty size; exit 5", rows=31, columns=97)
    child.expect(r"/dev/pts/\d+\r\n31 97\r\n")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 5


def test_t_gives_a_terminal_even_without_a_local_one(shop):
    done = shop.connect("-t", "shop-17", "--", "test -t 0 && echo yes", text=False)
    assert (done.returncode, done.stdout) == (0, b"yes\r\n")


def test_capital_t_gives_a_shell_without_a_terminal(terminal):
    child = terminal(EDGECTL, "connect", "-T", "shop-17")
    child.expect("connected in")
    child.sendline("test -t 0 || echo no-terminal-$((40+2))")
    child.expect("no-terminal-42")
    child.sendeof()
    child.expect(pexpect.EOF)


def test_t_and_capital_t_exclude_each_other(shop):
    assert shop.connect("-t", "-T", "shop-17").returncode == 2


def test_without_a_local_terminal_a_shell_has_none(shop):
    done = shop.connect("shop-17", input="test -t 0 || echo none\n")
    assert (done.returncode, done.stdout) == (0, "none\n")
    assert "connected" not in done.stderr


# The local terminal afterwards.

@pytest.fixture
def local(terminal):
    """A local shell on a terminal, and what its terminal's modes were."""
    child = terminal("bash", "--norc", "--noprofile", PS1="local> ")
    child.expect("local> ")
    child.modes = lambda: ask(child, "echo modes=$(stty -g)=", r"\nmodes=([0-9a-f:]+)=").group(1)
    child.before_modes = child.modes()
    child.expect("local> ")
    child.sendline(f"{EDGECTL} connect shop-17; echo status=$?=")
    child.expect("far> ")
    raw = subprocess.run(["stty", "-g", "-F", os.readlink(f"/proc/{child.pid}/fd/0")],
                         capture_output=True, text=True).stdout.strip()
    assert raw != child.before_modes  # it is raw now: the comparison is worth something
    return child


def edgectl_below(child):
    children = pathlib.Path(f"/proc/{child.pid}/task/{child.pid}/children").read_text().split()
    assert len(children) == 1
    return int(children[0])


def expect_restored(child, status):
    child.expect(rf"status={status}=")
    child.expect("local> ")
    assert child.modes() == child.before_modes
    return child


def test_the_local_terminal_is_restored_after_exit(local):
    local.sendline("exit 3")
    expect_restored(local, 3)


def test_the_local_terminal_is_restored_when_the_far_side_left_its_own_in_raw_mode(local):
    local.sendline("stty raw -echo; exit 0")
    expect_restored(local, 0)


@pytest.fixture
def waits_for_nothing(shop):
    shop.set("session.resume-for", "off")


def test_the_local_terminal_is_restored_after_a_lost_tunnel_and_the_reason_is_said(waits_for_nothing, shop, local):
    shop.agent.kill()
    local.expect(r"edgectl: the (connection to shop-17 was lost|session on shop-17 ended): [^\r\n]+\r\n")
    expect_restored(local, r"[1-9]\d*")


def test_the_local_terminal_is_restored_when_edged_is_killed(waits_for_nothing, shop, local):
    shop.edged.kill()
    local.expect(r"edgectl: the (connection to shop-17 was lost|session on shop-17 ended): [^\r\n]+\r\n")
    expect_restored(local, r"[1-9]\d*")


@pytest.mark.parametrize("number, status", [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, 130),
                                            (signal.SIGQUIT, 131)])
def test_the_local_terminal_is_restored_after_a_signal_to_edgectl(local, number, status):
    os.kill(edgectl_below(local), number)
    expect_restored(local, status)


def test_the_local_terminal_is_restored_when_the_account_is_refused(terminal):
    child = terminal("bash", "--norc", "--noprofile", PS1="local> ")
    child.expect("local> ")
    child.modes = lambda: ask(child, "echo modes=$(stty -g)=", r"\nmodes=([0-9a-f:]+)=").group(1)
    child.before_modes = child.modes()
    child.expect("local> ")
    child.sendline(f"{EDGECTL} connect no-such-account@shop-17; echo status=$?=")
    child.expect("no such account")
    expect_restored(child, r"[1-9]\d*")


# The terminal goes away.

def drop(child):
    """Closes the terminal itself, as when the emulator's window closes; pexpect's own close would send signals."""
    child.ptyproc.fileobj.close()
    child.ptyproc.closed = True


def test_a_terminal_that_is_gone_leaves_no_orphan(shop, terminal, far):
    command = far.new()
    child = far_shell(terminal)
    child.sendline(command)
    far.started(command)
    drop(child)
    far.gone(command)
    eventually(lambda: not shop.endpoint()["sessions"], "the session is gone")


def test_a_terminal_that_is_gone_leaves_no_orphan_even_if_sighup_is_ignored_here(shop, terminal, far):
    command = far.new()
    child = terminal("bash", "-c", f"trap '' HUP; exec {EDGECTL} connect shop-17")
    child.expect("far> ")
    child.sendline(command)
    far.started(command)
    drop(child)
    far.gone(command)
    eventually(lambda: not shop.endpoint()["sessions"], "the session is gone")


def test_a_background_job_of_a_far_shell_is_hung_up_with_a_killed_edgectl(terminal, far):
    background, foreground = far.new(), far.new()
    child = far_shell(terminal)
    child.sendline(f"{background} &")
    child.sendline(foreground)
    far.started(background)
    far.started(foreground)
    child.kill(signal.SIGKILL)
    far.gone(foreground)
    far.gone(background)


# Waiting on a terminal.

def test_ctrl_c_while_waiting_exits_with_130_and_nobody_wants_the_tunnel_any_more(edge, terminal):
    edge.create("shop-18")
    child = terminal(EDGECTL, "connect", "shop-18", "--wait", "10m")
    child.expect("connecting to shop-18: waiting for it to come online")
    edge.wait_tunnel("required", "shop-18")
    child.sendcontrol("c")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 130
    eventually(lambda: edge.tunnel_state("shop-18") not in ("required", "connecting"), "no longer required")


# Full-screen programs, as a person sees them.

class Screen:
    """edgectl in a tmux of its own; what is on the screen, and keys."""

    def __init__(self, edge, rows=24, columns=80):
        self.edge, self.name = edge, f"edge-{secrets.token_hex(4)}"
        self.tmux("-f", "/dev/null", "new-session", "-d", "-x", columns, "-y", rows, f"{EDGECTL} connect shop-17; sleep 60")

    def tmux(self, *arguments, check=True):
        environment = self.edge.environment(LANG="C.UTF-8", LC_ALL="C.UTF-8")
        environment.pop("TMUX", None)
        return subprocess.run(["tmux", "-u", "-L", self.name, *map(str, arguments)], env=environment, check=check,
                              capture_output=True, text=True, timeout=10).stdout

    def text(self):
        return self.tmux("capture-pane", "-p")

    def keys(self, *keys):
        self.tmux("send-keys", *keys)

    def shows(self, pattern):
        eventually(lambda: re.search(pattern, self.text(), re.M), f"the screen shows {pattern!r}; it shows\n{self.text()}", WAIT)

    def close(self):
        self.tmux("kill-server", check=False)


@pytest.fixture
def screen(shop):
    opened = Screen(shop)
    try:
        opened.shows("^far>")
        yield opened
    finally:
        opened.close()


def test_tmux_resizes_the_far_terminal(screen):
    screen.keys("stty size", "Enter")
    screen.shows(r"^24 80$")
    screen.tmux("resize-window", "-x", 111, "-y", 37)
    screen.keys("stty size", "Enter")
    screen.shows(r"^37 111$")


def test_vi_edits_a_far_file_full_screen(screen, shop):
    target = shop.folder / "edited"
    screen.keys(f"vim.tiny -u NONE -i NONE {target}", "Enter")
    screen.shows(r"^~\s*$")
    screen.keys("i")
    screen.keys("-l", "first line\nsecond: Grüße 世界")
    screen.shows("Grüße 世界")
    screen.tmux("resize-window", "-x", 100, "-y", 40)
    eventually(lambda: screen.text().count("\n~") > 30, "vi fills the larger screen")
    screen.keys("Escape")
    screen.keys("-l", ":1d")
    screen.keys("Enter")
    eventually(lambda: "first line" not in screen.text(), "the line is gone")
    screen.keys("-l", ":wq")
    screen.keys("Enter")
    eventually(target.exists, "vi wrote the file")
    assert target.read_text() == "second: Grüße 世界\n"
    screen.keys("-l", "echo back-$((40+2))")
    screen.keys("Enter")
    screen.shows("^back-42")


def test_top_redraws_follows_a_resize_and_quits(screen):
    screen.keys("top -d 0.3", "Enter")
    screen.shows(r"^Tasks: +\d+ total")
    screen.shows(r"^ +PID USER")
    first = screen.text()
    eventually(lambda: screen.text() != first, "top redraws")
    screen.tmux("resize-window", "-x", 90, "-y", 12)
    eventually(lambda: re.search(r"^ +PID USER", screen.text(), re.M), "top redraws in the small window")
    screen.keys("q")
    screen.shows(r"^far>\s*$")  # what is typed before it gives the terminal back, it takes along
    screen.keys("-l", "echo back-$((40+2))")
    screen.keys("Enter")
    screen.shows("^back-42")


def test_a_pager_searches_and_leaves_the_screen_as_it_was(screen):
    screen.keys("seq 1 5000 | less", "Enter")
    screen.shows("^1$")
    screen.keys("-l", "/^4321$")
    screen.keys("Enter")
    screen.shows("^4321$")
    screen.keys("q")
    screen.shows("^far>")
