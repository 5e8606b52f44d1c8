"""Behind HAProxy and nginx, with the files of docs/proxies; and what edged believes of whom."""
import re
import socket
import ssl
import struct
import time

import pytest

from edge import PATIENCE, ROOT, eventually
from poll_client import HOST, Connection, raw_agent, read_token
from proxies import ADDRESS, KINDS, make_certificate, pin_of, proxied

ENDS_TLS = ["haproxy-http", "nginx"]
AGENT, STRANGER, CLAIMED = "127.0.0.5", "127.0.0.6", "203.0.113.9"
HELD_BACK = 0.5  # seconds: a refusal after many
LOOPBACK = ("127.0.0.1", "::1")  # whatever localhost is


@pytest.fixture(params=list(KINDS))
def proxy(bare, request):
    with proxied(bare, request.param) as started:
        yield started


@pytest.fixture(params=ENDS_TLS)
def http_proxy(bare, request):
    with proxied(bare, request.param) as started:
        yield started


@pytest.fixture
def trusting(bare):
    """No proxy: the test speaks for one, from its address."""
    bare.settings = {"proxy.trusted": f"[{ADDRESS}]"}
    return bare.start()


def address_of(edge, endpoint="shop-17"):
    (instance,) = edge.endpoint(endpoint)["instances"]
    return instance["address"]


def dialling(agent, port, source):
    """The same agent on a connection of its own."""
    agent.port, agent.connection = port, Connection(port, source=source)
    return agent


def v1(source, target="127.0.0.1"):
    return f"PROXY TCP4 {source} {target} 4711 9000\r\n".encode()


def v2(source, target="127.0.0.1"):
    addresses = socket.inet_aton(source) + socket.inet_aton(target) + struct.pack(">HH", 4711, 9000)
    tlv = b"\x04\x00\x03abc"
    return b"\r\n\r\n\0\r\nQUIT\n\x21\x11" + struct.pack(">H", len(addresses) + len(tlv)) + addresses + tlv


def connect_from(source, port):
    return socket.create_connection(("127.0.0.1", port), PATIENCE, (source, 0))


def first_bytes(plain):
    """Nothing: the other side ended it, in whatever way."""
    plain.settimeout(PATIENCE)
    try:
        return plain.recv(8)
    except ConnectionError:
        return b""


def tls_over(plain):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    connection = object.__new__(Connection)
    connection.ahead, connection.socket = b"", context.wrap_socket(plain, server_hostname=HOST)
    return connection


# --- the documented files

def test_an_agent_behind_a_proxy_is_held_and_takes_sessions(proxy):
    edge = proxy.edge
    edge.node()
    edge.wait_held()
    assert address_of(edge) in LOOPBACK
    done = edge.connect(edge.target(), "--", "printf far")
    assert (done.returncode, done.stdout) == (0, "far"), done.stderr
    assert edge.tunnel_state() == "open"


def test_a_held_check_in_behind_a_proxy_is_answered_when_required(proxy):
    edge = proxy.edge
    agent = dialling(raw_agent(edge), proxy.poll_port, AGENT)
    assert agent.check_in().status == 204
    connection = agent.send_check_in(wait=55, headers=agent.by_ticket())
    edge.wait_held()
    with edge.required():
        answer = connection.read()
    assert answer.status == 200
    assert answer.json["address"] == f"localhost:{proxy.tunnel_port}"


def test_the_address_behind_a_proxy_is_the_agents_own(proxy):
    edge = proxy.edge
    agent = dialling(raw_agent(edge), proxy.poll_port, AGENT)
    assert agent.check_in().status == 204
    assert address_of(edge) == AGENT


def test_what_a_client_says_of_itself_is_not_believed_through_a_proxy(proxy):
    edge = proxy.edge
    agent = dialling(raw_agent(edge), proxy.poll_port, AGENT)
    said = {**agent.mac("GET", "/v1/check-in"), "X-Forwarded-For": CLAIMED}
    assert agent.check_in(headers=said).status == 204
    assert address_of(edge) == AGENT


def test_tokens_carry_the_pins_of_the_proxy(http_proxy):
    edge = http_proxy.edge
    assert re.fullmatch(r"sha256/[A-Za-z0-9+/]{43}=", http_proxy.pin)
    token, _ = edge.create()
    assert read_token(token)["pins"] == [http_proxy.pin]
    assert edge.ctl_json("status")["pins"] == [http_proxy.pin]
    assert http_proxy.pin in edge.ok("status").stdout


