"""bytes-up, bytes-down, bytes-held: what goes over the wire, IP to TLS, between two network namespaces.

Offloads are off, so that a packet that is counted is a packet that would be sent; neighbours are known, so that there
is nothing but IP. An interface counts the 14 bytes of the Ethernet header too: they are taken off.
"""
import contextlib
import json
import os
import subprocess
import time

from figures.load import Fleet, spread
from figures.results import Figure
from figures.world import as_root, say

SERVER, AGENTS = "10.77.0.1", "10.77.0.2"
SOURCES = "10.77.1.0/24"  # the agents dial from many addresses: one source may have so many connections only
ETHERNET = 14
MACS = {SERVER: "02:00:00:00:00:01", AGENTS: "02:00:00:00:00:02"}


def run(*words):
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(words)}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


class Wire:
    """Two namespaces and the wire between them."""

    def __init__(self):
        self.server, self.agents = f"edge-bench-s{os.getpid()}", f"edge-bench-a{os.getpid()}"

    def inside(self, namespace):
        return ["ip", "netns", "exec", namespace]

    def __enter__(self):
        try:
            for namespace in (self.server, self.agents):
                run("ip", "netns", "add", namespace)
            run("ip", "link", "add", "wire", "netns", self.server, "type", "veth", "peer", "name", "wire",
                "netns", self.agents)
            for namespace, own, other in ((self.server, SERVER, AGENTS), (self.agents, AGENTS, SERVER)):
                # No IPv6 address, so that none is announced over the wire.
                run("ip", "-n", namespace, "link", "set", "wire", "address", MACS[own], "addrgenmode", "none")
                run("ip", "-n", namespace, "link", "set", "wire", "up")
                run("ip", "-n", namespace, "link", "set", "lo", "up")
                run("ip", "-n", namespace, "addr", "add", f"{own}/24", "dev", "wire")
                run("ip", "-n", namespace, "neigh", "replace", other, "lladdr", MACS[other], "dev", "wire",
                    "nud", "permanent")
                run(*self.inside(namespace), "ethtool", "-K", "wire", "tso", "off", "gso", "off", "gro", "off")
            run("ip", "-n", self.agents, "route", "add", "local", SOURCES, "dev", "lo")
            run("ip", "-n", self.server, "route", "add", SOURCES, "via", AGENTS)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for namespace in (self.server, self.agents):  # the wire goes with them
            with contextlib.suppress(RuntimeError):
                run("ip", "netns", "del", namespace)

    def bytes(self):
        """(up, down) so far, without Ethernet headers, as the agents' end sees it."""
        stats = json.loads(run("ip", "-n", self.agents, "-s", "-j", "link", "show", "dev", "wire"))[0]["stats64"]
        return tuple(stats[way]["bytes"] - ETHERNET * stats[way]["packets"] for way in ("tx", "rx"))

    def during(self, fleet, seconds):
        """What passed, both ways, and the fleet's own report of it."""
        fleet.tell("mark")
        before = self.bytes()
        time.sleep(seconds)
        after, report = self.bytes(), fleet.report()
        return after[0] - before[0], after[1] - before[1], report


def figures(world, wanted, quick):
    if not as_root():
        for name in ("bytes-up", "bytes-down", "bytes-held"):
            yield Figure(name, note="network namespaces need root")
        return
    interval, hold = (1, 2) if quick else (5, 55)  # quick cannot wait for a hold of 55 s to come round
    with Wire() as wire, \
            world.server(wire.inside(wire.server), hold="off", interval=f"{interval}s"), \
            Fleet(world, "follow", "--spread", spread(world.endpoints, interval), source="10.77.1.1",
                  url=world.url(SERVER), prefix=wire.inside(wire.agents)) as fleet:
        fleet.wait("all", 180)
        if wanted & {"bytes-up", "bytes-down"}:
            time.sleep(interval + 0.5)  # everybody has a ticket and has used it
            yield from polled(world, wire, fleet, interval if quick else 60)
        if "bytes-held" in wanted:
            world.edge.set("check-in.hold", f"{hold}s")
            yield held(world, wire, fleet, hold)


def polled(world, wire, fleet, window):
    say(f"bytes-up, bytes-down: {window} s of polling")
    up, down, report = wire.during(fleet, window)
    count = report["answered"]
    note = f"{count:,} check-ins in {report['seconds']:.0f} s"
    yield Figure("bytes-up", up / count, endpoints=world.endpoints, note=note)
    yield Figure("bytes-down", down / count, endpoints=world.endpoints, note=note)


def held(world, wire, fleet, hold):
    world.wait_held(world.endpoints * 0.99, 60)
    # Two whole holds: everybody asks twice, wherever in the hold he is.
    say(f"bytes-held: {2 * hold} s of holding")
    up, down, report = wire.during(fleet, 2 * hold)
    return Figure("bytes-held", (up + down) / report["seconds"] / world.endpoints, endpoints=world.endpoints,
                  note=f"hold {hold} s")
