"""The tunnel port before anybody has proved who it is: time, tries, and what a stranger is told."""
import pathlib
import signal
import statistics
import time

import pytest

from edge import Edge, eventually
from poll_client import raw_agent
from ssh_client import USERAUTH_FAILURE, USERAUTH_REQUEST, VERSION, Closed, SshClient, text
from test_tunnel import offer_of


@pytest.fixture(scope="module")
def edge():
    server = Edge()
    try:
        yield server.start()
    finally:
        server.close()


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


def ended(client, timeout=5):
    try:
        return client.wait_closed(timeout)
    except Closed:
        return True


# --- time

def test_a_stranger_has_its_deadline_and_no_more(bounded):
    edge = bounded(**{"limits.login-deadline": "1s"})
    with SshClient(edge.tunnel_port).handshake() as client:
        started = time.monotonic()
        client.ask_for_login()
        assert ended(client)
        assert 0.7 < time.monotonic() - started < 3


def all_stopped(pid):
    threads = pathlib.Path(f"/proc/{pid}/task").glob("*/stat")
    return all(stat.read_text().rsplit(")", 1)[1].split()[0] == "T" for stat in threads)


def test_the_clock_of_a_login_does_not_run_while_nobody_accepts_it(bounded):
    edge = bounded(**{"limits.login-deadline": "1s"})
    edge.edged.send(signal.SIGSTOP)
    try:
        eventually(lambda: all_stopped(edge.edged.pid), "it stands still")
        client = SshClient(edge.tunnel_port)  # the kernel says yes, edged does not know yet
        client.write_raw(VERSION + b"\r\n")
        time.sleep(1.5)  # longer than the deadline: that is what is tested
    finally:
        edge.edged.send(signal.SIGCONT)
    with client:
        client.banner_of_server()
        client.key_exchange()
        client.ask_for_login()


# --- tries

def failure(client):
    """The next answer to a login, as it is."""
    payload = client.read()
    assert payload[0] == USERAUTH_FAILURE, payload
    return payload


METHODS = {
    "none": b"", "keyboard-interactive": text("") + text(""), "gssapi-with-mic": b"\0\0\0\1" + text(b"\6\1\1"),
    "publickey": b"\0" + text("ssh-ed25519") + text(text("ssh-ed25519") + text(b"k" * 32)),
    "hostbased": text("ssh-ed25519") + text(b"k") + text("host") + text("user") + text(b"s"),
    "what nobody knows": b"",
}


def ask(client, user, method, rest=b"", service="ssh-connection"):
    client.write(bytes([USERAUTH_REQUEST]) + text(user) + text(service) + text(method) + rest)


@pytest.mark.parametrize("method", METHODS)
def test_no_method_but_the_password_is_offered_or_taken(edge, method):
    with SshClient(edge.tunnel_port).handshake() as client:
        client.ask_for_login()
        ask(client, "root", method, METHODS[method])
        assert failure(client) == bytes([USERAUTH_FAILURE]) + text("password") + b"\0"


@pytest.mark.parametrize("method", ["password", *METHODS])
def test_who_fails_again_and_again_is_cut_off_well_before_its_time_is_up(edge, method):
    rest = b"\0" + text("wrong") if method == "password" else METHODS[method]
    with SshClient(edge.tunnel_port).handshake() as client:
        client.ask_for_login()
        tries = 0
        try:
            while tries < 30:
                ask(client, "root", method, rest)
                failure(client)
                tries += 1
        except Closed:
            pass
        assert tries < 30 and ended(client, 3)
        assert method != "password" or tries == 3


def test_passwords_in_one_segment_are_not_more_than_three(edge):
    """All are there before edged has answered the first: the right one comes too late."""
    agent = raw_agent(edge, "late")
    with edge.required("late"):
        offer, password = offer_of(agent)
        one = [bytes([USERAUTH_REQUEST]) + text(offer["tunnel"]) + text("ssh-connection") + text("password") + b"\0" +
               text(word) for word in ("wrong", "wrong", "wrong", password)]
        with SshClient(edge.tunnel_port).handshake() as client:
            client.ask_for_login()
            client.write(*one)
            answers = []
            try:
                while True:
                    answers.append(client.read()[0])
            except Closed:
                pass
            assert set(answers) == {USERAUTH_FAILURE} and len(answers) >= 3
        with SshClient(edge.tunnel_port).handshake() as client:
            assert client.login(offer["tunnel"], password), "it was not spent"


