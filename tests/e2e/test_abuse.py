"""Who asks too much of the poll port: bounds per source, handshakes at once, and what a failed authentication costs."""
import contextlib
import socket
import ssl
import time

import pytest

from edge import Edge, eventually
from poll_client import HOST, Connection, another_instance, raw_agent

FREE = 3  # failures for one endpoint that cost nothing
LEAST = 0.125  # seconds that the next one is held back


@pytest.fixture
def bounded():
    """Makes edged with these settings; all of them end with the test."""
    running = []

    def start(**settings):
        running.append(Edge(**settings))
        return running[-1].start()
    yield start
    for edge in running:
        edge.close()


def ended(plain, timeout=5):
    plain.settimeout(timeout)
    try:
        return plain.recv(1) == b""
    except ConnectionError:
        return True
    except TimeoutError:
        return False


def bad_check_in(agent, connection=None):
    """The answer, and the seconds it took."""
    started = time.monotonic()
    answer = agent.check_in(connection=connection, headers=agent.mac("GET", "/v1/check-in", key=b"x" * 32))
    return answer, time.monotonic() - started


def fail_often(agent, times):
    """The seconds that each refusal took."""
    took = []
    for _ in range(times):
        with Connection(agent.port) as connection:
            answer, seconds = bad_check_in(agent, connection)
            assert answer.status == 401
            took.append(seconds)
    return took


# --- failed authentications

def test_a_failed_authentication_is_held_back_longer_each_time(edge):
    agent = raw_agent(edge)
    assert min(fail_often(agent, FREE)) < LEAST
    took = fail_often(agent, 4)
    assert took[0] >= LEAST and took[1] >= 2 * LEAST and min(took[2:]) >= 4 * LEAST


def test_a_valid_credential_is_never_delayed_by_its_neighbours(edge):
    """All of them come from one address, and some even claim to be the same instance."""
    agent = raw_agent(edge)
    fail_often(agent, FREE + 2)
    sibling, neighbour = another_instance(agent), raw_agent(edge, "shop-18")
    for valid in (agent, sibling, neighbour):
        valid.connect()
        for headers in (None, lambda: valid.by_ticket()):  # by MAC, then by ticket
            with Connection(edge.poll_port) as connection:
                agent.send_check_in(connection=connection, headers=agent.mac("GET", "/v1/check-in", key=b"x" * 32))
                assert valid.check_in(headers=headers and headers()).status == 204
                assert not connection.answered(), "the refusal was to be held back"


def test_another_endpoint_behind_the_same_address_pays_nothing(edge):
    agent, other = raw_agent(edge), raw_agent(edge, "shop-18")
    fail_often(agent, FREE + 1)
    assert min(fail_often(other, FREE)) < LEAST


def test_a_dead_ticket_costs_nothing(edge):
    """An honest agent's, after a restart of edged: it comes again at once, with its MAC."""
    agent = raw_agent(edge)
    started = time.monotonic()
    for _ in range(FREE + 3):
        with Connection(edge.poll_port) as connection:
            agent.ticket = "QEFCQ0RFRkdISUpLTE1OTw"
            assert agent.check_in(connection=connection, headers=agent.by_ticket()).status == 401
    assert agent.check_in().status == 204
    assert time.monotonic() - started < 2


def test_guessing_join_tokens_is_held_back_too(edge):
    agent = raw_agent(edge)
    agent.secret = b"x" * 32
    took = []
    for _ in range(FREE + 1):
        started = time.monotonic()
        assert agent.associate().status == 401
        took.append(time.monotonic() - started)
    assert took[-1] >= LEAST > min(took)
    assert edge.edged.log().count("request.refused") == FREE  # no line for each of thousands


# --- bounds per source

def test_the_oldest_stranger_makes_room_and_agents_get_in(bounded):
    edge = bounded(**{"limits.strangers-per-source": "3", "limits.loops": "1"})
    agent = raw_agent(edge)
    assert agent.check_in().status == 204
    silent = [Connection(edge.poll_port) for _ in range(4)]
    assert ended(silent[0].socket)
    assert not silent[1].answered(0.2)
    assert agent.check_in(connection=agent.connect()).status == 204  # one more stranger, at first
    assert ended(silent[1].socket)
    assert agent.check_in().status == 204
    for connection in silent:
        connection.close()


def test_a_known_agent_is_no_stranger(bounded):
    edge = bounded(**{"limits.strangers-per-source": "1", "limits.loops": "1"})
    agents = [raw_agent(edge, f"shop-{i}") for i in range(4)]
    for agent in agents:
        assert agent.check_in().status == 204
    assert all(agent.check_in().status == 204 for agent in agents)


def test_a_source_has_no_more_connections_than_it_may_have(bounded):
    edge = bounded(**{"limits.connections-per-source": "3"})
    agents = [raw_agent(edge, f"shop-{i}") for i in range(3)]
    held = [agent.send_check_in(wait=50) for agent in agents]
    for i in range(3):
        edge.wait_held(f"shop-{i}")
    with pytest.raises((OSError, ssl.SSLError)):
        Connection(edge.poll_port)
    held[0].close()
    eventually(lambda: can_connect(edge), "there is room again", 5)
    assert not held[1].answered()


def can_connect(edge, source=None):
    try:
        Connection(edge.poll_port, source=source).close()
        return True
    except OSError:
        return False


# --- handshakes at once

def test_over_the_bound_of_handshakes_an_agent_is_told_when_to_come_again(bounded):
    edge = bounded(**{"limits.handshakes": "1", "limits.loops": "1"})
    agent = raw_agent(edge)
    with socket.create_connection((HOST, edge.poll_port), 5):  # says nothing: its handshake stays in flight
        eventually(lambda: surplus(agent), "a handshake beyond the bound")
        answer = agent.check_in(connection=agent.connect())
        assert answer.status == 503 and answer.headers["Retry-After"] == "2"
        assert answer.headers["Connection"] == "close"
    eventually(lambda: not surplus(agent), "the bound is free again")


def surplus(agent):
    with contextlib.suppress(OSError):
        return agent.check_in(connection=agent.connect()).status == 503


def test_an_agent_obeys_retry_after_and_says_nothing_is_wrong(bounded):
    edge = bounded(**{"limits.handshakes": "1", "limits.loops": "1"})
    raw = raw_agent(edge, "shop-18")
    token, edge_id = edge.create()
    edge.join(token, edge_id, "agent", "--no-start")
    with socket.create_connection((HOST, edge.poll_port), 5):
        eventually(lambda: surplus(raw), "a handshake beyond the bound")
        started = time.monotonic()
        agent = edge.start_agent("agent")
        time.sleep(1)  # it must be told before the bound is free: the silent one is all that keeps it out
    edge.wait_held()
    assert time.monotonic() - started >= 2
    assert "check-in.failing" not in agent.log()


def test_handshakes_beyond_all_bounds_wait_for_their_turn(bounded):
    edge = bounded(**{"limits.handshakes": "1", "limits.loops": "1", "limits.header-deadline": "700ms"})
    agent = raw_agent(edge)
    silent = [socket.create_connection((HOST, edge.poll_port), 5) for _ in range(2)]  # the bound, and its surplus
    started = time.monotonic()
    # Accepted once the first one's deadline has passed, as a surplus while the second one's has not.
    eventually(lambda: agent.check_in(connection=agent.connect()).status == 204, "its turn")
    assert 0.3 < time.monotonic() - started
    for one in silent:
        one.close()
