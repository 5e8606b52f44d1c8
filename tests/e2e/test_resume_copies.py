"""Copies through edgectl connect while the network or edged goes away: no byte is lost, none comes twice."""
import signal
import time

import pytest

from cable import run, wired
from lossy_link import lossy
from test_resume import LONG, cabled, cut, kill_edged  # noqa: F401
from two_copies import copying

# Silence is noticed after 3 s: what is shorter TCP mends by itself.
AWAY = [1, 30, 120] if LONG else [1, 5]
A_CUT = 30 if LONG else 5


def resumed(edge):
    """How often a session went on over another carrier."""
    return edge.agent.log().count("session.resumed ")


def sent_again(edge):
    """Segments that the node's TCP had to send once more."""
    lines = run(*edge.cable.inside(edge.cable.node_space), "cat", "/proc/net/snmp").splitlines()
    names, values = [line.split() for line in lines if line.startswith("Tcp:")]
    return int(values[names.index("RetransSegs")])


@pytest.mark.parametrize("away", AWAY)
def test_copies_survive_a_cut(cabled, tmp_path, away):
    with copying(cabled, tmp_path) as copies:
        cut(cabled, away)
        copies.go_on()
        copies.finish()
    assert away < 3 or resumed(cabled) >= 2


def test_copies_survive_several_cuts_in_a_row(cabled, tmp_path):
    with copying(cabled, tmp_path, megabytes=80) as copies:
        for _ in range(3):
            cut(cabled, 4)
            copies.go_on()
        copies.finish()
    assert resumed(cabled) >= 6


def test_copies_survive_a_cut_while_they_come_back_from_another(cabled, tmp_path):
    with copying(cabled, tmp_path) as copies:
        for pause in (0.0, 0.05, 0.1, 0.3):
            cut(cabled, 4)
            time.sleep(pause)  # how far they get: anywhere between the dialling and the first bytes
        copies.go_on()
        copies.finish()
    assert resumed(cabled) >= 2


def test_copies_survive_a_nat_that_forgot_their_tunnel(cabled, tmp_path):
    with copying(cabled, tmp_path) as copies:
        cabled.cable.forget(cabled.tunnel_port)
        copies.go_on()
        copies.finish()
    assert resumed(cabled) >= 2


def test_copies_survive_a_change_of_the_nodes_address(cabled, tmp_path):
    space = cabled.cable.node_space
    with copying(cabled, tmp_path) as copies:
        run("ip", "-n", space, "addr", "add", "10.77.0.3/24", "dev", "eth0")
        run("ip", "-n", space, "addr", "del", "10.77.0.2/24", "dev", "eth0")
        # Where the first of a network goes, Linux takes the others of it along.
        run("ip", "-n", space, "addr", "replace", "10.77.0.3/24", "dev", "eth0")
        copies.go_on()
        copies.finish()
    assert resumed(cabled) >= 2
    assert cabled.endpoint()["instances"][0]["address"].startswith("10.77.0.3")


def test_copies_survive_five_percent_loss(tmp_path):
    with wired() as edge, lossy(edge, percent=5, delay=0.01):
        edge.agent = edge.node()
        edge.wait_held()
        with copying(edge, tmp_path, megabytes=3, rate=10) as copies:
            copies.finish()
        assert sent_again(edge) > 20


def test_copies_survive_a_cut_of_a_path_that_loses_five_percent(tmp_path):
    with wired() as edge, lossy(edge, percent=5, delay=0.01):
        edge.agent = edge.node()
        edge.wait_held()
        with copying(edge, tmp_path, megabytes=5, rate=10) as copies:
            cut(edge, A_CUT)
            copies.go_on()
            copies.finish()
        assert resumed(edge) >= 2


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_copies_survive_a_restart_of_edged(cabled, tmp_path, number):
    with copying(cabled, tmp_path) as copies:
        cabled.restart(number)
        copies.go_on()
        copies.finish()
    assert resumed(cabled) >= 2


def test_copies_survive_an_edged_that_is_away_for_a_while(cabled, tmp_path):
    with copying(cabled, tmp_path) as copies:
        kill_edged(cabled, A_CUT)
        copies.go_on()
        copies.finish()
    assert resumed(cabled) >= 2


def test_copies_survive_a_kill_of_edged_while_the_cable_is_pulled(cabled, tmp_path):
    with copying(cabled, tmp_path) as copies:
        cabled.cable.pull()
        kill_edged(cabled, A_CUT)
        cabled.cable.plug()
        copies.go_on()
        copies.finish()
    assert resumed(cabled) >= 2


@pytest.fixture
def by_poll_port():
    with wired() as edge:
        edge.agent = edge.node(**{"tunnel.transport": "poll-port"})
        edge.wait_held()
        yield edge


def test_copies_through_the_poll_port_survive_a_cut_and_a_kill_of_edged(by_poll_port, tmp_path):
    edge = by_poll_port
    with copying(edge, tmp_path) as copies:
        assert edge.endpoint()["tunnel"]["way"] == "poll-port"
        cut(edge, A_CUT)
        copies.go_on()
        kill_edged(edge)
        copies.go_on()
        copies.finish()
    assert resumed(edge) >= 4