# --- what is told

def refusal(edge, user, password):
    """What comes back, byte for byte before its encryption, and how long it took."""
    with SshClient(edge.tunnel_port).handshake() as client:
        client.ask_for_login()
        started = time.monotonic()
        ask(client, user, "password", b"\0" + text(password))
        return failure(client), time.monotonic() - started


def test_nothing_tells_which_part_was_wrong(bounded):
    edge = bounded()
    agent = raw_agent(edge)
    with edge.required():
        offer, password = offer_of(agent)
        kinds = {"a tunnel that is none": ("0" * 32, "wrong"), "no id at all": ("root", "wrong"),
                 "a wrong password": (offer["tunnel"], "wrong"), "a long password": (offer["tunnel"], "w" * 4000),
                 "no password": (offer["tunnel"], ""), "the password of nobody's": ("0" * 32, password)}
        said, took = {}, {}
        for _ in range(15):  # in turns: what the machine does meanwhile is the same for all
            for kind, (user, word) in kinds.items():
                answer, seconds = refusal(edge, user, word)
                said.setdefault(kind, set()).add(answer)
                took.setdefault(kind, []).append(seconds)
    assert set.union(*said.values()) == {bytes([USERAUTH_FAILURE]) + text("password") + b"\0"}
    least = {kind: min(seconds) for kind, seconds in took.items()}  # what is above it is the machine's
    assert max(least.values()) < 2 * min(least.values()) + 0.003, least


def test_a_banner_tells_no_version(edge):
    with SshClient(edge.tunnel_port).banner() as client:
        assert client.server_version == b"SSH-2.0-edge"


# --- sources

def stranger(edge, source):
    return SshClient(edge.tunnel_port, "127.0.0.1", source=source).banner()


def served(edge, source):
    try:
        stranger(edge, source).close()
        return True
    except (Closed, OSError):
        return False


def test_a_source_has_no_more_connections_than_it_may_have(bounded):
    edge = bounded(**{"limits.connections-per-source": "5"})
    held = [stranger(edge, "127.0.0.6") for _ in range(5)]
    assert not served(edge, "127.0.0.6")
    assert served(edge, "127.0.0.7"), "another one's"
    held.pop().close()
    end = time.monotonic() + 5
    while not served(edge, "127.0.0.6"):
        assert time.monotonic() < end, "there is room again"
    for client in held:
        client.close()


def fail_once(edge, source):
    """Seconds from the connection to the refusal; or None where not even that was to be had."""
    started = time.monotonic()
    try:
        with stranger(edge, source).key_exchange() as client:
            client.ask_for_login()
            ask(client, "root", "password", b"\0" + text("wrong"))
            failure(client)
    except (Closed, OSError):
        return None
    return time.monotonic() - started


def test_a_source_that_fails_much_is_slowed_and_no_other(bounded):
    edge = bounded()
    for _ in range(60):
        fail_once(edge, "127.0.0.6")
    slow, quick = [], []
    for _ in range(5):
        slow.append(fail_once(edge, "127.0.0.6"))
        quick.append(fail_once(edge, "127.0.0.7"))
    assert None not in quick, "another source"
    assert None in slow or min(slow) > 0.1 + statistics.median(quick), (slow, quick)


def test_a_right_password_is_taken_whatever_its_neighbours_have_failed(bounded):
    edge = bounded()
    agent = raw_agent(edge)
    with edge.required():
        for _ in range(60):
            fail_once(edge, "127.0.0.1")
        offer, password = offer_of(agent)
        with SshClient(edge.tunnel_port, "127.0.0.1").handshake() as client:
            assert client.login(offer["tunnel"], password)
