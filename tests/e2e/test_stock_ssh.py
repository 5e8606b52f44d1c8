"""Stock OpenSSH against a node: commands, terminals, a shared connection, the operator's ssh-agent."""
import os
import re
import socket
import stat
import subprocess

import pexpect
import pytest

from edge import PATIENCE, eventually, free_port
from stock_ssh import Echo, StockSsh, dial, exchange, made_account

ROOT = os.geteuid() == 0


@pytest.fixture
def stock(edge):
    edge.agent = edge.node()
    return StockSsh(edge)


@pytest.fixture
def echo():
    with Echo() as server:
        yield server


@pytest.fixture
def other_account():
    if not ROOT:
        pytest.skip("needs an account of its own")
    with made_account() as name:
        yield name


# Commands and terminals.

@pytest.mark.parametrize("status", [0, 1, 7, 255])
def test_ssh_gives_the_far_commands_output_and_exit_status(stock, status):
    done = stock.ssh("shop-17.edge", f"echo out; echo err >&2; exit {status}")
    assert (done.returncode, done.stdout, done.stderr) == (status, "out\n", "err\n")


def test_ssh_passes_every_byte_both_ways(stock):
    every = bytes(range(256)) * 4096
    done = stock.ssh("shop-17.edge", "cat", input=every, text=False)
    assert (done.returncode, done.stdout) == (0, every)


def test_ssh_tt_gives_a_terminal_with_its_size_and_its_changes(stock):
    shell = pexpect.spawn("ssh", stock.words("-tt", "shop-17.edge", "sh")[1:], env=stock.environment(), dimensions=(31, 97),
                          timeout=PATIENCE)
    try:
        shell.sendline("stty size; tty")
        shell.expect(r"31 97\r\n/dev/pts/")
        shell.setwinsize(40, 120)
        shell.sendline("while [ \"$(stty size)\" != '40 120' ]; do sleep 0.05; done; echo re''sized")
        shell.expect("resized")
        shell.sendline("exit 5")
        shell.expect(pexpect.EOF)
        shell.wait()
        assert shell.exitstatus == 5
    finally:
        shell.close(force=True)


def test_a_killed_ssh_hangs_the_far_command_up(stock, far):
    command = far.new()
    running = stock.popen(*stock.words("shop-17.edge", f"{command}; true"))
    far.started(command)
    running.kill()
    running.communicate()
    far.gone(command)


def test_a_refused_account_is_told_to_stock_ssh_in_the_nodes_words(edge):
    edge.node(**{"session.allow-users": "[nobody-here]"})
    done = StockSsh(edge).ssh("shop-17.edge", "true")
    assert done.returncode == 255
    assert re.search(r"^edge-agent: account \w+ may not be asked for on this node \(session.allow-users\)$", done.stderr, re.M)


def test_an_unknown_subsystem_and_a_unix_socket_are_refused_and_the_connection_goes_on(stock, edge):
    done = stock.ssh("-s", "shop-17.edge", "netconf")
    assert done.returncode != 0
    assert "subsystem request failed" in done.stderr
    done = stock.ssh("-o", "ExitOnForwardFailure=no", "-R", f"{edge.folder}/far.sock:127.0.0.1:9", "shop-17.edge", "echo hello")
    assert (done.returncode, done.stdout) == (0, "hello\n")
    assert "remote" in done.stderr
    done = stock.ssh("-X", "-o", "XAuthLocation=/bin/false", "shop-17.edge", "echo ${DISPLAY-none}", env={"DISPLAY": ":77"})
    assert (done.returncode, done.stdout) == (0, "none\n")


# One connection for many.

@pytest.fixture
def master(stock):
    control = stock.folder / "control"
    process = stock.popen(*stock.words("-M", "-S", control, "-N", "shop-17.edge"), stderr=subprocess.DEVNULL)
    try:
        eventually(lambda: stock.ssh("-S", control, "-O", "check", "shop-17.edge").returncode == 0, "the shared connection is open")
        yield control
    finally:
        process.kill()
        process.communicate()


def test_sessions_forwards_and_their_end_share_one_connection(stock, edge, master, echo):
    for number in range(12):
        assert stock.ssh("-S", master, "shop-17.edge", f"exit {number}").returncode == number
    running = [stock.popen(*stock.words("-S", master, "shop-17.edge", "cat")) for _ in range(8)]
    for number, process in enumerate(running):
        assert process.communicate(b"%d" % number)[0] == b"%d" % number
    assert len(edge.endpoint()["sessions"]) == 1
    port = free_port()
    forward = ("-S", master, "-R", f"{port}:127.0.0.1:{echo.port}")
    assert stock.ssh(*forward, "-O", "forward", "shop-17.edge").returncode == 0
    with dial(port) as peer:
        assert exchange(peer, 1000)
        assert stock.ssh(*forward, "-O", "cancel", "shop-17.edge").returncode == 0
        eventually(lambda: socket.socket().connect_ex(("127.0.0.1", port)), "the listener has ended")
    assert stock.ssh(*forward, "-O", "forward", "shop-17.edge").returncode == 0


# The operator's ssh-agent.

def test_the_operators_agent_is_there_for_who_asks_and_gone_with_the_session(stock):
    with stock.agent() as (environment, key):
        done = stock.ssh("-A", "shop-17.edge", "echo $SSH_AUTH_SOCK; ssh-add -L", env=environment)
        path, *keys = done.stdout.splitlines()
        assert done.returncode == 0, done.stderr
        assert [line.split()[1] for line in keys] == [key]
        eventually(lambda: not os.path.exists(os.path.dirname(path)), "the socket's folder is removed")
        done = stock.ssh("shop-17.edge", "echo ${SSH_AUTH_SOCK-none}", env=environment)
        assert done.stdout == "none\n"


def test_the_agents_socket_is_gone_after_the_hang_up_of_a_killed_ssh(stock, far):
    command = far.new()
    with stock.agent() as (environment, _):
        running = stock.popen(*stock.words("-A", "shop-17.edge", f"echo $SSH_AUTH_SOCK; {command}; true"), env=environment)
        path = running.stdout.readline().decode().strip()
        assert stat.S_ISSOCK(os.stat(path).st_mode)
        far.started(command)
        running.kill()
        running.communicate()
        far.gone(command)
        eventually(lambda: not os.path.exists(os.path.dirname(path)), "the socket's folder is removed")


def test_the_agents_socket_is_the_accounts_alone(stock, other_account):
    with stock.agent() as (environment, key):
        done = stock.ssh("-A", "-l", other_account, "shop-17.edge",
                         "stat -c '%U %a' $(dirname $SSH_AUTH_SOCK) $SSH_AUTH_SOCK; ssh-add -L", env=environment)
        folder, own, line = done.stdout.splitlines()
        assert (folder, own) == (f"{other_account} 700", f"{other_account} 600")
        assert line.split()[1] == key
