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
    edge.edged.stop()  # whatever is said is written
    assert edge.edged.log().count("request.refused") == FREE  # no line for each of thousands


def test_a_connection_on_which_nothing_but_refusals_come_ends_after_fifty(edge):
    agent = raw_agent(edge)
    agent.ticket = "QEFCQ0RFRkdISUpLTE1OTw"
    connection = agent.connect()
    answers = [agent.check_in(connection=connection, headers=agent.by_ticket()) for _ in range(50)]
    assert {answer.status for answer in answers} == {401}
    assert [answer.headers["Connection"] for answer in answers[-2:]] == [None, "close"]
    assert ended(connection.socket)


# --- what comes before it is asked for

def test_a_request_that_comes_in_one_segment_with_a_held_one_is_answered_after_it(edge):
    """Two TLS records that one read takes off the socket: the second must not be waited for there."""
    agent = raw_agent(edge)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    received, to_send = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(received, to_send, server_hostname=HOST)
    with socket.create_connection((HOST, edge.poll_port), 10) as plain:
        def until_done(step):
            while True:
                try:
                    return step()
                except ssl.SSLWantReadError:
                    plain.sendall(to_send.read())
                    received.write(plain.recv(16384))
        until_done(tls.do_handshake)
        for wait in ("Prefer: wait=0.3\r\n", ""):
            mac = agent.mac("GET", "/v1/check-in")["Authorization"]
            tls.write(f"GET /v1/check-in HTTP/1.1\r\nHost: edge\r\n{wait}Authorization: {mac}\r\n\r\n".encode())
        plain.sendall(to_send.read())
        answers = b""
        while answers.count(b"HTTP/1.1 204") < 2:
            answers += until_done(lambda: tls.read(4096))


# --- bounds per source

def test_the_oldest_stranger_makes_room_and_agents_get_in(bounded):
    edge = bounded(**{"limits.strangers-per-source": "3", "limits.loops": "1"})
    agent = raw_agent(edge)
    assert agent.check_in().status == 204
    silent = [Connection(edge.poll_port) for _ in range(4)]
    assert not silent[0].answered(0.2)  # it has just come
    started = time.monotonic()
    # Each check-in is one more stranger, at first.
    eventually(lambda: agent.check_in(connection=agent.connect()).status == 204 and ended(silent[0].socket, 0.05),
               "the oldest makes room")
    assert time.monotonic() - started < 9  # before its own time was up
    assert not silent[3].answered(0.2)
    assert agent.check_in().status == 204
    for connection in silent:
        connection.close()


def test_agents_of_one_source_that_come_back_at_once_do_not_cut_each_other_off(bounded):
    edge = bounded(**{"limits.strangers-per-source": "2"})
    agents = [raw_agent(edge, f"shop-{i}") for i in range(10)]
    for agent in agents:  # with tickets of an edged that has forgotten them
        agent.ticket = "QEFCQ0RFRkdISUpLTE1OTw"
        assert agent.check_in(connection=agent.connect(), headers=agent.by_ticket()).status == 401
    assert [agent.check_in().status for agent in agents] == [204] * len(agents)


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


def test_a_connection_that_is_not_asked_on_ends_soon_after_its_interval(bounded):
    """Its agent has another one since a NAT forgot this one: two for each would be too many."""
    edge = bounded()
    edge.set("check-in.interval", "1s")
    agent = raw_agent(edge)
    assert agent.check_in().status == 204
    started = time.monotonic()
    assert ended(agent.connection.socket, 15)
    assert 6 < time.monotonic() - started


# --- handshakes at once

WAITING = 8  # times as many may wait as are served, before some are told to come again


def connections(edge):
    return edge.ctl_json("status")["connections"]


def silent_connections(edge, count, source="127.0.0.6", says=b""):
    made = [socket.create_connection(("127.0.0.1", edge.poll_port), 5, (source, 0)) for _ in range(count)]
    for one in made:
        one.sendall(says)
    return made


def stuck_handshakes(edge, count):
    """They begin a TLS record, and wait; those that may not yet wait in line."""
    before = connections(edge)
    made = silent_connections(edge, count, says=b"\x16\x03\x01\x02")
    eventually(lambda: connections(edge) == before + count, "all are there")
    return made


