"""Held check-ins that something on the way cuts: the agent finds a wait that lives, and says so."""
import signal
import time

import pytest

from edge import Edge, eventually
from tcp_proxy import TcpProxy

CUTS = "check-in.cut "


@pytest.fixture
def behind():
    """A server whose poll port agents reach through a proxy only; the test says when that cuts."""
    server = Edge()
    server.proxy = TcpProxy(server.poll_port)
    try:
        server.init(poll_dialled=server.proxy.port)
        yield server.start()
    finally:
        server.proxy.close()
        server.close()


def pace(edge, interval, hold):
    edge.set("check-in.interval", interval)
    edge.set("check-in.hold", hold)


def shortened(edge):
    return edge.endpoint()["instances"][0]["shortened-hold"]


def check_in_line(edge):
    page = edge.ok("endpoint", "show", "shop-17").stdout
    return next(line.split(None, 1)[1] for line in page.splitlines() if line.startswith("check-in:"))


def wait_outlives(edge, seconds):
    """A check-in is held for so long, by the same connection."""
    eventually(lambda: any(not pair.is_cut and time.monotonic() - pair.moved > seconds for pair in edge.proxy.pairs),
               f"a check-in is held for {seconds} s")


def test_an_agent_behind_a_cutting_proxy_finds_the_wait_that_lives_within_two_cuts(behind):
    pace(behind, "500ms", "20s")
    behind.proxy.idle = 2.5
    agent = behind.node()
    eventually(lambda: shortened(behind), "the agent reports a shorter wait")
    assert agent.log().count(CUTS) == 2
    assert 2000 < int(shortened(behind).removesuffix("ms")) < 2500  # five sixths of the cuts' age
    assert check_in_line(behind) == f"every 500ms, held {shortened(behind)} (ordered 20s: something on the way cuts held check-ins)"
    # It lives: an answer to a held one, and nothing more is cut.
    behind.wait_held()
    wait_outlives(behind, 1.5)
    with behind.required():
        behind.wait_tunnel("open")
    assert agent.log().count(CUTS) == 2

    # edged forgets it with its life, and is told again.
    behind.restart(signal.SIGKILL)
    eventually(lambda: shortened(behind), "the new edged knows")

    # Another order: the whole wait is tried again, and here it lives.
    cuts = agent.log().count(CUTS)
    behind.set("check-in.hold", "1s")
    eventually(lambda: shortened(behind) is None, "the agent obeys the new order")
    assert check_in_line(behind) == "every 500ms, held 1s"
    assert agent.log().count(CUTS) == cuts


def test_an_agent_whose_waits_do_not_live_ends_at_plain_polling_and_returns_when_they_do(behind):
    pace(behind, "500ms", "20s")
    behind.proxy.idle = 0.4
    agent = behind.node()
    eventually(lambda: shortened(behind) == "off", "the agent reports that it polls")
    assert check_in_line(behind) == "every 500ms, not held (ordered 20s: something on the way cuts held check-ins)"
    assert behind.endpoint()["wait-at-most"] == "500ms"
    assert behind.endpoint()["state"] == "online"
    behind.set("tunnel.idle", "1s")
    with behind.required():
        behind.wait_tunnel("open")
    behind.wait_tunnel("idle")
    assert "check-in.failing" not in agent.log()

    behind.proxy.idle = None  # the proxy is mended; the order changes
    behind.proxy.cut()
    behind.set("check-in.hold", "19s")
    behind.wait_held()
    eventually(lambda: shortened(behind) is None, "the agent reports the whole wait")
    assert behind.endpoint()["wait-at-most"] == "0s"
    assert "check-in.hold-restored" in agent.log()


@pytest.mark.parametrize("backoff", ["50ms", "3s"])  # back while edged is away, and after it
def test_a_killed_edged_does_not_shorten_the_wait(edge, backoff):
    agent = edge.node(**{"check-in.backoff-least": backoff, "check-in.backoff-most": "3s"})
    for killed in range(1, 4):
        edge.wait_held()
        time.sleep(1.2)  # the age of the cut: alike each time, as a middlebox's would be
        edge.restart(signal.SIGKILL)
        eventually(lambda: agent.log().count(CUTS) == killed, "the agent noticed")
    edge.wait_held()
    assert shortened(edge) is None
    assert "hold-shortened" not in agent.log()
