"""A cluster: two agents of one endpoint, and an operator who means one of them."""
import contextlib
import json
import os
import re
import time

import pytest

from edge import ROOT, eventually

WORKERS = ["worker-1", "worker-2"]


class Cluster:
    def __init__(self, edge):
        self.edge, self.agents = edge, {}
        token, edge_id = edge.create("shop")
        for name in WORKERS:
            joined = edge.join(token, edge_id, name)
            assert joined.returncode == 0, joined.stderr
            # Each has a host name of its own.
            self.agents[name] = edge.start_agent(name, prefix=["unshare", "--uts", "sh", "-c",
                                                               'hostname "$0" && exec "$@"', name])
            edge.wait_held("shop", len(self.agents))
            eventually(lambda: name in [i["host-name"] for i in self.instances()], f"{name} has told its name")
        self.ids = {instance["host-name"]: instance["id"] for instance in self.instances()}

    def instances(self):
        return self.edge.endpoint("shop")["instances"]

    def instance(self, name):
        return next(i for i in self.instances() if i["host-name"] == name)

    def connect(self, *arguments, **options):
        return self.edge.connect(self.edge.target("shop"), *arguments, **options)

    def name_on(self, *arguments):
        """Which node a session was on: its own host name."""
        done = self.connect(*arguments, "--", "hostname")
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    @contextlib.contextmanager
    def session(self, *arguments):
        """A live session, which echoes what it is sent."""
        running = self.edge.popen_connect(self.edge.target("shop"), *arguments, "--", "hostname; exec cat")
        try:
            yield running, running.stdout.readline().decode().strip()
        finally:
            running.kill()
            running.communicate()


def echoes(running):
    running.stdin.write(b"still there\n")
    running.stdin.flush()
    return running.stdout.readline() == b"still there\n"


@pytest.fixture
def cluster(edge):
    assert os.geteuid() == 0, "host names of their own need root"
    return Cluster(edge)


def test_each_instance_is_reached_by_name_while_the_other_one_has_a_live_session(cluster):
    with cluster.session() as (running, first):
        assert first in WORKERS
        for name in WORKERS:
            assert cluster.name_on("--instance", name) == name
            assert cluster.name_on("--instance", cluster.ids[name]) == name
            assert cluster.name_on("--instance", cluster.ids[name][:8]) == name
        assert echoes(running)
        other = next(name for name in WORKERS if name != first)
        shown = cluster.edge.endpoint("shop")
        assert (shown["tunnel"]["state"], shown["tunnel"]["instance"]) == ("open", cluster.ids[first])
        assert cluster.instance(first)["tunnel"] is None
        assert cluster.instance(other)["tunnel"]["state"] == "open"
        assert f"{other}  " in cluster.edge.ok("endpoint", "show", "shop").stdout
        assert cluster.edge.ctl_json("status")["tunnels"] == 2


def test_the_documented_instance_has_the_keys_that_are_sent(cluster):
    page = (ROOT / "docs" / "admin-api.md").read_text()
    documented = json.loads(re.search(r"^```json endpoint\n(.*?)^```", page, re.M | re.S).group(1))
    with cluster.session("--instance", "worker-1"):
        shown = cluster.instance("worker-1")
        assert shown.keys() == documented["instances"][0].keys()
        assert shown["tunnel"].keys() == documented["tunnel"].keys()


def test_both_have_sessions_at_once_and_keep_them(cluster):
    with cluster.session("--instance", "worker-2") as (two, name_of_two), \
            cluster.session("--instance", "worker-1") as (one, name_of_one):
        assert (name_of_one, name_of_two) == ("worker-1", "worker-2")
        assert echoes(one) and echoes(two)
        assert cluster.name_on() in WORKERS
        assert cluster.edge.ctl_json("status")["tunnels"] == 2  # who takes any opens no third one


def test_who_takes_any_takes_the_tunnel_that_is_there(cluster):
    with cluster.session("--instance", "worker-2"):
        for _ in range(3):
            assert cluster.name_on() == "worker-2"
        assert cluster.edge.ctl_json("status")["tunnels"] == 1


