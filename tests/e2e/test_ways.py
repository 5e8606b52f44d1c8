"""The ways of a tunnel out of a network: to the tunnel port, through the poll port, and either through a proxy."""
import contextlib
import os
import socket

import pytest

from edge import eventually, free_port
from poll_client import Connection, raw_agent
from ways_out import PROXIES, knowing, swallowing

NAME = "edge.test"  # nobody knows it but who is told


def works(edge, target="shop-17"):
    """A session, and more through it than any buffer on the way holds."""
    done = edge.connect(target, "--", "head -c 3000000 /dev/zero | tr '\\0' x; cat", input="y" * 300_000)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "x" * 3_000_000 + "y" * 300_000


def close_tunnel(edge):
    edge.set("tunnel.idle", "100ms")
    edge.wait_tunnel("idle")
    edge.set("tunnel.idle", "5m")


def way(edge, name="shop-17"):
    return edge.endpoint(name)["tunnel"]["way"]


def descriptors(program):
    return len(os.listdir(f"/proc/{program.pid}/fd"))


@contextlib.contextmanager
def blocked(kind):
    """A tunnel port that nobody gets through to: refused; swallowed; taken, and never answered."""
    if kind == "refused":
        yield free_port()
    elif kind == "swallowed":
        with swallowing() as port:
            yield port
    else:
        with socket.create_server(("127.0.0.1", 0), backlog=64) as silent:
            yield silent.getsockname()[1]


@pytest.mark.parametrize("kind", ["refused", "swallowed", "taken and never answered"])
def test_where_the_tunnel_port_is_blocked_the_agent_goes_through_the_poll_port_by_itself(bare, kind):
    with blocked(kind) as port:
        bare.init(tunnel_dialled=port).start()
        agent = bare.node(**{"connect.deadline": "3s"})
        works(bare)
        assert way(bare) == "poll-port"
        why = "handshake-timeout" if kind.startswith("taken") else f"agent-unreachable-tunnel-port .*{port}"
        agent.wait_log(f"warn .*tunnel.other-way way=poll-port reason={why}")
        bare.edged.wait_log(r"tunnel.open .*way=poll-port")


def test_the_way_that_worked_is_tried_first_the_next_time(bare):
    with blocked("refused") as port:
        bare.init(tunnel_dialled=port).start()
        agent = bare.node()
        works(bare)
        close_tunnel(bare)
        assert bare.connect("shop-17", "--", "echo again").stdout == "again\n"
        assert way(bare) == "poll-port"
        agent.wait_log(r"(?s)tunnel.open .*way=poll-port.*tunnel.open .*way=poll-port")
        assert agent.log().count("tunnel.other-way") == 1


@pytest.mark.parametrize("forced, expected", [("direct", "direct"), ("poll-port", "poll-port"), ("auto", "direct")])
def test_the_way_is_what_the_configuration_says(edge, forced, expected):
    edge.node(**{"tunnel.transport": forced})
    works(edge)
    assert way(edge) == expected


def test_a_way_that_nobody_knows_is_an_error_at_the_start(edge):
    config = edge.agent_config(**{"tunnel.transport": "pigeon"})
    started = edge.run("edge-agent", "--config", config, "--state", edge.agent_state(), "run")
    assert started.returncode == 2
    assert "tunnel.transport: 'pigeon' is not accepted, write auto, direct or poll-port" in started.stderr


@pytest.mark.parametrize("transport", ["direct", "poll-port"])
@pytest.mark.parametrize("kind", list(PROXIES))
def test_sessions_pass_a_proxy_either_way(bare, kind, transport):
    bare.init(url_host=NAME).start()
    proxy = PROXIES[kind](bare, prefix=knowing(bare.folder, f"127.0.0.1 {NAME}"), login=True)
    token, edge_id = bare.create()
    joined = bare.run("edge-agent", "--state", bare.agent_state(), "join", "--edge-id", edge_id, input=token,
                      env={"HTTPS_PROXY": proxy.url()})
    assert joined.returncode == 0, joined.stderr
    bare.start_agent(config=bare.agent_config(**{"tunnel.transport": transport}), env={"ALL_PROXY": proxy.url()})
    bare.wait_held()
    works(bare)
    assert way(bare) == transport
    assert proxy.carried(f"{NAME}:{bare.tunnel_port}") == (transport == "direct")


def test_a_tunnel_through_the_poll_port_costs_three_descriptors_and_gives_them_back(edge):
    edge.node(**{"tunnel.transport": "poll-port"})
    edge.wait_held()
    before = descriptors(edge.edged)  # with the poll connection, which the tunnel goes on in
    works(edge)
    eventually(lambda: descriptors(edge.edged) == before + 2, "two more")
    close_tunnel(edge)
    edge.wait_held()
    eventually(lambda: descriptors(edge.edged) == before, "all of them back")


def test_a_tunnel_through_the_poll_port_comes_back_after_a_restart(edge):
    agent = edge.node(**{"tunnel.transport": "poll-port"})
    works(edge)
    edge.restart()
    edge.wait_held()
    works(edge)
    assert way(edge) == "poll-port"
    assert agent.log().count("tunnel.open") == 2


# --- who asks for it must be known

@pytest.mark.parametrize("authorization", [None, "Edge AAAAAAAAAAAAAAAAAAAAAA", "Basic x"])
def test_a_stranger_gets_no_101(edge, authorization):
    headers = {"Connection": "Upgrade", "Upgrade": "ssh", **({"Authorization": authorization} if authorization else {})}
    with Connection(edge.poll_port) as line:
        assert line.ask("GET", "/v1/tunnel", headers).status == 401


def test_an_agent_without_an_upgrade_gets_no_101_and_goes_on(edge):
    agent = raw_agent(edge).joined()
    headers = agent.mac("GET", "/v1/tunnel")
    answer = agent.line().ask("GET", "/v1/tunnel", headers)
    assert answer.status == 400 and "Upgrade: ssh" in answer.json["error"]["message"]
    assert agent.check_in().status == 204


def test_a_101_is_no_login(edge):
    """Whoever is let through the poll port still has to log in, with credentials that it does not have."""
    agent = raw_agent(edge).joined()
    headers = {"Connection": "Upgrade", "Upgrade": "ssh", **agent.mac("GET", "/v1/tunnel")}
    with agent.connect() as line:
        line.send("GET", "/v1/tunnel", headers)
        line.socket.settimeout(10)
        head = b""
        while b"\r\n\r\n" not in head:
            head += line.socket.recv(1)
        assert head.startswith(b"HTTP/1.1 101 ")
        line.socket.sendall(b"SSH-2.0-stranger\r\n" + b"x" * 4096)
        rest = b""
        while part := line.socket.recv(4096):
            rest += part
        assert rest.startswith(b"SSH-2.0-edge\r\n")
    assert edge.tunnel_state() == "idle"
