"""Forwards of stock OpenSSH through a node: -L, -D, -W, -J and -R, what they carry and where they may go."""
import http.server
import os
import re
import socket
import subprocess
import threading

import pytest

from edge import eventually, free_port
from stock_ssh import Echo, StockSsh, dial, exchange, made_account, one_reader_stuck

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


# -L, -D, -W.

def test_l_carries_a_connection_to_the_nodes_loopback_and_half_closes_it(stock, echo):
    local = free_port()
    with stock.forwarding("-L", f"{local}:localhost:{echo.port}"):
        for _ in range(3):
            with dial(local) as peer:
                assert exchange(peer)


def test_l_carries_many_connections_at_once_and_each_ends_alone(stock, echo):
    local = free_port()
    with stock.forwarding("-L", f"{local}:127.0.0.1:{echo.port}"):
        peers = [dial(local) for _ in range(40)]
        for number, peer in enumerate(peers):
            peer.sendall(b"%d" % number)
        for number, peer in enumerate(peers):
            assert peer.recv(10) == b"%d" % number
        for peer in peers[::2]:
            peer.close()
        for peer in peers[1::2]:
            peer.sendall(b"still here")
            assert peer.recv(100) == b"still here"
            peer.close()


def test_a_reader_of_a_forward_that_stops_stops_its_sender_and_no_other(stock):
    local = free_port()
    with socket.create_server(("127.0.0.1", 0)) as server, \
            stock.forwarding("-L", f"{local}:127.0.0.1:{server.getsockname()[1]}"):
        one_reader_stuck(local, server)


def test_d_is_a_socks_proxy_to_the_node(stock, edge):
    served = http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler)
    threading.Thread(target=served.serve_forever, daemon=True).start()
    local = free_port()
    try:
        with stock.forwarding("-D", str(local)):
            done = stock.run("curl", "-sS", "--socks5-hostname", f"127.0.0.1:{local}", "-o", "/dev/null", "-w", "%{http_code}",
                             f"http://localhost:{served.server_port}/")
            assert (done.returncode, done.stdout) == (0, "501"), done.stderr
            refused = stock.run("curl", "-sS", "--socks5-hostname", f"127.0.0.1:{local}", "http://192.0.2.1/")
            assert refused.returncode == 97, refused.stderr
    finally:
        served.shutdown()
        served.server_close()


def test_w_carries_stdin_and_stdout(stock, echo):
    done = stock.ssh("-W", f"127.0.0.1:{echo.port}", "shop-17.edge", input=b"hello" * 100_000, text=False)
    assert done.stdout == b"hello" * 100_000 + b"END", done.stderr


