"""Every timer at its real value: `scripts/test --long`. All the clocks start together, so the whole takes seven minutes.

Collected only with EDGE_LONG (conftest.py says so in the run's head); the same behaviours with short timers are in
test_tunnel.py and test_check_in.py.
"""
import contextlib
import datetime
import re
import signal
import time

import pytest

from edge import Edge, eventually
from poll_client import raw_agent
from proxies import KINDS, proxied

HOLD = 55  # check-in.hold
IDLE = 300  # tunnel.idle
AGENT_IDLE = 330  # a tenth more
SILENCE = 2 * 55 + 20  # until an endpoint is offline
LOST = 3 * 15  # tunnel.probe
SLACK = 25


@pytest.fixture(scope="module")
def behind_proxies():
    """A check-in that is held, behind each of the proxies; and when that began."""
    with contextlib.ExitStack() as stack:
        started = {}
        for kind in KINDS:
            edge = Edge()
            stack.callback(edge.close)
            proxy = stack.enter_context(proxied(edge, kind))
            agent = raw_agent(edge)
            agent.port = proxy.poll_port
            started[kind] = agent.send_check_in(wait=HOLD, connection=agent.connect()), time.monotonic()
        yield started


@pytest.fixture(scope="module")
def clocks(behind_proxies):
    """Servers with the defaults of the product, each in its own state; and when that began."""
    edges = {name: Edge().start() for name in ("idle", "forgotten", "used", "silent", "stopped")}
    agents, since = {}, {}
    try:
        for name, edge in edges.items():
            agents[name] = edge.node()
            if name == "silent":
                agents[name].kill()
            else:
                edge.ok("connect", "shop-17", "--", "true")
            since[name] = time.monotonic()
        session = edges["used"].popen_connect("shop-17", "--", "cat")
        watching = edges["stopped"].popen_connect("shop-17", "--", "cat")
        eventually(lambda: edges["stopped"].endpoint()["sessions"], "a session")
        edges["forgotten"].edged.send(signal.SIGSTOP)
        agents["stopped"].send(signal.SIGSTOP)
        since["stopped"] = since["forgotten"] = time.monotonic()
        yield edges, agents, since, session
        for one in (session, watching):
            one.kill()
            one.communicate()
    finally:
        for edge in edges.values():
            edge.close()


def wait_until(since, seconds):
    time.sleep(max(0, since + seconds - time.monotonic()))


def test_a_proxy_bears_a_whole_hold(behind_proxies, clocks):
    for connection, since in behind_proxies.values():
        wait_until(since, HOLD - 3)
        assert not connection.answered()
    for connection, _ in behind_proxies.values():
        assert connection.read(SLACK).status == 204


def test_a_silent_endpoint_is_offline_after_two_holds_and_twenty_seconds(clocks):
    edges, _, since, _ = clocks
    wait_until(since["silent"], SILENCE - 10)
    assert edges["silent"].endpoint()["state"] == "online"
    edges["silent"].wait_state("offline", timeout=10 + SLACK)


def test_an_idle_tunnel_closes_after_five_minutes_with_a_last_snapshot(clocks):
    edges, _, since, _ = clocks
    wait_until(since["idle"], IDLE - 10)
    assert edges["idle"].tunnel_state() == "open"
    before = edges["idle"].ctl_json("snapshot", "show", "shop-17")["items"][0]["taken"]
    edges["idle"].wait_tunnel("idle", timeout=10 + SLACK)
    eventually(lambda: edges["idle"].ctl_json("snapshot", "show", "shop-17")["items"][0]["taken"] > before, "a newer snapshot")


def test_a_session_that_says_nothing_keeps_its_tunnel_past_the_idle_limit(clocks):
    edges, _, since, session = clocks
    wait_until(since["used"], AGENT_IDLE + SLACK)
    assert edges["used"].tunnel_state() == "open"
    out, _ = session.communicate(b"still here", timeout=20)
    assert out == b"still here" and session.returncode == 0


def seconds_until(program, event, since):
    """When the log says that it happened, counted from then."""
    program.wait_log(event, timeout=2 * SLACK)
    line = next(line for line in program.log().splitlines() if re.search(event, line))
    at = datetime.datetime.fromisoformat(line.split()[0].replace("Z", "+00:00")).timestamp()
    return at - (time.time() - (time.monotonic() - since))


def test_an_edged_that_has_stopped_is_noticed_within_three_probes(clocks):
    _, agents, since, _ = clocks
    wait_until(since["forgotten"], LOST)
    assert LOST - 16 < seconds_until(agents["forgotten"], r"tunnel\.closed .*reason=lost", since["forgotten"]) < LOST + 2


def test_an_agent_that_has_stopped_is_noticed_within_three_probes(clocks):
    # A live session is probed each second, and lost no sooner for that.
    edges, _, since, _ = clocks
    wait_until(since["stopped"], LOST)
    assert LOST - 16 < seconds_until(edges["stopped"].edged, r"from=open .*reason=lost", since["stopped"]) < LOST + 2
