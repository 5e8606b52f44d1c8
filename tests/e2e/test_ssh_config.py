"""edgectl ssh-config and edgectl proxy, as stock ssh has them."""
import os
import pathlib
import re
import shutil
import signal
import subprocess

import pytest

from edge import BIN, alive, eventually
from stock_ssh import StockSsh
from test_instance import Cluster


@pytest.fixture
def stock(edge):
    edge.agent = edge.node()
    return StockSsh(edge)


def lines_of(stock, host="shop-17.edge"):
    """Of ssh's known hosts."""
    return [line for line in stock.known_hosts.read_text().splitlines() if line.startswith(f"{host} ")]


def at_once(stock, *commands):
    """Their outputs, after all of them have run at the same time."""
    running = [stock.popen(*command, stdin=subprocess.DEVNULL) for command in commands]
    done = [process.communicate(timeout=60) for process in running]
    assert [process.returncode for process in running] == [0] * len(running), done
    return [out.decode() for out, _ in done]


# What is written.

def test_write_is_done_once_and_leaves_all_else_in_the_file(edge):
    folder = edge.home / ".ssh"
    folder.mkdir(mode=0o750)
    before = "# mine\nHost *\n  LogLevel ERROR\n"
    (folder / "config").write_text(before)
    (folder / "config").chmod(0o640)
    edge.ok("ssh-config", "--write")
    after = (folder / "config").read_text()
    assert after.endswith("\n" + before)
    assert [line for line in after.splitlines() if line.startswith("Include")] == ["Include edge.conf"]
    kept = (folder / "edge.conf").read_text()
    done = edge.ok("ssh-config", "--write")
    assert "included it already" in done.stdout
    assert (folder / "config").read_text() == after and (folder / "edge.conf").read_text() == kept
    assert edge.ok("ssh-config").stdout == kept
    modes = {name: (folder / name).stat().st_mode & 0o777 for name in ("", "config", "edge.conf")}
    assert modes == {"": 0o750, "config": 0o640, "edge.conf": 0o600}


def test_ssh_keeps_what_the_operator_has_set_for_other_hosts(stock):
    def asked_for(host):
        lines = stock.ssh("-G", host).stdout.splitlines()
        return dict(line.split(" ", 1) for line in lines if " " in line)
    ours, other = asked_for("shop-17.edge"), asked_for("shop-17.example")
    assert "edgectl" in ours["proxycommand"] and "proxycommand" not in other
    assert ours["stricthostkeychecking"] == "true" and other["stricthostkeychecking"] == "ask"
    assert (ours["identityfile"], ours["userknownhostsfile"]) == (str(stock.identity), str(stock.known_hosts))
    assert (ours["serveraliveinterval"], ours["controlmaster"]) == ("0", "false")


HOSTILE = "a b'c\"d%h$HOME#e;f&g`id`\t".rstrip()


