"""An operator's client that does what no ssh does: bounds hold, and nobody else's session notices."""
import socket
import struct

import pytest

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge import eventually
from hostile_operator import HostileOperator
from ssh_client import (CHANNEL_CLOSE, CHANNEL_DATA, CHANNEL_OPEN, CHANNEL_OPEN_CONFIRMATION, Closed, REQUEST_FAILURE,
                        REQUEST_SUCCESS, text)
from stock_ssh import Echo


@pytest.fixture
def node(edge):
    edge.agent = edge.node()
    edge.account = edge.target().split("@")[0]
    return edge


@pytest.fixture
def echo():
    with Echo() as server:
        yield server


def is_well(edge):
    done = edge.connect("shop-17", "--", "echo well")
    assert (done.returncode, done.stdout) == (0, "well\n"), done.stderr
    assert edge.agent.process.poll() is None


def is_held(far):
    """Whether a process still has the other end, which may have been shut down for one direction."""
    with open("/proc/net/tcp") as table:
        lines = [line.split() for line in list(table)[1:]]
    return any(int(line[1].split(":")[1], 16) == far.getpeername()[1] and line[9] != "0" for line in lines)


def test_nothing_is_served_before_the_login(node, echo):
    for ask in (HostileOperator.ask_open(1, "direct-tcpip", HostileOperator.to("127.0.0.1", echo.port)),
                HostileOperator.ask_open(1, "session"), HostileOperator.ask_listen("localhost", 0)):
        with HostileOperator(node, None) as operator:
            operator.write(ask)
            with pytest.raises(Closed):
                operator.opened()
    with HostileOperator(node, None) as operator:
        operator.socket.settimeout(1)
        with pytest.raises(TimeoutError):  # libssh does not even answer another key's signature
            operator.prove(node.account, Ed25519PrivateKey.generate())
    assert echo.accepted == 0
    is_well(node)


def test_listeners_are_answered_in_the_order_in_which_they_were_asked_for(node):
    with HostileOperator(node, node.account) as operator:
        operator.write(operator.ask_listen("localhost", 0), operator.ask_listen("192.0.2.1", 8080),
                       operator.ask_listen("127.0.0.1", 0), operator.ask_listen("localhost", 1, "cancel-tcpip-forward"))
        answers = [operator.expect(REQUEST_SUCCESS, REQUEST_FAILURE) for _ in range(4)]
        assert [answer[0] for answer in answers] == [REQUEST_SUCCESS, REQUEST_FAILURE, REQUEST_SUCCESS, REQUEST_FAILURE]
        for answer in (answers[0], answers[2]):
            socket.create_connection(("127.0.0.1", struct.unpack_from(">I", answer, 1)[0])).close()
    is_well(node)


def test_listeners_of_one_connection_are_bounded(node):
    with HostileOperator(node, node.account) as operator:
        assert [operator.forward("127.0.0.1", 0) for _ in range(34)] == [True] * 32 + [False] * 2
        is_well(node)


def test_forwards_that_are_never_closed_keep_their_places_and_no_more(node, echo):
    """What the node has closed and the client has not, libssh keeps."""
    with HostileOperator(node, node.account) as operator, socket.create_server(("127.0.0.1", 0), backlog=400) as server:
        for number in range(256):
            operator.write(operator.ask_open(number, "direct-tcpip", operator.to("127.0.0.1", server.getsockname()[1])))
            assert operator.opened() is not None
            server.accept()[0].close()
        operator.write(*[operator.ask_open(number, "direct-tcpip", operator.to("127.0.0.1", echo.port)) for number in range(300, 600)])
        assert [operator.opened() for _ in range(300)] == [None] * 300
        assert echo.accepted == 0
        is_well(node)


def test_forwards_leave_the_agent_the_descriptors_that_it_needs(edge, echo):
    token, edge_id = edge.create()
    assert edge.join(token, edge_id).returncode == 0
    edge.agent = edge.start_agent(prefix=("prlimit", "--nofile=120:120"))
    edge.wait_state("online")
    account = edge.target().split("@")[0]
    with HostileOperator(edge, account) as operator:
        operator.write(*[operator.ask_open(number, "direct-tcpip", operator.to("127.0.0.1", echo.port)) for number in range(150)])
        assert sum(operator.opened() is not None for _ in range(150)) == 60
        edge.agent.wait_log(r"session\.forward-refused .*as many forwards as it takes")
        is_well(edge)


def test_shells_of_one_connection_are_bounded(node):
    with HostileOperator(node, node.account) as operator:
        operator.write(*[operator.ask_open(number, "session") for number in range(40)])
        assert sum(operator.opened() is not None for _ in range(40)) == 16
        is_well(node)