def close_all(sockets):
    for one in sockets:
        one.close()


def test_a_handshake_that_ends_makes_room_for_one_that_is_served(bounded):
    """Though somebody is still being told to come again: else a herd would be told so for ever."""
    edge = bounded(**{"limits.handshakes": "1", "limits.loops": "1", "limits.header-deadline": "60s"})
    agent = raw_agent(edge)
    eventually(lambda: connections(edge) == 0, "nobody is there")
    stuck = stuck_handshakes(edge, 1 + WAITING)
    told = stuck_handshakes(edge, 1)
    close_all(stuck)
    assert agent.check_in(connection=agent.connect()).status == 204
    close_all(told)


def test_silent_connections_of_one_source_keep_nobody_out(bounded):
    edge = bounded(**{"limits.handshakes": "80", "limits.loops": "1", "limits.connections-per-source": "1024"})
    agent = raw_agent(edge)
    silent = silent_connections(edge, 200)
    eventually(lambda: connections(edge) >= 200, "all are there")
    started = time.monotonic()
    for source in ("127.0.0.1", "127.0.0.6"):  # its neighbours, too
        assert agent.check_in(connection=Connection(edge.poll_port, source=source)).status == 204
    assert time.monotonic() - started < 2
    close_all(silent)


def test_handshakes_of_one_source_that_are_stuck_keep_no_other_out(bounded):
    edge = bounded(**{"limits.handshakes": "80", "limits.loops": "1", "limits.connections-per-source": "1024"})
    agent = raw_agent(edge)
    stuck = stuck_handshakes(edge, 200)
    started = time.monotonic()
    assert agent.check_in(connection=agent.connect()).status == 204
    assert time.monotonic() - started < 2
    close_all(stuck)


def test_the_oldest_silent_connection_makes_room(bounded):
    edge = bounded(**{"limits.strangers-per-source": "3", "limits.loops": "1"})
    silent = silent_connections(edge, 4)
    started = time.monotonic()
    eventually(lambda: can_connect(edge, "127.0.0.6") and ended(silent[0], 0.05), "the oldest has made room")
    assert time.monotonic() - started < 9
    close_all(silent)

def test_over_the_bound_of_handshakes_an_agent_is_told_when_to_come_again(bounded):
    edge = bounded(**{"limits.handshakes": "1", "limits.loops": "1"})
    agent = raw_agent(edge)
    stuck = stuck_handshakes(edge, 1 + WAITING)
    answer = agent.check_in(connection=agent.connect())
    assert answer.status == 503 and answer.headers["Retry-After"] == "2"
    assert answer.headers["Connection"] == "close"
    close_all(stuck)
    eventually(lambda: not surplus(agent), "the bound is free again")


def surplus(agent):
    with contextlib.suppress(OSError):
        return agent.check_in(connection=agent.connect()).status == 503


def test_an_agent_obeys_retry_after_and_says_nothing_is_wrong(bounded):
    edge = bounded(**{"limits.handshakes": "1", "limits.loops": "1"})
    raw = raw_agent(edge, "shop-18")
    token, edge_id = edge.create()
    edge.join(token, edge_id, "agent", "--no-start")
    stuck = stuck_handshakes(edge, 1 + WAITING)
    assert surplus(raw)
    handshakes = edge.ctl_json("status")["tls"]["handshakes"]
    started = time.monotonic()
    agent = edge.start_agent("agent")
    eventually(lambda: edge.ctl_json("status")["tls"]["handshakes"] > handshakes, "its handshake, to be told")
    close_all(stuck)
    edge.wait_held()
    assert time.monotonic() - started >= 2
    assert "check-in.failing" not in agent.log()


def test_handshakes_beyond_all_bounds_wait_for_their_turn(bounded):
    edge = bounded(**{"limits.handshakes": "1", "limits.loops": "1", "limits.header-deadline": "700ms"})
    agent = raw_agent(edge)
    stuck = stuck_handshakes(edge, 1)
    started = time.monotonic()
    eventually(lambda: can_connect(edge), "its turn")
    assert 0.3 < time.monotonic() - started
    assert agent.check_in(connection=agent.connect()).status == 204
    close_all(stuck)
