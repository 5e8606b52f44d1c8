"""edgectl forward --detach, ls, show and rm: forwards that nobody watches."""
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import time

import pytest

from edge import BIN, alive, eventually, free_port
from forwarding import Forward
from stock_ssh import Echo, dial, exchange, read_all


@pytest.fixture
def node(edge):
    edge.agent = edge.node()
    yield edge
    edge.ctl("forward", "rm", "--all")


@pytest.fixture
def echo():
    with Echo() as server:
        yield server


def forwards(edge):
    return edge.ctl_json("forward", "ls")["items"]


def detach(edge, *arguments):
    done = edge.ok("forward", "--detach", edge.target(), *arguments)
    assert re.fullmatch(r"[0-9a-f]{8}\n", done.stdout), done.stdout
    return done.stdout.strip()


def test_one_in_the_background_is_listed_shown_and_removed(node, echo):
    port = free_port()
    ident = detach(node, "-L", f"{port}:localhost:{echo.port}", "-L", f"0:localhost:{echo.port}", "--limit", "50M")
    with dial(port) as peer:
        assert exchange(peer, 10_000)
    eventually(lambda: forwards(node)[0]["open"] == 0, "the connection is counted as closed")
    [status] = forwards(node)
    assert status["id"] == ident and status["state"] == "connected" and status["detached"]
    assert (status["bytes-out"], status["bytes-in"], status["limit"]) == (10_000, 10_003, 50_000_000)
    assert status["forwards"][0] == f"-L localhost:{port} -> localhost:{echo.port}"
    assert re.fullmatch(rf"-L localhost:[1-9][0-9]* -> localhost:{echo.port}", status["forwards"][1])
    sessions = node.ctl_json("session", "ls")["items"]
    assert [one["id"] for one in sessions] == [status["session"]]
    table = node.ok("forward", "ls").stdout.splitlines()
    assert table[0].split()[:2] == ["ID", "TARGET"] and ident in table[1] and "connected" in table[1]
    page = node.ok("forward", "show", ident[:4]).stdout
    assert f"process {status['process']}, in the background" in page and "50M bytes a second, each way" in page
    assert node.ctl_json("forward", "show", ident) == {**forwards(node)[0]}
    assert node.ok("forward", "ls", "-q").stdout == ident + "\n"
    removed = node.ok("forward", "rm", ident)
    assert ident in removed.stdout
    eventually(lambda: not alive(status["process"]), "its process ends")
    assert not forwards(node)
    assert socket.socket().connect_ex(("127.0.0.1", port)) != 0
    assert "has ended" in pathlib.Path(status["log"]).read_text()
    eventually(lambda: not node.ctl_json("session", "ls")["items"], "its session has ended")


def test_it_holds_no_terminal_and_no_folder_and_survives_a_hang_up(node, echo, tmp_path):
    """Started by a shell on a terminal that is closed afterwards."""
    script = f"cd {tmp_path} && {BIN}/edgectl forward --detach {node.target()} -L 0:localhost:{echo.port} > {tmp_path}/id"
    shell = subprocess.Popen(["script", "-qec", script, "/dev/null"], env=node.environment(), stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    said, _ = shell.communicate(timeout=30)  # the end of its output: nobody holds the terminal
    assert shell.returncode == 0, said
    [status] = forwards(node)
    assert (tmp_path / "id").read_text().strip() == status["id"]
    proc = pathlib.Path(f"/proc/{status['process']}")
    assert {os.readlink(proc / "fd" / str(number)) for number in range(3)} == {"/dev/null"}
    assert os.readlink(proc / "cwd") == "/"
    assert (proc / "stat").read_text().rsplit(")", 1)[1].split()[4] == "0", "it has no terminal"
    os.kill(status["process"], signal.SIGHUP)
    port = int(status["forwards"][0].split()[1].rsplit(":", 1)[1])
    with dial(port) as peer:
        assert exchange(peer, 1_000)
    os.kill(status["process"], signal.SIGTERM)
    eventually(lambda: not alive(status["process"]), "SIGTERM ends it")
    assert not forwards(node)


def test_a_failure_is_told_where_it_was_started_and_leaves_nothing_behind(node, echo):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = node.ctl("forward", "--detach", "shop-17", "-L", f"127.0.0.1:{taken.getsockname()[1]}:localhost:80")
        assert done.returncode == 8 and "Address already in use" in done.stderr and not done.stdout
    done = node.ctl("forward", "--detach", node.target(), "-R", "192.0.2.1:8080:localhost:80")
    assert done.returncode == 4 and "cannot listen on 192.0.2.1:8080 of the node" in done.stderr and not done.stdout
    assert not forwards(node)


def test_those_in_the_foreground_are_listed_too_and_what_a_killed_one_left_is_not(node, echo):
    with Forward(node, "-D", "0") as one, Forward(node, "-L", f"0:localhost:{echo.port}") as other:
        assert {status["process"] for status in forwards(node)} == {one.process.pid, other.process.pid}
        assert not any(status["detached"] for status in forwards(node))
        other.process.kill()
        other.process.wait()
        assert [status["process"] for status in forwards(node)] == [one.process.pid]
        assert len(list((node.home / "state/edgectl/forwards").glob("*.sock"))) == 1
        done = node.ok("forward", "rm", "--all")
        assert one.process.wait(5) == 0 and one.said().endswith("has ended\n"), done
    assert not forwards(node)


def test_ctrl_c_ends_it_with_its_status_and_a_second_operator_sees_his_own_only(node, echo):
    with Forward(node, "-L", f"0:localhost:{echo.port}") as forward, dial(forward.port()) as peer:
        peer.sendall(b"x")
        assert peer.recv(1) == b"x"
        other = json.loads(node.ctl("forward", "ls", "-o", "json", env={"XDG_STATE_HOME": str(node.folder / "other")}).stdout)
        assert other["items"] == []
        began = time.monotonic()
        assert forward.end(signal.SIGINT) == 130
        assert time.monotonic() - began < 5
        assert read_all(peer) == b""


def test_a_forward_whose_session_is_killed_or_whose_endpoint_is_removed_ends_and_says_why(node, echo):
    with Forward(node, "-L", f"0:localhost:{echo.port}") as forward:
        node.ok("session", "kill", forward.status()["session"], "--yes")
        assert forward.wait() == 1, forward.said()
        assert "killed by" in forward.said()
    with Forward(node, "-L", f"0:localhost:{echo.port}") as forward:
        node.ok("endpoint", "rm", "shop-17", "--yes")
        assert forward.wait() == 3, forward.said()