@pytest.mark.parametrize("shell", ["/bin/sh", "/bin/bash", "/usr/bin/fish", "/usr/bin/zsh"])
def test_paths_with_any_character_are_one_word_to_ssh_and_to_every_shell(edge, shell):
    edge.node()
    home = edge.folder / HOSTILE
    (home / "bin").mkdir(parents=True)
    (home / "bin" / "edgectl").symlink_to(BIN / "edgectl")
    (home / "admin sock'%n").symlink_to(edge.socket)
    base = {**os.environ, "HOME": str(home), "SHELL": shell, "SSH_AUTH_SOCK": ""}
    given = {**base, "EDGECTL_SOCKET": str(home / "admin sock'%n"), "XDG_STATE_HOME": str(home / "st\\a'te")}
    done = subprocess.run([home / "bin" / "edgectl", "ssh-config", "--write"], env=given, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    # ssh is started without these, as cron would.
    done = subprocess.run(["ssh", "-F", home / ".ssh" / "config", "-o", "BatchMode=yes", edge.target("shop-17.edge"), "echo $0-there"],
                          env=base, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60)
    assert done.returncode == 0 and done.stdout.endswith("-there\n"), done.stderr
    assert (home / "st\\a'te" / "edgectl" / "ssh_known_hosts").exists()
    assert not (home / ".local" / "state" / "edgectl").exists()


@pytest.mark.parametrize("name, reason", [("a\nProxyCommand touch x", "control character"), ("a${HOME}b", "${"), ("a[b]", "pattern"),
                                          ("a\\b", "pattern"), ("a*", "pattern")])
def test_a_home_that_ssh_cannot_name_is_refused_and_nothing_is_written(edge, name, reason):
    home = edge.folder / name.replace("/", "")
    home.mkdir()
    done = edge.ctl("ssh-config", "--write", env={"HOME": str(home), "XDG_STATE_HOME": str(home / "state")})
    assert done.returncode == 2 and reason in done.stderr
    assert "hint: " in done.stderr
    assert list(home.iterdir()) == []


def test_a_link_to_edgectl_is_kept_so_that_an_upgrade_behind_it_is_found(edge):
    folder = edge.folder / "bin"
    folder.mkdir()
    (folder / "edgectl").symlink_to(BIN / "edgectl")
    for words, path in ([str(folder / "edgectl")], None), (["edgectl"], f"/nowhere:{folder}"):
        env = edge.environment(**({"PATH": path} if path else {}))
        shown = subprocess.run(["/usr/bin/env", *words, "ssh-config"], env=env, capture_output=True, text=True, check=True).stdout
        assert f"  ProxyCommand {folder}/edgectl --socket " in shown


# Names.

def test_an_endpoint_is_reached_by_its_name_in_any_letters_by_its_id_and_by_an_alias(stock):
    ident = stock.edge.endpoint()["id"]
    with open(stock.config, "a") as config:
        config.write("Host till\n  HostName shop-17.edge\n  Include edge.conf\n")
    for host in ("Shop-17.EDGE", f"{ident}.edge", "till"):
        done = stock.ssh(host, "echo hello")
        assert (done.returncode, done.stdout) == (0, "hello\n"), done.stderr
    account = stock.edge.target().split("@")[0]
    done = stock.ssh(f"{account}@till", "id -un")
    assert done.stdout == account + "\n", done.stderr


def test_what_stands_before_the_include_wins(stock):
    stock.config.write_text("Host shop-17.edge\n  User nobody-here\nMatch all\n" + stock.config.read_text())
    assert "user nobody-here\n" in stock.ssh("-G", "shop-17.edge").stdout
    before = stock.config.read_text()
    stock.edge.ok("ssh-config", "--write")
    assert stock.config.read_text() == before


def test_one_instance_of_a_cluster_is_asked_for_and_every_instance_is_known(edge):
    cluster, stock = Cluster(edge), StockSsh(edge, "shop")
    for name in ("worker-1", "worker-2", "worker-1"):
        proxy = f"ProxyCommand={BIN}/edgectl proxy --instance {name} %h"
        done = stock.ssh("-o", proxy, "shop.edge", "hostname")
        assert (done.returncode, done.stdout) == (0, name + "\n"), done.stderr
        assert len(lines_of(stock, "shop.edge")) == 2
    assert len(cluster.ids) == 2
    for name in ("worker-2", "worker-1"):
        assert stock.ssh("shop.edge", "hostname", env={"EDGECTL_INSTANCE": name}).stdout == name + "\n"
    done = stock.ssh("-o", f"ProxyCommand={BIN}/edgectl proxy --instance worker-9 %h", "shop.edge", "true")
    assert done.returncode == 255 and "worker-9" in done.stderr and "worker-1" in done.stderr


# Known hosts.

def test_an_endpoint_that_comes_later_needs_no_other_write(edge):
    stock = StockSsh(edge, "later")
    assert lines_of(stock, "later.edge") == []
    edge.node("later")
    done = stock.ssh("later.edge", "echo hello")
    assert (done.returncode, done.stdout) == (0, "hello\n"), done.stderr
    assert len(lines_of(stock, "later.edge")) == 1


def test_a_node_that_joined_again_is_known_by_its_new_key_alone(stock, edge):
    before = lines_of(stock)
    assert len(before) == 1
    edge.agent.stop()
    edge.ok("endpoint", "disassociate", "shop-17", "--yes")
    token = edge.ctl_json("endpoint", "token", "shop-17", "--yes")["token"]
    assert edge.join(token, None, "again").returncode == 0
    edge.start_agent("again")
    edge.wait_state("online")
    done = stock.ssh("shop-17.edge", "echo hello")
    assert (done.returncode, done.stdout) == (0, "hello\n"), done.stderr
    after = lines_of(stock)
    assert len(after) == 1 and after != before


def test_another_key_than_the_one_remembered_is_refused_before_ssh_sees_it(stock, edge):
    memory = edge.home / "state" / "edgectl" / "known_hosts"
    other = stock.run("ssh-keygen", "-y", "-f", stock.identity).stdout.split()[1]
    changed = re.sub(r"ssh-ed25519 \S+", f"ssh-ed25519 {other}", memory.read_text())
    memory.write_text(changed)
    known = stock.known_hosts.read_text()
    done = stock.ssh("shop-17.edge", "echo not reached")
    assert (done.returncode, done.stdout) == (255, "")
    assert "edgectl: cannot connect to shop-17: the host key of this node is not the one seen before" in done.stderr
    assert f"remembered in {memory}:1" in done.stderr
    assert "edgectl endpoint disassociate shop-17" in done.stderr
    assert stock.known_hosts.read_text() == known and memory.read_text() == changed


def test_a_node_with_another_key_than_the_pinned_one_is_refused_by_ssh(stock, edge):
    edge.agent.stop()
    shutil.copy(stock.identity, edge.agent_state() / "ssh_host_ed25519_key")
    edge.agent.start()
    edge.wait_held()
    done = stock.ssh("shop-17.edge", "echo not reached")
    assert (done.returncode, done.stdout) == (255, "")
    assert "Host key verification failed" in done.stderr


def test_many_at_once_find_their_hosts_and_one_identity(edge):
    names = [f"shop-{number}" for number in range(3)]
    stock = StockSsh(edge)
    for name in names:
        edge.node(name, name)
    for file in ("id_ed25519", "id_ed25519.pub", "known_hosts", "ssh_known_hosts"):
        (stock.identity.parent / file).unlink(missing_ok=True)
    words = [stock.words(f"{name}.edge", f"echo {name}") for name in names * 3]
    assert at_once(stock, *words) == [name + "\n" for name in names * 3]
    for name in names:
        assert len(lines_of(stock, f"{name}.edge")) == 1
    public = stock.run("ssh-keygen", "-y", "-f", stock.identity).stdout.split()[:2]
    assert stock.identity.with_suffix(".pub").read_text().split()[:2] == public


def test_a_proxy_goes_with_its_ssh_also_while_the_session_is_away(stock, edge, far):
    command = far.new()
    running = stock.popen(*stock.words("shop-17.edge", f"exec {command}"), stdin=subprocess.DEVNULL)
    proxy = None
    try:
        far.started(command)
        proxy, = pathlib.Path(f"/proc/{running.pid}/task/{running.pid}/children").read_text().split()
        edge.edged.stop(signal.SIGKILL)
        eventually(lambda: b"shop-17" in os.read(running.stderr.fileno(), 4096), "the session is paused")
        running.kill()
        running.wait()
        eventually(lambda: not alive(proxy), "the proxy has gone", 10)
    finally:
        running.kill()
        if proxy and alive(proxy):
            os.kill(int(proxy), signal.SIGKILL)
        running.communicate()


# What goes wrong is told to who called ssh.

def test_an_unknown_endpoint_is_told_and_what_was_meant(stock):
    done = stock.ssh("shop-71.edge", "true")
    assert done.returncode == 255
    assert "edgectl: no endpoint 'shop-71'\n  hint: did you mean 'shop-17'?\n" in done.stderr.replace("\r", "")
    assert stock.edge.ctl("proxy", "shop-71.edge").returncode == 3


def test_an_offline_endpoint_is_told_at_once_and_waited_for_when_asked_to(edge):
    token, edge_id = edge.create("shop-17")
    stock = StockSsh(edge)
    done = stock.ssh("shop-17.edge", "true")
    assert done.returncode == 255
    assert "edgectl: cannot connect to shop-17: no agent has joined it yet" in done.stderr
    assert "hint: edgectl endpoint token shop-17" in done.stderr
    assert edge.ctl("proxy", "shop-17").returncode == 5
    assert edge.join(token, edge_id).returncode == 0
    waiting = stock.popen(*stock.words("shop-17.edge", "echo hello"), env={"EDGECTL_WAIT": "60s"}, stdin=subprocess.DEVNULL)
    try:
        edge.edged.wait_log(r"tunnel\.state .*required")
        edge.start_agent()
        out, err = waiting.communicate(timeout=60)
        assert (waiting.returncode, out) == (0, b"hello\n"), err
    finally:
        waiting.kill()
        waiting.communicate()


def test_an_endpoint_that_went_offline_is_told_with_how_to_wait_for_it(edge):
    for key, value in {"check-in.interval": "1s", "check-in.hold": "off"}.items():
        edge.set(key, value)
    agent = edge.node()
    stock = StockSsh(edge)
    agent.stop(signal.SIGKILL)
    edge.wait_state("offline", timeout=40)
    done = stock.ssh("shop-17.edge", "true")
    assert done.returncode == 255
    assert "edgectl: cannot connect to shop-17: offline" in done.stderr and "last seen" in done.stderr
    assert "hint: EDGECTL_WAIT=10m ssh shop-17.edge" in done.stderr


def test_an_edged_that_is_away_is_told_with_its_socket(stock, edge):
    edge.edged.stop()
    done = stock.ssh("shop-17.edge", "true")
    assert done.returncode == 255
    assert f"edgectl: cannot reach edged at {edge.socket}" in done.stderr and "hint: " in done.stderr
