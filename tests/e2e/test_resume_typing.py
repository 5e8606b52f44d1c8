"""A person at a terminal while the network is away: what is typed arrives, in order, and the screen is what it would
have been."""
import os
import re
import secrets
import signal
import subprocess
import time

import pytest

from cable import wired
from edge import BIN, eventually
from test_resume import LONG, kill_edged
from test_terminal import Screen

pytestmark = pytest.mark.alone  # screens are looked at while keys are typed

OUT_OF_REACH = "shop-17 is out of reach; the session waits for it"
AWAY = [1, 30, 120] if LONG else [1, 5]
A_CUT = 30 if LONG else 5
PATIENT = 20


@pytest.fixture
def wired_shop():
    """Its shell asks no dot file of whoever runs the tests, and has a prompt to wait for."""
    with wired() as edge:
        shell, keys = edge.folder / "shell", edge.folder / "inputrc"
        keys.write_text("set enable-bracketed-paste off\n")
        shell.write_text(f"#!/bin/bash\nINPUTRC={keys} PS1='far> ' exec bash --norc --noprofile \"$@\"\n")
        shell.chmod(0o755)
        edge.folder.chmod(0o711)
        edge.agent_shell = shell
        edge.agent = edge.node(**{"session.shell": shell})
        edge.wait_held()
        yield edge


class Terminal(Screen):
    def last_row(self):
        return self.text().split("\n")[23]

    def rows(self):
        return self.text().split("\n")

    def type(self, text, enter=False):
        self.keys("-l", text)
        if enter:
            self.keys("Enter")


@pytest.fixture
def screens(wired_shop):
    opened = []

    def screen(is_shell=True):
        terminal = Terminal(wired_shop)
        opened.append(terminal)
        terminal.shows("^far>")
        if is_shell:
            terminal.keys("C-l")  # without the line of how long it took
            eventually(lambda: terminal.rows()[0] == "far>", "an empty screen")
        return terminal

    yield screen
    for terminal in opened:
        terminal.close()


def long_enough(screen, seconds):
    """The line is there, and the cut lasts for as long as it shall; silence alone is three seconds."""
    if seconds > 3:
        eventually(lambda: OUT_OF_REACH in screen.last_row(), "the status line on the last row", PATIENT)
    time.sleep(max(0, seconds - 3))  # how long the network is away


def wait_equal(screen, undisturbed):
    try:
        eventually(lambda: screen.rows() == undisturbed, "the screen is that of an undisturbed run", PATIENT)
    except AssertionError:
        assert screen.rows() == undisturbed  # shows where they differ


TEXT = [f"line {number:02} of what is typed, and none is lost" for number in range(30)]


def edit(screen, target, disturbance=lambda: None, over=lambda: None):
    """Types a file in vim: some of it, then the disturbance, the rest of it, and its end; the last screen."""
    screen.type(f"vim.tiny -u NONE -i NONE --cmd 'set shortmess+=F' {target}", enter=True)
    screen.shows(r"^~\s*$")
    screen.keys("i")
    for line in TEXT[:10]:
        screen.type(line, enter=True)
    screen.shows("^" + TEXT[9])
    disturbance()
    for line in TEXT[10:]:
        screen.type(line, enter=True)
    over()
    eventually(lambda: TEXT[29] in screen.text(), "all of it is there", PATIENT + 10)
    screen.keys("Escape")
    screen.type("5Gx")
    eventually(lambda: "ine 04" in screen.text() and "line 04" not in screen.text(), "the last keys have arrived", PATIENT)


