"""cpu-held, rss-held, required-p50 and -p99, and the herd of herd.py: everybody's check-in is held.

required: from the moment before a session is asked for on the admin socket to the moment at which the agent has the
offer; one endpoint after the other, each another one.
"""
import random
import time

from figures import anchors, herd
from figures.load import Fleet, spread
from figures.process import cpu_seconds, percentile, rss
from figures.results import Figure
from figures.world import AdminSocket, say

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMjlnOgw3G1wkiU57e0pVnlkzaN9Aj46AmHALA7PckT+"  # nobody logs in with it


def raise_required(world, name):
    """The moment before, and the request: the endpoint is required until it is closed."""
    connection = AdminSocket(world.edge.socket)
    before = time.monotonic_ns()
    connection.request("GET", f"/v1/endpoints/{name}/session?wait=20s",
                       headers={"Connection": "Upgrade", "Upgrade": "ssh", "Edge-Session-Key": KEY})
    return before, connection


def required(world, fleet, times):
    took = []
    for name in random.sample(world.names(), times):
        before, connection = raise_required(world, name)
        try:
            offer = fleet.wait("offer", 20, endpoint=name)
        finally:
            connection.close()
        took.append((offer["at"] - before) / 1e9)
    return [Figure(f"required-p{p}", percentile(took, p), endpoints=world.endpoints, note=f"of {times}")
            for p in (50, 99)]


def idle_at_nginx(world, settled):
    """KB for each of as many idle TLS connections that have asked once, as the held ones have."""
    with anchors.nginx(world) as nginx:
        time.sleep(settled)
        empty = rss(nginx.pid)
        with Fleet(world, "ask", url=nginx.url) as fleet:
            fleet.wait("ready", 300)
            return (rss(nginx.pid) - empty) / world.endpoints


def figures(world, wanted, quick):
    # Quick cannot wait for a hold of 55 s to come round: a shorter one, so that a round is seen at all.
    hold, times, settled = (3, 30, 0.5) if quick else (55, 500, 5)
    with world.server(hold=f"{hold}s"):
        time.sleep(settled)
        empty = rss(world.pid)
        within = spread(world.endpoints, hold)
        with Fleet(world, "follow", "--spread", within) as fleet:
            say(f"held: {world.endpoints:,} agents start within {within} s")
            fleet.wait("all", within + 120)
            world.wait_held(world.endpoints * 0.99, 60)
            time.sleep(settled)
            ours = (rss(world.pid) - empty) / world.endpoints
            if "cpu-held" in wanted:
                yield cpu_held(world, fleet, hold, hold if quick else 60)
            if wanted & {"required-p50", "required-p99"}:
                say(f"required: {times} times")
                yield from required(world, fleet, times)
            if "rss-held" in wanted:
                say("rss-held: as many idle connections at nginx")
                theirs = idle_at_nginx(world, settled)
                yield Figure("rss-held", ours, theirs, ours / theirs, world.endpoints)
            if wanted & {"herd", "herd-errors"}:
                yield from herd.figures(world, fleet, quick)


def cpu_held(world, fleet, hold, window):
    say(f"cpu-held: {window} s")
    before = cpu_seconds(world.pid)
    during = fleet.during(window)
    cpu = cpu_seconds(world.pid) - before
    return Figure("cpu-held", cpu / during["seconds"], endpoints=world.endpoints,
                  note=f"hold {hold} s, {during['answered'] / during['seconds']:.0f} check-ins/s")
