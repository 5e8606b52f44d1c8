"""Coming back to the poll port: a TLS session is resumed, over restarts too, and vouches for nothing but itself."""
import re
import signal
import socket
import ssl
import stat

import pytest

from edge import eventually
from poll_client import HOST


def context():
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.check_hostname, made.verify_mode = False, ssl.CERT_NONE
    return made


def visit(edge, client, session=None):
    """One request that nobody authorised. Returns (the newest session, whether it was resumed, status)."""
    plain = socket.create_connection((HOST, edge.poll_port), 10)
    with client.wrap_socket(plain, server_hostname=HOST, session=session) as tls:
        tls.sendall(b"GET /v1/check-in HTTP/1.1\r\nHost: edge\r\n\r\n")
        status = int(tls.recv(4096).split()[1])  # the ticket came before it
        return tls.session, tls.session_reused, status


def key_file(edge):
    return edge.folder / "state" / "tls-ticket-keys"


def assert_resumed(program, event, expected):
    eventually(lambda: re.findall(rf"{event} .*resumed=(yes|no)", program.log()) == expected, f"{event}: {expected}")


# --- tickets

def test_a_ticket_is_good_after_edged_was_killed_and_started(edge):
    client = context()
    session, reused, _ = visit(edge, client)
    assert not reused
    assert stat.S_IMODE(key_file(edge).stat().st_mode) == 0o600
    keys = key_file(edge).read_bytes()
    edge.restart(signal.SIGKILL)
    assert key_file(edge).read_bytes() == keys
    session, reused, _ = visit(edge, client, session)
    assert reused
    assert visit(edge, client, session)[1], "the ticket of a resumed handshake"
    assert_resumed(edge.edged, "tls.handshake", ["yes", "yes"])


def test_a_ticket_is_good_after_a_reload(edge):
    client = context()
    session, _, _ = visit(edge, client)
    edge.edged.send(signal.SIGHUP)
    edge.edged.wait_log("edged.reloaded")
    assert visit(edge, client, session)[1]


def test_a_resumed_session_is_no_authorisation(edge):
    client = context()
    session, _, first = visit(edge, client)
    _, reused, second = visit(edge, client, session)
    assert reused and (first, second) == (401, 401)


# --- the agent

def test_an_agent_resumes_its_session_with_an_edged_that_was_killed(shop):
    assert_resumed(shop.agent, "poll.connected", ["no"])
    shop.restart(signal.SIGKILL)
    shop.agent.wait_log("poll.connected .*resumed=yes")
    shop.wait_held()
    assert_resumed(shop.edged, "tls.handshake", ["yes"])


def test_an_agent_makes_a_full_handshake_when_the_keys_are_lost(shop):
    key_file(shop).unlink()
    shop.restart(signal.SIGKILL)
    shop.wait_held()
    assert_resumed(shop.edged, "tls.handshake", ["no"])
    assert_resumed(shop.agent, "poll.connected", ["no", "no"])


# --- the file of keys

@pytest.mark.parametrize("spoil, reason", [
    (lambda file: file.write_bytes(b""), "damaged"),
    (lambda file: file.write_bytes(file.read_bytes()[:-1]), "damaged"),
    (lambda file: file.write_bytes(bytes(1000)), "damaged"),
    (lambda file: file.chmod(0o644), "others than its owner may use it"),
], ids=["empty", "short", "zeros", "mode"])
def test_a_spoiled_file_of_keys_is_said_and_replaced(edge, spoil, reason):
    client = context()
    session, _, _ = visit(edge, client)
    before = key_file(edge).read_bytes()
    edge.edged.stop()
    spoil(key_file(edge))
    edge.edged.start()
    edge.edged.wait_log("edged.ready")
    assert re.search(f"tls-tickets.new-keys .*{reason}", edge.edged.log())
    assert stat.S_IMODE(key_file(edge).stat().st_mode) == 0o600
    assert key_file(edge).read_bytes() != before
    session, reused, _ = visit(edge, client, session)
    assert not reused and visit(edge, client, session)[1]


def test_keys_that_cannot_be_saved_are_an_error_line_and_used_from_memory(edge):
    edge.edged.stop()
    key_file(edge).unlink()
    key_file(edge).mkdir()  # what no file replaces, not even root's
    edge.edged.start()
    edge.edged.wait_log("edged.ready")
    assert re.search("tls-tickets.not-saved .*tls-ticket-keys", edge.edged.log())
    client = context()
    session, _, _ = visit(edge, client)
    assert visit(edge, client, session)[1]