def test_an_unknown_instance_is_told_with_those_that_there_are(cluster):
    done = cluster.connect("--instance", "worker-3", "--wait", "30s")
    assert done.returncode == 3
    assert "no instance 'worker-3' of shop; it has: " in done.stderr
    assert all(f"{name} ({cluster.ids[name]})" in done.stderr for name in WORKERS)
    assert "did you mean 'worker-" in done.stderr
    hostile = cluster.connect("--instance", "a&wait=1s#%41 \x1b[31m\u00e9", "--", "true")
    assert hostile.returncode == 255
    assert "no instance 'a&wait=1s#%41 \ufffd[31m\u00e9' of shop" in hostile.stderr


def life_of(cluster, name):
    """Of its tunnel; `since` is counted back from now, and may differ by a millisecond each time."""
    return {key: value for key, value in cluster.instance(name)["tunnel"].items() if key != "since"}


def test_an_instance_that_is_offline_is_refused_at_once_and_it_says_since_when(cluster):
    cluster.edge.set("check-in.hold", "off")  # so that an instance is offline soon
    cluster.edge.set("check-in.interval", "100ms")
    cluster.agents["worker-2"].kill()
    # Offline after 2 x 100 ms + 20 s of silence.
    assert cluster.name_on("--instance", "worker-1") == "worker-1"

    def refused():
        done = cluster.connect("--instance", "worker-2")
        return done if done.returncode == 5 else None
    eventually(refused, "worker-2 is offline", 60)
    life = life_of(cluster, "worker-2")
    started = time.monotonic()
    done = refused()
    assert time.monotonic() - started < 2
    assert life_of(cluster, "worker-2") == life  # nothing was raised
    assert "cannot connect to worker-2 of shop: offline" in done.stderr
    assert "last seen " in done.stderr and " ago (" in done.stderr
    assert "hint: edgectl connect shop --instance worker-2 --wait 10m" in done.stderr
    assert cluster.edge.endpoint("shop")["state"] == "online"


def test_who_waits_for_an_instance_that_is_away_has_it_when_it_comes(cluster):
    agent = cluster.agents["worker-2"]
    agent.stop()
    with cluster.session() as (running, first):
        assert first == "worker-1"
        waiting = cluster.edge.popen_connect(cluster.edge.target("shop"), "--instance", "worker-2", "--wait", "60s",
                                             "--", "hostname")
        eventually(lambda: (cluster.instance("worker-2")["tunnel"] or {}).get("state") == "required",
                   "worker-2 is required")
        agent.start()
        out, err = waiting.communicate(timeout=30)
        assert (waiting.returncode, out) == (0, b"worker-2\n"), err
        assert echoes(running)


def test_who_gives_up_waiting_for_an_instance_leaves_nothing_required(cluster):
    cluster.agents["worker-2"].stop()
    waiting = cluster.edge.popen_connect(cluster.edge.target("shop"), "--instance", "worker-2", "--wait", "60s", "--", "true")
    eventually(lambda: (cluster.instance("worker-2")["tunnel"] or {}).get("state") == "required", "worker-2 is required")
    waiting.terminate()
    waiting.communicate()
    eventually(lambda: cluster.instance("worker-2")["tunnel"]["state"] == "failed", "nobody needs worker-2")
    assert cluster.instance("worker-2")["tunnel"]["reason"] == "no-check-in"


def test_the_tunnel_of_an_instance_closes_when_it_is_idle(cluster):
    cluster.edge.set("tunnel.idle", "1s")
    assert cluster.name_on("--instance", "worker-2") == "worker-2"
    eventually(lambda: cluster.instance("worker-2")["tunnel"] is None, "its tunnel is closed")
    assert cluster.name_on("--instance", "worker-2") == "worker-2"


def test_a_tunnel_of_an_instance_that_is_lost_under_a_session_opens_again(cluster):
    with cluster.session("--instance", "worker-2"):
        first = cluster.instance("worker-2")["tunnel"]["id"]
        cluster.agents["worker-2"].kill()
        cluster.agents["worker-2"].start()
        eventually(lambda: (cluster.instance("worker-2")["tunnel"] or {}).get("id") not in (None, "", first),
                   "another tunnel of worker-2 is open")
        assert cluster.edge.tunnel_state("shop") == "idle"