def test_a_node_is_a_jump_host(stock, edge):
    """ProxyJump through it, to a real sshd that its loopback has."""
    port, folder = free_port(), edge.folder / "sshd"
    folder.mkdir(mode=0o700)
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / "host"], check=True)
    (folder / "authorized").write_text(stock.identity.with_suffix(".pub").read_text())
    if ROOT:
        os.makedirs("/run/sshd", exist_ok=True)
    daemon = subprocess.Popen(["/usr/sbin/sshd", "-D", "-e", "-f", "/dev/null", "-p", str(port), "-h", folder / "host",
                               "-o", "ListenAddress=127.0.0.1", "-o", f"AuthorizedKeysFile={folder}/authorized",
                               "-o", "StrictModes=no", "-o", "PidFile=none", "-o", "UsePAM=no"], stderr=subprocess.DEVNULL)
    try:
        eventually(lambda: not socket.socket().connect_ex(("127.0.0.1", port)), "sshd listens")
        done = stock.ssh("-J", "shop-17.edge", "-p", str(port), "-i", stock.identity,
                         "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "localhost", "echo behind")
        assert (done.returncode, done.stdout) == (0, "behind\n"), done.stderr
    finally:
        daemon.kill()
        daemon.wait()


# Who may go where.

@pytest.mark.parametrize("target", ["192.0.2.1:80", "0.0.0.0:{port}", "[::]:{port}", "[::ffff:192.0.2.1]:80", "3221225985:80",
                                    "elsewhere.example:{port}"])
def test_a_target_that_is_not_allowed_is_refused_and_never_dialled(stock, edge, echo, target):
    done = stock.ssh("-W", target.format(port=echo.port), "shop-17.edge", input="")
    assert done.returncode == 255
    assert "administratively prohibited" in done.stderr
    assert echo.accepted == 0
    edge.agent.wait_log(r"session\.forward-refused .*account=\S+ .*reason=")


@pytest.mark.skipif(not ROOT, reason="needs a mount namespace, for an /etc/hosts of its own")
def test_a_name_is_judged_by_the_address_that_is_dialled(edge, echo):
    hosts = edge.folder / "hosts"
    hosts.write_text("127.0.0.1 localhost moving.example\n")
    edge.join(*edge.create())
    edge.start_agent(config=edge.agent_config(**{"session.allow-targets": "[127.0.0.1]"}),
                     prefix=("unshare", "-m", "sh", "-c", f"mount --bind {hosts} /etc/hosts && exec \"$@\"", "sh"))
    edge.wait_state("online")
    stock = StockSsh(edge)
    done = stock.ssh("-W", f"moving.example:{echo.port}", "shop-17.edge", input=b"hi", text=False)
    assert done.stdout == b"hiEND", done.stderr
    with Echo("127.0.0.2") as elsewhere:
        hosts.write_text("127.0.0.1 localhost\n127.0.0.2 moving.example\n")
        done = stock.ssh("-W", f"moving.example:{elsewhere.port}", "shop-17.edge", input="")
        assert done.returncode == 255 and "administratively prohibited" in done.stderr
        # Of several addresses only those that are allowed are tried.
        hosts.write_text("127.0.0.1 localhost\n127.0.0.2 moving.example\n127.0.0.1 moving.example\n")
        done = stock.ssh("-W", f"moving.example:{elsewhere.port}", "shop-17.edge", input="")
        assert done.returncode == 255
        done = stock.ssh("-W", f"moving.example:{echo.port}", "shop-17.edge", input=b"hi", text=False)
        assert done.stdout == b"hiEND", done.stderr
        assert elsewhere.accepted == 0


def test_an_allowed_target_where_nobody_listens_fails_the_connection_and_nothing_else(stock):
    done = stock.ssh("-W", f"127.0.0.1:{free_port()}", "shop-17.edge", input="")
    assert done.returncode == 255
    assert "open failed" in done.stderr
    assert stock.ssh("shop-17.edge", "echo hello").stdout == "hello\n"


def test_an_account_that_gets_no_shell_gets_no_forward(edge, echo):
    agent = edge.node(**{"session.allow-users": "[nobody-here]"})
    done = StockSsh(edge).ssh("-W", f"127.0.0.1:{echo.port}", "shop-17.edge", input="")
    assert done.returncode == 255
    assert echo.accepted == 0
    agent.wait_log(r"session\.forward-refused .*session\.allow-users")


@pytest.mark.skipif(not ROOT, reason="needs an account of its own")
def test_an_account_without_a_login_shell_gets_no_forward_and_no_listener(stock, edge, echo):
    done = stock.ssh("-l", "nobody", "-W", f"127.0.0.1:{echo.port}", "shop-17.edge", input="")
    assert done.returncode == 255
    assert echo.accepted == 0
    edge.agent.wait_log(r"session\.forward-refused .*no login shell")
    done = stock.ssh("-l", "nobody", "-N", "-R", f"0:127.0.0.1:{echo.port}", "shop-17.edge")
    assert done.returncode == 255


def test_forwards_of_one_connection_are_bounded_and_a_place_comes_back(stock, echo):
    local = free_port()
    with stock.forwarding("-L", f"{local}:127.0.0.1:{echo.port}"):
        peers = []
        for _ in range(256):
            peers.append(dial(local))
            peers[-1].sendall(b"x")
        for peer in peers:
            assert peer.recv(1) == b"x"
        with dial(local) as one_more:
            assert one_more.recv(1) == b""
        peers.pop().close()
        eventually(lambda: probe(local), "a place has come back")
        for peer in peers:
            peer.close()


def probe(port):
    with dial(port) as peer:
        try:
            peer.sendall(b"x")
            return peer.recv(1) == b"x"
        except ConnectionError:
            return False


# -R.

def test_r_carries_connections_of_the_node_to_the_operator(stock, echo):
    port = free_port()
    with stock.forwarding("-R", f"{port}:127.0.0.1:{echo.port}"):
        for host in ("127.0.0.1", "::1"):
            with dial(port, host) as peer:
                assert exchange(peer)
    eventually(lambda: socket.socket().connect_ex(("127.0.0.1", port)), "the listener ends with its session")


def test_r_with_port_0_tells_the_port(stock, echo):
    with stock.forwarding("-R", f"0:127.0.0.1:{echo.port}") as process:
        found = eventually(lambda: re.search(r"Allocated port (\d+) for remote forward", "".join(process.lines)), "a port")
        with dial(int(found[1])) as peer:
            assert exchange(peer, 1000)


@pytest.mark.parametrize("address", ["*", "0.0.0.0", "::"])
def test_r_listens_on_loopback_only_unless_it_is_allowed(stock, edge, echo, address):
    port = free_port()
    bind = f"[{address}]" if ":" in address else address
    done = stock.ssh("-R", f"{bind}:{port}:127.0.0.1:{echo.port}", "shop-17.edge",
                     f"cat /proc/net/tcp /proc/net/tcp6 | grep -i ':{port:04X} 0' | grep ' 0A '")
    listening = re.findall(r"([0-9A-F]+):[0-9A-F]{4} 0+:0000 0A", done.stdout)
    if address == "*":  # sshd's way: who asks for nothing in particular gets loopback
        assert sorted(listening) == sorted(["0100007F", "00000000000000000000000001000000"]), done.stderr
    else:
        assert (done.returncode, listening) == (255, [])
        edge.agent.wait_log(r"session\.forward-refused .*session\.allow-listen")


def test_r_listens_where_allow_listen_says_so(edge, echo):
    port = free_port()
    edge.node(**{"session.allow-listen": f"[\"0.0.0.0:{port}\"]"})
    stock = StockSsh(edge)
    with stock.forwarding("-R", f"0.0.0.0:{port}:127.0.0.1:{echo.port}"), dial(port, "127.0.0.2") as peer:
        assert exchange(peer, 1000)
    assert stock.ssh("-N", "-R", f"{port}:127.0.0.1:{echo.port}", "shop-17.edge").returncode == 255


def test_a_port_that_is_taken_is_refused(stock, echo):
    done = stock.ssh("-N", "-R", f"{echo.port}:127.0.0.1:9", "shop-17.edge")
    assert done.returncode == 255
    assert "remote port forwarding failed" in done.stderr


def test_a_privileged_port_is_for_root_only(stock, other_account, echo):
    port = next(p for p in range(700, 1000) if socket.socket().connect_ex(("127.0.0.1", p)))
    done = stock.ssh("-l", other_account, "-N", "-R", f"{port}:127.0.0.1:{echo.port}", "shop-17.edge")
    assert done.returncode == 255
    assert "remote port forwarding failed" in done.stderr
    with stock.forwarding("-l", "root", "-R", f"{port}:127.0.0.1:{echo.port}"), dial(port) as peer:
        assert exchange(peer, 1000)
