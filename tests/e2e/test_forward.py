"""edgectl forward: what it carries, from where to where, and what it refuses."""
import http.server
import json
import os
import socket
import socketserver
import stat
import struct
import subprocess
import tempfile
import threading

import pytest

from edge import eventually, free_port
from forwarding import ROOT, Forward, Psql, UnixEcho, dial_unix, is_closed, postgres
from stock_ssh import Echo, dial, exchange, made_account, one_reader_stuck


@pytest.fixture
def node(edge):
    edge.agent = edge.node()
    return edge


@pytest.fixture
def echo():
    with Echo() as server:
        yield server


def served(body):
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

        def address_string(self):
            return "somebody"
    return Handler


class UnixWebServer(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True


def curl(*words):
    done = subprocess.run(["curl", "-sS", "--max-time", "20", *map(str, words)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_ports_and_sockets_of_both_sides_reach_each_other_in_one_forward(node, echo, tmp_path):
    """Of -L all four pairs, several connections each, half-closed; and the counts of them."""
    with UnixEcho(tmp_path / "far") as far_socket, \
            Forward(node, "-L", f"0:localhost:{echo.port}", "-L", f"127.0.0.1:0:{far_socket.path}",
                    "-L", f"{tmp_path}/near:127.0.0.1:{echo.port}", "-L", f"{tmp_path}/near2:{far_socket.path}") as forward:
        first, second = forward.port(), forward.port()
        for connect in (lambda: dial(first), lambda: dial(second), lambda: dial_unix(tmp_path / "near"),
                        lambda: dial_unix(tmp_path / "near2")):
            for _ in range(2):
                with connect() as peer:
                    assert exchange(peer, 300_000)
        assert stat.S_IMODE((tmp_path / "near").stat().st_mode) == 0o600
        eventually(lambda: forward.status()["open"] == 0, "all of them are closed")
        status = forward.status()
        assert (status["state"], status["connections"], status["refused"]) == ("connected", 8, 0)
        assert status["bytes-out"] == 8 * 300_000 and status["bytes-in"] == 8 * 300_003
        assert forward.end() == 0
    assert not (tmp_path / "near").exists()


def test_many_connections_to_far_sockets_at_once_cost_one_process(node, tmp_path):
    with UnixEcho(tmp_path / "far") as far, Forward(node, "-L", f"0:{far.path}") as forward:
        port = forward.port()
        peers = [dial(port) for _ in range(60)]
        for number, peer in enumerate(peers):
            peer.sendall(b"%d" % number)
        for number, peer in enumerate(peers):
            assert peer.recv(10) == b"%d" % number
        children = subprocess.run(["pgrep", "-c", "-P", str(node.agent.pid)], capture_output=True, text=True).stdout
        assert children.strip() == "1"
        for peer in peers:
            peer.close()


def test_listeners_of_the_node_reach_ports_and_sockets_here(node, echo, tmp_path):
    far_port = free_port()
    with UnixEcho(tmp_path / "here") as here, \
            Forward(node, "-R", f"{far_port}:localhost:{echo.port}", "-R", f"{tmp_path}/far:{here.path}",
                    "-R", f"{tmp_path}/far2:127.0.0.1:{echo.port}", "-R", f"0:{here.path}") as forward:
        chosen = forward.port()
        for connect in (lambda: dial(far_port), lambda: dial_unix(tmp_path / "far"), lambda: dial_unix(tmp_path / "far2"),
                        lambda: dial(chosen)):
            with connect() as peer:
                assert exchange(peer, 300_000)
        assert stat.S_IMODE((tmp_path / "far").stat().st_mode) == 0o600
        assert forward.end() == 0
    eventually(lambda: not (tmp_path / "far").exists(), "the far socket's file goes with its listener")


def test_d_is_a_socks_proxy_for_every_version_with_names_resolved_there(node):
    web = http.server.ThreadingHTTPServer(("127.0.0.1", 0), served(b"from there"))
    threading.Thread(target=web.serve_forever, daemon=True).start()
    try:
        with Forward(node, "-D", "0") as forward:
            port = forward.port()
            for version in ("--socks5-hostname", "--socks5", "--socks4a", "--socks4"):
                assert curl(version, f"127.0.0.1:{port}", f"http://localhost:{web.server_port}/") == "from there", version
            refused = subprocess.run(["curl", "-sS", "--socks5-hostname", f"127.0.0.1:{port}", "http://192.0.2.1/"],
                                     capture_output=True, text=True)
            assert refused.returncode == 97, refused.stderr
            with dial(port) as browser:
                browser.sendall(b"GET / HTTP/1.1\r\n\r\n")
                assert is_closed(browser)
            forward.wait_for("speaks SOCKS 4 and 5 only")
    finally:
        web.shutdown()
        web.server_close()


def test_a_docker_like_api_is_a_socket_here(node, tmp_path):
    web = UnixWebServer(str(tmp_path / "docker.sock"), served(b'{"Version": "1"}'))
    threading.Thread(target=web.serve_forever, daemon=True).start()
    try:
        with Forward(node, "-L", f"{tmp_path}/here.sock:{tmp_path}/docker.sock"):
            answer = curl("--unix-socket", tmp_path / "here.sock", "http://d/version")
            assert json.loads(answer) == {"Version": "1"}
    finally:
        web.shutdown()
        web.server_close()


def test_r_without_a_target_is_a_socks_proxy_into_our_network(node):
    web = http.server.ThreadingHTTPServer(("127.0.0.1", 0), served(b"from here"))
    threading.Thread(target=web.serve_forever, daemon=True).start()
    far_port = free_port()
    try:
        with Forward(node, "-R", far_port):
            assert curl("--socks5-hostname", f"127.0.0.1:{far_port}", f"http://localhost:{web.server_port}/") == "from here"
    finally:
        web.shutdown()
        web.server_close()


def test_a_database_is_reached_by_its_socket_and_is_a_socket_here(node, tmp_path):
    with postgres() as far, Forward(node, "-L", f"{tmp_path}/.s.PGSQL.7:{far}", "-L", f"0:{far}") as forward:
        port = forward.port()
        for host, number in (("127.0.0.1", port), (tmp_path, 7)):
            with Psql(host, number) as psql:
                assert psql.ask("select 6 * 7;") == ["42"]


def test_a_reader_that_stops_stops_its_sender_and_no_other(node, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server, \
            Forward(node, "-L", f"0:127.0.0.1:{server.getsockname()[1]}") as forward:
        one_reader_stuck(forward.port(), server)


def test_connections_beyond_the_bound_are_refused_with_a_word_and_their_places_come_back(node, echo):
    with Forward(node, "-L", f"0:127.0.0.1:{echo.port}") as forward:
        port = forward.port()
        peers = [dial(port) for _ in range(200)]
        for peer in peers:
            peer.sendall(b"x")
        for peer in peers:
            assert peer.recv(1) == b"x"
        with dial(port) as late:
            assert is_closed(late)
        forward.wait_for("200 are open")
        for peer in peers:
            peer.close()
        eventually(lambda: forward.status()["open"] == 0, "their places come back")
        with dial(port) as again:
            assert exchange(again, 1_000)


def test_what_cannot_be_reached_is_told_and_the_forward_goes_on(node, echo, tmp_path):
    (tmp_path / "file").write_text("no socket")
    dead = socket.socket(socket.AF_UNIX)
    dead.bind(str(tmp_path / "dead"))
    with Forward(node, "-L", f"0:127.0.0.1:{free_port()}", "-L", f"0:{tmp_path}/none", "-L", f"0:{tmp_path}/file",
                 "-L", f"0:{tmp_path}/dead", "-L", f"0:127.0.0.1:{echo.port}") as forward:
        *bad, good = [forward.port() for _ in range(5)]
        for port, words in zip(bad, ("from shop-17: nobody answers there", "none: No such file", "is no socket", "dead: Connection refused")):
            with dial(port) as peer:
                assert is_closed(peer)
            forward.wait_for(words)
        with dial(good) as peer:
            assert exchange(peer, 1_000)
        assert forward.status()["refused"] == 4
        assert "dead: Connection refused" in forward.status()["last-error"]
    dead.close()


def test_the_nodes_rules_hold_for_the_path_behind_all_links(edge, tmp_path):
    allowed, other = tmp_path / "allowed", tmp_path / "other"
    allowed.mkdir()
    other.mkdir()
    edge.node(**{"session.allow-targets": f"[localhost, 'unix:{allowed}/*']", "session.allow-listen": f"['unix:{allowed}/*']"})
    (allowed / "link").symlink_to(other / "socket")
    (other / "link").symlink_to(allowed / "socket")
    with UnixEcho(allowed / "socket"), UnixEcho(other / "socket"), \
            Forward(edge, "-L", f"0:{allowed}/socket", "-L", f"0:{other}/link", "-L", f"0:{other}/socket",
                    "-L", f"0:{allowed}/link", "-L", f"0:{allowed}/../other/socket") as forward:
        ports = [forward.port() for _ in range(5)]
        for port in ports[:2]:
            with dial(port) as peer:
                assert exchange(peer, 1_000)
        for port in ports[2:]:
            with dial(port) as peer:
                assert is_closed(peer)
        forward.wait_for(f"{other}/socket is not among session.allow-targets")
    refused = edge.ctl("forward", edge.target(), "-R", f"{other}/new:localhost:1")
    assert refused.returncode == 4 and "not among session.allow-listen" in refused.stderr, refused.stderr
    assert not (other / "new").exists()


@pytest.mark.skipif(not ROOT, reason="needs an account of its own")
def test_far_sockets_are_opened_as_the_account(node):
    with made_account() as name, tempfile.TemporaryDirectory(prefix="edge-e2e-") as folder, \
            UnixEcho(f"{folder}/open") as open_socket, UnixEcho(f"{folder}/shut") as shut:
        os.chmod(folder, 0o755)
        os.chmod(open_socket.path, 0o666)
        os.chmod(shut.path, 0o600)
        with Forward(node, "-L", f"0:{open_socket.path}", "-L", f"0:{shut.path}", target=f"{name}@shop-17") as forward:
            allowed, refused = forward.port(), forward.port()
            with dial(allowed) as peer:
                assert exchange(peer, 1_000)
            with dial(refused) as peer:
                assert is_closed(peer)
            forward.wait_for("shut: Permission denied")
            assert forward.status()["account"] == name
        uid = int(subprocess.run(["id", "-u", name], capture_output=True, text=True).stdout)
        [(_, peer_uid, _)] = [struct.unpack("3i", peer) for peer in open_socket.peers]
        assert peer_uid == uid and not shut.peers
        no_root = node.ctl("forward", f"{name}@shop-17", "-R", "80:localhost:1")
        assert no_root.returncode == 4, no_root.stderr


def test_listeners_are_on_loopback_unless_told_otherwise(node, echo):
    with Forward(node, "-L", f"0:127.0.0.1:{echo.port}", "-L", f"*:0:127.0.0.1:{echo.port}") as forward:
        loopback, everywhere = forward.port(), forward.port()
        def addresses(port):
            lines = subprocess.run(["ss", "-Hltn", f"sport = :{port}"], capture_output=True, text=True).stdout.splitlines()
            return sorted(line.split()[3].rsplit(":", 1)[0] for line in lines)
        assert set(addresses(loopback)) <= {"127.0.0.1", "[::1]"}
        assert set(addresses(everywhere)) & {"0.0.0.0", "*", "[::]"}


def test_a_listener_that_cannot_be_had_is_told_by_its_flag_before_anybody_is_dialled(node, echo, tmp_path):
    requests = node.edged.log().count("session")
    with socket.create_server(("127.0.0.1", 0)) as taken, UnixEcho(tmp_path / "taken"):
        port = taken.getsockname()[1]
        for flag, words in ((f"127.0.0.1:{port}:localhost:80", "Address already in use"),
                            (f"{tmp_path}/taken:localhost:80", "Address already in use"),
                            (f"{tmp_path}/none/s:localhost:80", "No such file"),
                            ("192.0.2.7:8080:localhost:80", "Cannot assign")):
            done = node.ctl("forward", "shop-17", "-L", flag)
            assert done.returncode in (1, 3, 8), done
            assert f"-L {flag}: cannot listen" in done.stderr and words in done.stderr, done.stderr
    assert node.edged.log().count("session") == requests
    stale = socket.socket(socket.AF_UNIX)
    stale.bind(str(tmp_path / "stale"))
    stale.close()
    with Forward(node, "-L", f"{tmp_path}/stale:127.0.0.1:{echo.port}"), dial_unix(tmp_path / "stale") as peer:
        assert exchange(peer, 1_000)


def test_mistakes_have_their_exit_codes(edge):
    def status(*arguments):
        done = edge.ctl("forward", *arguments)
        return done.returncode, done.stderr
    edge.create("shop-17")
    for arguments, code, words in (
            (("shop-17",), 2, "At least one of -L, -R and -D"),
            (("-L", "0:a:1"), 2, "which endpoint"),
            (("shop-17", "-L", "8080:db:http"), 2, "'http' is no port"),
            (("shop-17", "-L", "0:a:1", "--limit", "fast"), 2, "--limit"),
            (("nobody", "-L", "0:a:1"), 3, "nobody"),
            (("shop-17", "-L", "0:a:1"), 5, "shop-17"),
            (("shop-17", "-L", "0:a:1", "--wait", "60s", "--timeout", "200ms"), 6, "did not stand within"),
            (("show", "abcdef12"), 3, "no forward"),
            (("rm",), 2, "--all")):
        code_seen, said = status(*arguments)
        assert code_seen == code and words in said, (arguments, code_seen, said)
    assert edge.ctl("forward", "--detach", "shop-17", "-L", "0:a:1").returncode == 5
