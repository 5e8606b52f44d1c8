"""wan-down, wan-up, setup-rtt, echo-bulk-slow-p99: an agent that is 50 ms away.

wan: one stream, no loss and no bottleneck; beside it plain TCP over the same link, and OpenSSH in the note.
setup-rtt: from asking for the endpoint on the admin socket until the agent knows that its forward is accepted, its
check-in being held; of the RTT that a byte takes over plain TCP.
echo-bulk-slow: one byte there and back beside a bulk stream in the same tunnel, at 10 Mbit/s, less the RTT; OpenSSH is
its anchor, and plain TCP (a connection for each of the two) in the note is what the link's own queue takes.
"""
import contextlib
import json
import statistics
import time

from edge import eventually
from figures import mover, sides
from figures.load import Fleet
from figures.process import percentile
from figures.results import Figure
from figures.slow_link import AGENTS, RTT, SERVER, SlowLink
from figures.world import PREFIX, AdminSocket, World, say

KBIT = 10_000


class FarWorld(World):
    """One edged in the namespace of the server's end."""

    def __init__(self, link):
        super().__init__(2, SERVER, link.inside_server)
        self.link = link

    @contextlib.contextmanager
    def made(self):
        try:
            self.prepare()
            yield self
        finally:
            self.close()


@contextlib.contextmanager
def far_sides(link):
    """edged, OpenSSH, and plain TCP over the link."""
    world = FarWorld(link)
    with world.made(), world.server(**{"tunnel.idle": "1h"}), \
            sides.edged(world, inside_agents=link.inside_agents) as ours, \
            sides.ssh(world, server_address=SERVER, agents_address=AGENTS, inside_server=link.inside_server,
                      inside_agents=link.inside_agents) as theirs, \
            mover.service(AGENTS, link.inside_agents) as port:
        yield ours, theirs, sides.Side("TCP", f"tcp:{AGENTS}:{port}", list, link.inside_server)


def wan(wanted, quick):
    rounds, size = (1, 3_000_000) if quick else (3, 100_000_000)
    with SlowLink() as link, far_sides(link) as three:
        for way in ("down", "up"):
            if f"wan-{way}" not in wanted:
                continue
            say(f"wan-{way}: {rounds} rounds of {size / 1e6:,.0f} MB")
            speeds = {side: [] for side in three}
            for _ in range(rounds):
                for side in three:
                    speeds[side].append(side.move(way, size)[0])
            us, ssh, tcp = (statistics.median(speeds[side]) for side in three)
            yield Figure(f"wan-{way}", us, tcp, us / tcp, 1, f"OpenSSH {ssh:.1f} MB/s; anchor: plain TCP")


def setup_rtt(quick):
    times = 3 if quick else 15
    with SlowLink() as link:
        world = FarWorld(link)
        with world.made(), world.server(**{"tunnel.idle": "300ms"}), \
                mover.service(AGENTS, link.inside_agents) as port, \
                Fleet(world, "tunnels", "--spread", 0, agents=1, prefix=link.inside_agents, sources=0) as fleet:
            rtt = statistics.median(mover.echoes(f"tcp:{AGENTS}:{port}", 1, link.inside_server))
            say(f"setup-rtt: {times} times, an RTT is {rtt * 1e3:.1f} ms")
            fleet.wait("all", 60)
            took = [set_up_once(world, fleet) for _ in range(times)]
    value = statistics.median(took) / rtt
    yield Figure("setup-rtt", value, endpoints=1,
                 note=f"median of {times}, an RTT is {rtt * 1e3:.1f} ms; at most {max(took) / rtt:.2f}")


def set_up_once(world, fleet):
    eventually(lambda: world.status()["held"] == 1 and world.status()["tunnels"] == 0, "the check-in is held", 60)
    connection = AdminSocket(world.edge.socket)
    connection.connect()
    before = time.monotonic_ns()
    connection.request("POST", "/v1/required", json.dumps({"prefix": PREFIX, "count": 1}))
    opened = fleet.wait("open", 30)
    connection.getresponse().read()
    connection.close()
    return (opened["at"] - before) / 1e9


def echo_slow(quick):
    seconds = 1 if quick else 20
    p99 = {}
    with SlowLink(KBIT) as link, far_sides(link) as three:
        for way in ("down", "up"):
            say(f"echo-bulk-slow-p99 {way}: {seconds} s each of {', '.join(side.name for side in three)}")
            p99[way] = []
            for side in three:
                with side.bulk(way):
                    time.sleep(0 if quick else 3)  # the bulk stream has found its pace
                    p99[way].append(percentile(side.echoes(seconds, 0.02), 99) - RTT)
    worse = max(p99, key=lambda way: p99[way][0])
    value, anchor, _ = p99[worse]
    note = ", ".join(f"{way} {us * 1e3:.0f} ms, OpenSSH {ssh * 1e3:.0f}, plain TCP {tcp * 1e3:.0f}"
                     for way, (us, ssh, tcp) in p99.items())
    yield Figure("echo-bulk-slow-p99", value, anchor, value / anchor if anchor else None, 1, f"bulk {note}")


def figures(_, wanted, quick):
    if wanted & {"wan-down", "wan-up"}:
        yield from wan(wanted, quick)
    if "setup-rtt" in wanted:
        yield from setup_rtt(quick)
    if "echo-bulk-slow-p99" in wanted:
        yield from echo_slow(quick)