def test_agents_that_share_a_proxys_connections_are_no_clones(http_proxy):
    """The proxy sends one agent's check-ins over connections A, B and A again: to edged the sign of a clone."""
    edge, port = http_proxy.edge, http_proxy.poll_port
    asks, holds = (dialling(raw_agent(edge, name), port, AGENT) for name in ("asks", "holds"))
    assert holds.check_in().status == 204
    for interval in range(6, 10):
        assert asks.check_in().status == 204
        # Takes the connection that was just used, so that the next one needs another.
        held = holds.send_check_in(wait=60)
        edge.wait_held("holds")
        assert asks.check_in().status == 204
        # Answered now: its connection is the first to be used again.
        edge.set("check-in.interval", f"{interval}s", "holds")
        assert held.read().status == 204
        assert asks.check_in(headers=asks.by_ticket()).status == 204
    for name in ("asks", "holds"):
        assert not [e for e in edge.endpoint(name)["events"] if e["kind"] == "instance.cloned"]


@pytest.mark.parametrize("kind", list(KINDS))
def test_an_agent_behind_an_impatient_proxy_finds_a_wait_that_it_bears(bare, kind):
    with proxied(bare, kind, patience="2500ms") as proxy:
        edge = proxy.edge
        edge.set("check-in.interval", "500ms")
        edge.set("check-in.hold", "20s")
        agent = edge.node()
        (instance,) = eventually(lambda: [i for i in edge.endpoint()["instances"] if i["shortened-hold"]],
                                 "a shorter wait is reported")
        assert 1500 < int(instance["shortened-hold"].removesuffix("ms")) < 2500
        assert "something on the way cuts held check-ins" in edge.ok("endpoint", "show", "shop-17").stdout
        assert "check-in.failing" not in agent.log()
        edge.wait_held()


def test_connections_are_counted_by_the_address_that_a_proxy_names(bare):
    with proxied(bare, "haproxy-tcp", **{"limits.connections-per-source": "2"}) as proxy:
        edge = proxy.edge
        agents = [raw_agent(edge, f"shop-{i}") for i in range(3)]
        for agent in agents[:2]:
            assert dialling(agent, proxy.poll_port, AGENT).check_in().status == 204
        with pytest.raises(OSError):
            Connection(proxy.poll_port, source=AGENT)
        assert dialling(agents[2], proxy.poll_port, STRANGER).check_in().status == 204


def test_a_proxys_own_connections_are_not_counted(bare):
    with proxied(bare, "haproxy-http", **{"limits.connections-per-source": "2"}) as proxy:
        edge = proxy.edge
        agents = [dialling(raw_agent(edge, f"shop-{i}"), proxy.poll_port, AGENT) for i in range(4)]
        held = [agent.send_check_in(wait=55) for agent in agents]
        for i in range(4):
            edge.wait_held(f"shop-{i}")
        for connection in held:
            connection.close()


@pytest.mark.parametrize("kind", list(KINDS))
def test_failures_behind_a_proxy_are_counted_by_the_agents_address(bare, kind):
    with proxied(bare, kind) as proxy:
        agent = raw_agent(proxy.edge)

        def refusal(source):
            started = time.monotonic()
            with Connection(proxy.poll_port, source=source) as connection:
                wrong = agent.mac("GET", "/v1/check-in", key=b"x" * 32)
                assert agent.check_in(connection=connection, headers=wrong).status == 401
            return time.monotonic() - started
        took = [refusal(STRANGER) for _ in range(7)]
        assert min(took[-2:]) >= HELD_BACK
        assert min(refusal(AGENT) for _ in range(3)) < HELD_BACK


def test_the_documented_edged_yaml_is_accepted(bare):
    (text,) = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs" / "behind-a-proxy.md").read_text(), re.S)
    bare.config.write_text(text.replace("sha256/...", pin_of(make_certificate(bare.folder))))
    checked = bare.run("edged", "--config", bare.config, "--check-config")
    assert checked.returncode == 0, checked.stderr
    bare.config.write_text(text)
    checked = bare.run("edged", "--config", bare.config, "--check-config")
    assert checked.returncode != 0 and "poll.pins: 'sha256/...' is no pin" in checked.stderr


# --- PROXY headers

@pytest.mark.parametrize("header", [v1, v2])
def test_a_trusted_proxy_names_the_agent(trusting, header):
    agent = raw_agent(trusting)
    plain = connect_from(ADDRESS, trusting.poll_port)
    plain.sendall(header(CLAIMED))
    agent.connection = tls_over(plain)
    assert agent.check_in().status == 204
    assert address_of(trusting) == CLAIMED


