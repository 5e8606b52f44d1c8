"""rss-tunnel, cpu-tunnels, setup-rate, and the storm of storm.py: thousands of tunnels of one edged.

Two programs play the agents; each may hold so many descriptors only. The endpoints are required by one connection of
the admin socket, some hundreds at a time, so that no tunnel waits for its handshake longer than it may.
"""
import contextlib
import json
import tempfile
import time

from figures import mover, openssh, storm
from figures.load import Fleet, spread
from figures.process import cpu_seconds, pss, rss
from figures.results import TUNNEL, Figure
from figures.world import PREFIX, AdminSocket, say

AT_A_TIME = 250
PROBE = 15  # seconds
SSH_TUNNELS, QUICK_SSH_TUNNELS = 100, 10


class Crowd:
    """The agents, and the operator who requires them."""

    def __init__(self, world, agents):
        half = (agents + 1) // 2
        self.world, self.agents = world, agents
        parts = [(0, half, "127.0.1.1"), (half, agents - half, "127.0.2.1")]
        within = spread(agents, 1)
        say(f"{agents:,} agents start within {within} s")
        self.fleets = [Fleet(world, "tunnels", "--spread", within, agents=count, first=first, source=source)
                       for first, count, source in parts if count]
        self.within = within
        self.operator = AdminSocket(world.edge.socket)

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            for fleet in self.fleets:
                stack.enter_context(fleet)
            for fleet in self.fleets:
                fleet.wait("all", self.within + 300)
            self.world.wait_held(self.agents * 0.99, 60)
            self.opened = stack.pop_all()
        return self

    def __exit__(self, *_):
        self.operator.close()
        self.opened.close()

    def ask(self, method, target, body=None):
        self.operator.request(method, target, body and json.dumps(body))
        response = self.operator.getresponse()
        answer = json.loads(response.read())
        if response.status != 200:
            raise RuntimeError(f"{target}: {answer}")
        return answer

    def stay(self):
        """A connection that is silent for two minutes is closed, and what it requires with it."""
        self.ask("GET", "/v1/status")

    def mark(self):
        for fleet in self.fleets:
            fleet.tell("mark")

    def report(self):
        """(tunnels opened since the mark, failures by reason)"""
        reports, failures = [fleet.report() for fleet in self.fleets], {}
        for report in reports:
            for reason, count in report["not-opened"].items():
                failures[reason] = failures.get(reason, 0) + count
        return sum(report["opened"] for report in reports), failures

    def open(self, first, count):
        """Requires them, and waits until each has its forward."""
        self.mark()
        self.ask("POST", "/v1/required", {"prefix": PREFIX, "start": first + 1, "count": count})
        end = time.monotonic() + 60
        while True:
            opened, failures = self.report()
            if opened >= count:
                return failures
            if time.monotonic() > end:
                raise RuntimeError(f"of {count} tunnels {opened} opened in 60 s: {failures}")
            time.sleep(0.02)

    def open_all(self, first, end):
        failures = {}
        for start in range(first, end, AT_A_TIME):
            for reason, count in self.open(start, min(AT_A_TIME, end - start)).items():
                failures[reason] = failures.get(reason, 0) + count
        if failures:
            say(f"tunnels that did not open at once: {failures}")


def figures(worlds, wanted, quick):
    world = worlds.crowd()
    settled = 0.5 if quick else 5
    with world.server(**{"tunnel.idle": "1h", "tunnel.probe": f"{PROBE}s"}):
        time.sleep(settled)
        empty = rss(world.pid)
        with Crowd(world, world.endpoints) as crowd:
            timed = min(TUNNEL["setup-rate"].endpoints, world.endpoints)
            yield setup_rate(world, crowd, timed)
            say(f"opening the others: {world.endpoints - timed:,}")
            crowd.open_all(timed, world.endpoints)
            time.sleep(settled)
            if "rss-tunnel" in wanted:
                yield idle_memory(world, empty, quick)
            crowd.stay()
            if "cpu-tunnels" in wanted:
                yield idle_cpu(world, 4 if quick else 3 * PROBE)
            crowd.stay()
            if wanted & {"storm", "storm-errors"}:
                yield from storm.figures(world, crowd)


def setup_rate(world, crowd, count):
    say(f"setup-rate: {count:,} tunnels")
    before, started = cpu_seconds(world.pid), time.monotonic()
    crowd.open_all(0, count)
    cpu, seconds = cpu_seconds(world.pid) - before, time.monotonic() - started
    return Figure("setup-rate", count / max(cpu, 0.01), endpoints=count,
                  note=f"a second of edged's CPU; {count / seconds:.0f}/s with the agents on one other core")


def idle_memory(world, empty, quick):
    ours = (rss(world.pid) - empty) / world.endpoints
    count = QUICK_SSH_TUNNELS if quick else SSH_TUNNELS
    say(f"rss-tunnel: {count} connections of sshd")
    with openssh.server(tempfile.mkdtemp(prefix="ssh-", dir=world.edge.folder) + "/sshd") as sshd, \
            mover.service() as port, openssh.forwards(sshd, count, f"127.0.0.1:{port}"):
        theirs = ssh_memory(sshd, count)
    return Figure("rss-tunnel", ours, theirs, ours / theirs, world.endpoints,
                  f"anchor: PSS of sshd's processes, without the one that listens, at {count}")


def ssh_memory(sshd, count):
    return pss(sshd.pids()[1:]) / count


def idle_cpu(world, window):
    say(f"cpu-tunnels: {window} s")
    before, started = cpu_seconds(world.pid), time.monotonic()
    time.sleep(window)
    return Figure("cpu-tunnels", (cpu_seconds(world.pid) - before) / (time.monotonic() - started),
                  endpoints=world.endpoints, note=f"probes every {PROBE} s both ways, {window} s")