def test_the_keys_of_a_full_screen_editor_arrive_in_order_and_its_screen_is_that_of_an_undisturbed_run(screens, wired_shop, tmp_path):
    calm, cut = screens(), screens()
    edit(calm, tmp_path / "file")
    calm_rows = calm.rows()
    calm.keys("-l", ":q!")
    calm.keys("Enter")
    calm.close()
    cable = wired_shop.cable

    def pulled():
        cable.pull()

    def plugged():
        long_enough(cut, A_CUT)
        cable.plug()

    edit(cut, tmp_path / "file", pulled, plugged)
    wait_equal(cut, calm_rows)
    assert OUT_OF_REACH not in cut.text()
    cut.type(":wq", enter=True)
    eventually((tmp_path / "file").exists, "it is written")
    cut.shows(r"^far>$")
    expected = TEXT.copy()
    expected[4] = expected[4][1:]
    assert (tmp_path / "file").read_text() == "\n".join(expected) + "\n\n"


@pytest.mark.parametrize("away", AWAY)
def test_the_keys_of_a_shell_arrive_in_order_and_its_screen_is_that_of_an_undisturbed_run(screens, wired_shop, away):
    calm, cut = screens(), screens()

    def typed(screen, disturbance=lambda: None, over=lambda: None):
        screen.type("echo on")
        screen.shows("echo on$")
        disturbance()
        screen.type("e; echo thrre")
        screen.keys("BSpace", "BSpace", "C-a")  # in one line: what a shell shows of a second one depends on its pace
        screen.type("echo zero; ")
        screen.keys("C-e")
        screen.type("ee; echo four")
        screen.keys("Enter")
        over()
        screen.shows("^four$")

    typed(calm)
    undisturbed = calm.rows()  # not later: it is cut off, too, and says so
    typed(cut, wired_shop.cable.pull, lambda: (long_enough(cut, away), wired_shop.cable.plug()))
    assert "\nzero\none\nthree\nfour\n" in cut.text()
    wait_equal(cut, undisturbed)


def test_a_shell_whose_prompt_is_on_the_last_row_has_it_back_after_a_cut(screens, wired_shop):
    calm, cut = screens(), screens()
    for screen in (calm, cut):
        screen.type("seq 1 40", enter=True)
        screen.shows("^40$")
        screen.type("echo half")
        eventually(lambda: screen.last_row() == "far> echo half", "a prompt on the last row")
    undisturbed = calm.rows()
    wired_shop.cable.pull()
    eventually(lambda: OUT_OF_REACH in cut.last_row(), "the status line on the last row", PATIENT)
    wired_shop.cable.plug()
    for screen in (calm, cut):  # the other one was cut off, too
        wait_equal(screen, undisturbed)
    for screen in (calm, cut):
        screen.type("way", enter=True)
        screen.shows("^halfway$")
    wait_equal(cut, calm.rows())


SLOW_TO_LOOK = """#!/usr/bin/env python3
import os, signal, time
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGWINCH])
print("far>", flush=True)
seen = os.get_terminal_size().lines
while True:
    signal.sigtimedwait([signal.SIGWINCH], 3600)
    time.sleep(0.3)  # what a busy machine lets a program wait for its turn
    now = os.get_terminal_size().lines
    print("rows", now, "instead of", seen, flush=True)
    seen = now
"""


def test_a_far_program_that_is_slow_to_look_still_sees_that_its_window_changed(screens, wired_shop):
    wired_shop.agent_shell.write_text(SLOW_TO_LOOK)
    screen = screens(is_shell=False)
    wired_shop.cable.pull()
    eventually(lambda: OUT_OF_REACH in screen.last_row(), "the status line on the last row", PATIENT)
    screen.type("what its terminal echoes is no drawing of its own")
    wired_shop.cable.plug()
    screen.shows("rows 24 instead of 23$")
    assert "rows 23 instead of 24" in screen.text()


def test_typing_survives_a_kill_of_edged(screens, wired_shop, tmp_path):
    screen = screens()
    edit(screen, tmp_path / "file", lambda: kill_edged(wired_shop))
    screen.type(":wq", enter=True)
    eventually((tmp_path / "file").exists, "it is written")
    assert (tmp_path / "file").read_text().count("\n") == len(TEXT) + 1