@pytest.mark.parametrize("header", [v1, v2])
def test_a_proxys_header_may_come_in_pieces(trusting, header):
    agent = raw_agent(trusting)
    plain = connect_from(ADDRESS, trusting.poll_port)
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for byte in header(CLAIMED):
        plain.sendall(bytes([byte]))
    agent.connection = tls_over(plain)
    assert agent.check_in().status == 204
    assert address_of(trusting) == CLAIMED


def test_a_trusted_proxy_may_speak_for_itself(trusting):
    agent = raw_agent(trusting)
    for header in (b"", b"PROXY UNKNOWN\r\n", b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0"):
        plain = connect_from(ADDRESS, trusting.poll_port)
        plain.sendall(header)
        agent.connection = tls_over(plain)
        assert agent.check_in().status == 204
        assert address_of(trusting) == ADDRESS


@pytest.mark.parametrize("header", [v1, v2])
def test_a_strangers_proxy_header_ends_its_connection(trusting, header):
    agent = raw_agent(trusting)
    plain = connect_from(STRANGER, trusting.poll_port)
    plain.sendall(header(CLAIMED))
    with pytest.raises((ssl.SSLError, ConnectionError)):
        tls_over(plain)
    assert CLAIMED not in trusting.edged.log()
    assert address_of(trusting) != CLAIMED
    assert dialling(agent, trusting.poll_port, STRANGER).check_in().status == 204


@pytest.mark.parametrize("port", ["poll_port", "tunnel_port"])
def test_a_malformed_header_of_a_trusted_proxy_ends_its_connection(trusting, port):
    plain = connect_from(ADDRESS, getattr(trusting, port))
    plain.sendall(b"PROXY TCP4 nobody\r\n")
    assert first_bytes(plain) == b""


@pytest.mark.parametrize("header", [v1, v2])
def test_the_tunnel_port_takes_a_header_ahead_of_ssh(trusting, header):
    plain = connect_from(ADDRESS, trusting.tunnel_port)
    plain.sendall(header(CLAIMED) + b"SSH-2.0-test\r\n")
    assert first_bytes(plain) == b"SSH-2.0-"


@pytest.mark.parametrize("header", [v1, v2])
def test_a_strangers_header_ends_its_tunnel(trusting, header):
    plain = connect_from(STRANGER, trusting.tunnel_port)
    plain.sendall(header(CLAIMED) + b"SSH-2.0-test\r\n")
    # SSH servers speak first; what must not follow is a key exchange, which takes more.
    received = b""
    while chunk := first_bytes(plain):
        received += chunk
        assert len(received) < 300
    assert CLAIMED not in trusting.edged.log()


# --- X-Forwarded-For

def forwarded(agent, *values):
    """A check-in with these X-Forwarded-For lines; as one header, since the client has a dict of them."""
    return agent.check_in(headers={**agent.mac("GET", "/v1/check-in"),
                                   "X-Forwarded-For": "\r\nX-Forwarded-For: ".join(values)})


def test_a_strangers_forwarded_for_is_ignored(trusting):
    agent = dialling(raw_agent(trusting), trusting.poll_port, STRANGER)
    assert forwarded(agent, CLAIMED).status == 204
    assert address_of(trusting) == STRANGER
    assert forwarded(agent, ADDRESS).status == 204
    assert address_of(trusting) == STRANGER


@pytest.mark.parametrize("values, address", [
    ([CLAIMED], CLAIMED),
    (["198.51.100.7, " + CLAIMED], CLAIMED),
    (["198.51.100.7", CLAIMED], CLAIMED),
    ([CLAIMED + ", " + ADDRESS], CLAIMED),
    (["2001:db8::1"], "2001:db8::1"),
    (["nobody"], ADDRESS),
    ([CLAIMED + ", nobody"], ADDRESS),
])
def test_a_trusted_proxys_forwarded_for_is_read_from_its_end(trusting, values, address):
    agent = dialling(raw_agent(trusting), trusting.poll_port, ADDRESS)
    assert forwarded(agent, *values).status == 204
    assert address_of(trusting) == address


def test_nobody_is_trusted_by_default(edge):
    agent = dialling(raw_agent(edge), edge.poll_port, ADDRESS)
    assert forwarded(agent, CLAIMED).status == 204
    assert address_of(edge) == ADDRESS
    plain = connect_from(ADDRESS, edge.poll_port)
    plain.sendall(v2(CLAIMED))
    with pytest.raises((ssl.SSLError, ConnectionError)):
        tls_over(plain)
