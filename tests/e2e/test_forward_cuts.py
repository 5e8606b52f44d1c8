"""edgectl forward over cut networks, restarts of edged and of the agent: listeners stay, connections wait."""
import subprocess
import threading
import time

import pytest

from cable import wired
from edge import eventually
from forwarding import Forward, Psql, is_closed, postgres
from stock_ssh import Echo, dial, exchange, read_all
from test_resume import kill_edged


@pytest.fixture
def cabled():
    with wired() as edge:
        edge.agent = edge.node()
        edge.wait_held()
        yield edge


def test_a_transaction_goes_on_over_a_cut_and_a_kill_of_edged(cabled, tmp_path):
    """By the database's port in the node's network, and by its Unix socket; and new connections, when it is back."""
    edge = cabled
    with postgres(edge.cable.inside(edge.cable.node_space)) as far, \
            Forward(edge, "-L", "0:127.0.0.1:5432", "-L", f"{tmp_path}/.s.PGSQL.7:{far}") as forward:
        port = forward.port()
        with Psql("127.0.0.1", port) as by_port, Psql(tmp_path, 7) as by_socket:
            by_port.ask("create table seen (number int); begin; insert into seen values (1);")
            assert by_socket.ask("select count(*) from seen;") == ["0"]
            edge.cable.pull()
            by_port.send("insert into seen values (2); select count(*) from seen;")
            by_socket.send("begin; insert into seen values (10); select count(*) from seen;")
            forward.wait_for("shop-17 is out of reach", 15)
            eventually(lambda: forward.status()["state"] == "paused", "ls says so")
            edge.cable.plug()
            assert by_port.answer() == ["2"] and by_socket.answer() == ["1"]
            forward.wait_for("shop-17 is back after")
            kill_edged(edge)
            assert by_port.ask("commit;") == []
            assert by_socket.ask("commit; select sum(number) from seen;") == ["13"]
        with Psql("127.0.0.1", port) as later:
            assert later.ask("select count(*) from seen;") == ["3"]
        assert forward.said().count("connected to shop-17") == 1, forward.said()


def test_an_agent_that_restarts_gets_a_new_session_and_the_listeners_stay(cabled, tmp_path):
    edge = cabled
    inside = edge.cable.inside(edge.cable.node_space)
    with Forward(edge, "-L", "0:127.0.0.1:80", "-R", "7070:127.0.0.1:1", "-R", f"{tmp_path}/far:127.0.0.1:1") as forward, \
            subprocess.Popen([*inside, "python3", "-m", "http.server", "-b", "127.0.0.1", "-d", str(tmp_path), "80"],
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as web:
        try:
            port = forward.port()
            fetch = ["curl", "-sS", "--max-time", "15", "-o", "/dev/null", "-w", "%{http_code}", f"http://127.0.0.1:{port}/"]
            eventually(lambda: subprocess.run(fetch, capture_output=True, text=True).stdout == "200", "the web server answers")
            first = forward.status()["session"]
            open_before = dial(port)
            eventually(lambda: forward.status()["open"] == 1, "a connection is open")
            edge.agent.kill()
            edge.agent.start()
            assert read_all(open_before) == b""
            # Asked for at once: it waits for the session that is being opened.
            assert subprocess.run(fetch, capture_output=True, text=True).stdout == "200", forward.said()
            forward.wait_for("the session on shop-17 is lost; opening another one")
            forward.wait_for("shop-17 is back after")
            assert forward.status()["session"] not in ("", first)

            def listens():
                return subprocess.run([*inside, "ss", "-Hltn", "sport = :7070"], capture_output=True, text=True).stdout
            eventually(listens, "the node listens for the new session")
            eventually(lambda: (tmp_path / "far").exists(), "also on the socket")
        finally:
            web.kill()


def test_a_new_connection_while_the_node_is_away_waits_a_moment_and_is_refused_with_a_reason(edge):
    edge.set("session.resume-for", "1s")
    agent = edge.node()
    with Echo() as echo, Forward(edge, "-L", f"0:127.0.0.1:{echo.port}") as forward:
        port = forward.port()
        agent.kill()
        forward.wait_for("the session on shop-17 is lost")
        began = time.monotonic()
        with dial(port, timeout=30) as peer:
            assert is_closed(peer)
        assert 5 < time.monotonic() - began < 20
        forward.wait_for("shop-17 is out of reach")
        assert forward.process.poll() is None and forward.status()["state"] == "offline"
        agent.start()
        forward.wait_for("shop-17 is back after")
        with dial(port) as peer:
            assert exchange(peer, 1_000)


@pytest.mark.alone
def test_a_bandwidth_is_held_within_a_tenth_in_both_directions(cabled):
    edge = cabled
    inside = edge.cable.inside(edge.cable.node_space)
    script = ("import socket,threading\n"
              "s=socket.create_server(('127.0.0.1',9));print(flush=True)\n"
              "def f(c):\n"
              "  way=c.recv(1)\n"
              "  if way==b'd':\n"
              "    try:\n"
              "      while True:c.sendall(bytes(65536))\n"
              "    except OSError:pass\n"
              "  else:\n"
              "    n=0\n"
              "    while d:=c.recv(65536):n+=len(d)\n"
              "while True:threading.Thread(target=f,args=(s.accept()[0],),daemon=True).start()\n")
    with subprocess.Popen([*inside, "python3", "-c", script], stdout=subprocess.PIPE) as far:
        try:
            far.stdout.readline()
            with Forward(edge, "-L", "0:127.0.0.1:9", "--limit", "4M") as forward:
                port = forward.port()
                down, up = dial(port), dial(port)
                stop = threading.Event()

                def send():
                    try:
                        up.sendall(b"u")
                        while not stop.is_set():
                            up.sendall(bytes(65536))
                    except OSError:
                        pass

                def receive():
                    down.sendall(b"d")
                    while not stop.is_set() and down.recv(65536):
                        pass
                    down.close()
                threads = [threading.Thread(target=one) for one in (send, receive)]
                for thread in threads:
                    thread.start()
                eventually(lambda: forward.status()["bytes-in"] > 1_000_000, "it runs")
                before, since = forward.status(), time.monotonic()
                time.sleep(4)  # what is measured is a time
                after, took = forward.status(), time.monotonic() - since
                stop.set()
                for way in ("bytes-in", "bytes-out"):
                    rate = (after[way] - before[way]) / took
                    assert 3_600_000 < rate < 4_400_000, (way, rate)
                for thread in threads:
                    thread.join()
                up.close()
        finally:
            far.kill()