def test_the_status_line_counts_down_and_is_gone_afterwards(screens, wired_shop):
    screen = screens()
    wired_shop.cable.pull()
    eventually(lambda: OUT_OF_REACH in screen.last_row(), "the status line", PATIENT)
    first = screen.last_row()
    assert re.search(r"\(9m\d+s left\)", first), first
    eventually(lambda: OUT_OF_REACH in screen.last_row() and screen.last_row() != first, "it counts down")
    assert screen.rows()[0] == "far>"
    wired_shop.cable.plug()
    eventually(lambda: "out of reach" not in screen.text(), "it is gone", PATIENT)
    screen.type("echo back-$((40+2))", enter=True)
    screen.shows("^back-42")


# --- the local terminal, on every way out

class Local(Terminal):
    """A local shell on a terminal; edgectl is run from it."""

    def __init__(self, edge):
        self.edge, self.name = edge, f"edge-{secrets.token_hex(4)}"
        self.tmux("-f", "/dev/null", "new-session", "-d", "-x", 80, "-y", 24,
                  "PS1='local> ' bash --norc --noprofile")
        self.shows("^local>")
        self.before = self.modes()
        self.type(f"clear; {BIN / 'edgectl'} connect shop-17; echo status=$?=", enter=True)
        self.shows("^far>")
        assert self.modes() != self.before  # it is raw now: the comparison is worth something

    def modes(self):
        tty = self.tmux("display-message", "-p", "#{pane_tty}").strip()
        return subprocess.run(["stty", "-g", "-F", tty], capture_output=True, text=True, check=True).stdout.strip()

    def edgectl(self):
        shell = self.tmux("display-message", "-p", "#{pane_pid}").strip()
        with open(f"/proc/{shell}/task/{shell}/children") as children:
            return int(children.read().split()[0])

    def restored(self, status):
        self.shows(rf"status={status}=$")
        self.shows("^local>")
        assert self.modes() == self.before
        assert "waits for it" not in self.text()
        self.type("echo typed-$((40+2))", enter=True)
        self.shows("^typed-42")


@pytest.fixture
def local(wired_shop):
    terminal = Local(wired_shop)
    try:
        yield terminal
    finally:
        terminal.close()


def pause(edge, terminal):
    edge.cable.pull()
    eventually(lambda: OUT_OF_REACH in terminal.last_row(), "the status line", PATIENT)


def test_the_terminal_is_restored_after_an_exit_that_follows_a_cut(wired_shop, local):
    pause(wired_shop, local)
    local.type("exit 3", enter=True)
    wired_shop.cable.plug()
    local.restored(3)


def test_ctrl_c_during_a_cut_goes_to_the_far_command(wired_shop, local, far):
    command = far.new()
    local.type(f"{command}; echo far-status=$?", enter=True)
    far.started(command)
    pause(wired_shop, local)
    local.keys("C-c")
    wired_shop.cable.plug()
    far.gone(command)
    local.shows(r"^far> $|^far>$")
    local.type("exit 4", enter=True)
    local.restored(4)


@pytest.mark.parametrize("number, status", [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, 130)])
def test_the_terminal_is_restored_after_a_signal_during_a_cut(wired_shop, local, number, status):
    pause(wired_shop, local)
    os.kill(local.edgectl(), number)
    local.restored(status)


def test_the_terminal_is_restored_where_edged_is_gone_for_good(wired_shop, local):
    wired_shop.edged.kill()
    eventually(lambda: "edged is away; the session on shop-17 waits for it" in local.last_row(), "the status line", PATIENT)
    os.kill(local.edgectl(), signal.SIGTERM)
    local.restored(143)


def test_the_terminal_is_restored_where_nothing_comes_back_within_the_limit(wired_shop):
    wired_shop.set("session.resume-for", "4s")
    local = Local(wired_shop)
    try:
        wired_shop.edged.kill()
        local.shows("the session on shop-17 ended: the session was given up")
        local.restored(r"\d+")
    finally:
        local.close()