def open_in_turn(operator, number):
    """Sixteen are there at once at most, and those that were closed take a moment to end."""
    opened = []

    def ask():
        operator.write(operator.ask_open(number, "session"))
        opened.append(operator.opened())
        return opened[-1] is not None
    eventually(ask, "there is room for one more")
    return opened[-1]


def test_a_request_for_a_channel_that_closes_with_it_disturbs_nobody(node):
    with HostileOperator(node, node.account) as operator:
        for number in range(50):
            channel = open_in_turn(operator, number)
            burst = [operator.request(channel, "exec", text("true")), operator.close_channel(channel),
                     operator.request(channel, "env", text("LANG") + text("C")), operator.request(channel, "shell")]
            operator.write(*(burst if number % 2 else burst[1:]))
        # One that the node has closed, asked for something in the same breath as it is closed here.
        channel = open_in_turn(operator, 1)
        operator.write(operator.request(channel, "exec", text("true"), reply=False))
        while operator.read()[0] != CHANNEL_CLOSE:
            pass
        operator.write(operator.request(channel, "env", text("LANG") + text("C")), operator.close_channel(channel))
        is_well(node)


def test_a_client_that_closes_a_channel_ends_its_connection_at_once(node):
    with HostileOperator(node, node.account) as operator, socket.create_server(("127.0.0.1", 0)) as server:
        operator.write(operator.ask_open(1, "direct-tcpip", operator.to("127.0.0.1", server.getsockname()[1])))
        channel = operator.opened()
        far = server.accept()[0]
        operator.write(operator.close_channel(channel))
        assert far.recv(1) == b""
        eventually(lambda: not is_held(far), "the connection has ended both ways", 3)
        far.close()


def test_a_connection_ends_with_its_session(node):
    with socket.create_server(("127.0.0.1", 0)) as server:
        with HostileOperator(node, node.account) as operator:
            operator.write(operator.ask_open(1, "direct-tcpip", operator.to("127.0.0.1", server.getsockname()[1]), window=0))
            operator.opened()
            far = server.accept()[0]
            assert operator.forward("127.0.0.1", 0)
        far.settimeout(5)
        assert far.recv(1) == b""
        eventually(lambda: not is_held(far), "the connection has ended both ways", 3)
        far.close()
    eventually(lambda: not node.endpoint()["sessions"], "the session has ended", 5)


def test_a_client_that_answers_no_channel_stops_nothing_else(node, echo):
    with HostileOperator(node, node.account) as operator:
        operator.write(operator.ask_listen("127.0.0.1", 0))
        port = struct.unpack_from(">I", operator.expect(REQUEST_SUCCESS), 1)[0]
        peers = [socket.create_connection(("127.0.0.1", port)) for _ in range(20)]
        for _ in peers:
            assert operator.expect(CHANNEL_OPEN)[0] == CHANNEL_OPEN
        operator.write(operator.ask_open(1, "direct-tcpip", operator.to("127.0.0.1", echo.port)))
        channel = operator.opened()
        operator.write(struct.pack(">BI", CHANNEL_DATA, channel) + text("hello"))
        while operator.read()[0] != CHANNEL_DATA:
            pass
        is_well(node)
        for peer in peers:
            peer.close()
    eventually(lambda: not node.endpoint()["sessions"], "the session has ended", 5)


def test_a_channel_that_is_confirmed_once_more_ends_its_session_and_does_not_hang_the_agent(node):
    with HostileOperator(node, node.account) as operator:
        operator.write(operator.ask_open(1, "session"))
        channel = operator.opened()
        operator.write(operator.request(channel, "exec", text("cat; yes")))
        operator.write(struct.pack(">BIIII", CHANNEL_OPEN_CONFIRMATION, channel, 1, 1 << 20, 0),
                       struct.pack(">BI", CHANNEL_DATA, channel) + text("hello"))
        assert operator.wait_closed()
    is_well(node)


def test_what_a_stopped_client_does_not_read_is_not_kept(node):
    """A window of 100 MB, and a client that takes nothing of what it asked for."""
    with HostileOperator(node, node.account) as operator, socket.create_server(("127.0.0.1", 0)) as server:
        operator.write(operator.ask_open(1, "direct-tcpip", operator.to("127.0.0.1", server.getsockname()[1]), window=100_000_000))
        operator.opened()
        far = server.accept()[0]
        far.settimeout(1.5)
        sent = 0
        with pytest.raises(TimeoutError):
            while sent < 100_000_000:
                sent += far.send(bytes(1 << 16))
        assert sent < 40_000_000
        is_well(node)
        far.close()
