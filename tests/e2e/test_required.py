"""Many endpoints required at once, by one connection of the admin socket and for as long as it lives."""
import datetime
import json

import pytest

from edge import eventually
from test_docs import AdminConnection

NAMES = ["till-00001", "till-00002"]


@pytest.fixture
def tills(edge):
    """Two endpoints whose tunnels are idle after half a second."""
    edge.set("tunnel.idle", "500ms")
    for name in NAMES:
        edge.node(name, name)
    for name in NAMES:
        edge.wait_held(name)
    edge.admin = AdminConnection(edge.socket)
    yield edge
    edge.admin.close()


def require(edge, **body):
    edge.admin.request("POST", "/v1/required", json.dumps({"prefix": "till", **body}))
    response = edge.admin.getresponse()
    return response.status, json.loads(response.read())


def open_for(edge, name, seconds):
    """The same tunnel, for so long."""
    tunnel = edge.endpoint(name)["tunnel"]
    since = datetime.datetime.fromisoformat(tunnel["since"])
    return tunnel["state"] == "open" and datetime.datetime.now(datetime.timezone.utc) - since > \
        datetime.timedelta(seconds=seconds)


def test_endpoints_that_are_required_together_stay_open_until_the_connection_closes(tills):
    assert require(tills, count=2) == (200, {"apiVersion": "edge/v1", "required": 2})
    for name in NAMES:
        # Longer than either side leaves an idle tunnel alone.
        eventually(lambda: open_for(tills, name, 1.5), f"{name} stays open")
    tills.admin.close()
    for name in NAMES:
        tills.wait_tunnel("idle", name)


def test_a_tunnel_that_is_lost_while_it_is_required_opens_again(tills):
    assert require(tills, count=1, start=2)[0] == 200
    tills.wait_tunnel("open", NAMES[1])
    first = tills.endpoint(NAMES[1])["tunnel"]["id"]
    agent = next(program for program in tills.programs if NAMES[1] in program.log_path.name)
    agent.kill()
    agent.start()
    eventually(lambda: tills.endpoint(NAMES[1])["tunnel"]["id"] not in ("", first)
               and tills.tunnel_state(NAMES[1]) == "open", "another tunnel is open")
    assert tills.tunnel_state(NAMES[0]) == "idle"


@pytest.mark.parametrize("body, code", [({"count": 3}, "not-found"), ({"count": 0}, "usage"), ({"count": 20_001}, "usage"),
                                        ({"count": 1, "prefix": 7}, "usage"), ({"count": 1, "start": -1}, "usage"), ({}, "usage")])
def test_what_cannot_be_required_as_a_whole_raises_nothing(tills, body, code):
    status, answer = require(tills, **body)
    assert (status, answer["error"]["code"]) == ({"not-found": 404, "usage": 400}[code], code)
    assert [tills.tunnel_state(name) for name in NAMES] == ["idle", "idle"]
