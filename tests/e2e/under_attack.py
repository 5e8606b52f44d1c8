"""What must hold while somebody attacks: edged lives, its memory and its CPU time stay bounded, and a neighbour's session
on the same loop answers as fast as without the attack.

Who attacks is a process of its own at nice 19, and has sealed its packets ahead: what is measured is edged's fairness,
not the kernel's, and not how fast Python encrypts.
"""
import contextlib
import multiprocessing
import os
import select
import socket
import statistics
import threading
import time

import pytest

from ssh_client import Closed
from traffic import cpu_seconds

# Of one CPU, for all attackers together and what edged answers them; beside what the neighbour costs. Of a second at
# least: an attack that was cut off sooner has cost its second no more.
CPU_SHARE = 0.5
MEMORY_MB = 16
# On a machine of two cores that others use, too: seconds, beside the factor of two. A round that the machine spoils is
# repeated; unfairness spoils them all.
SLACK = {"median": 0.003, "p90": 0.010}
ROUNDS = 3
EVERY = 0.003  # seconds between two keys


def prefer(pid, nice):
    """All of it, where we may: what else the machine does is not to be measured. The kernel shares CPU time between
    sessions of processes first (sched(7), autogroup), between the threads of one then."""
    for thread in os.listdir(f"/proc/{pid}/task"):
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, int(thread), nice)
    with contextlib.suppress(OSError), open(f"/proc/{pid}/autogroup", "w") as group:
        group.write(str(nice))


class Neighbour:
    """A session with a good agent: what is typed comes back."""

    def __init__(self, edge, name="neighbour"):
        agent = edge.node(name, name)
        for pid in (edge.edged.pid, agent.pid, os.getpid()):
            prefer(pid, -10)
        self.process = edge.popen_connect(edge.target(name), "--", "cat")
        self.echo()

    def echo(self):
        started = time.monotonic()
        self.process.stdin.write(b"x")
        self.process.stdin.flush()
        assert select.select([self.process.stdout], [], [], 20)[0], "no echo for 20 s"
        assert os.read(self.process.stdout.fileno(), 1) == b"x"
        return time.monotonic() - started

    def latency(self, seconds=1.0, until=lambda: False, least=20):
        """Median and p90 of so much time, in seconds: of what somebody would see who types every few milliseconds, also
        while an echo is late."""
        end, took = time.monotonic() + seconds, []
        while len(took) < least or (time.monotonic() < end and not until()):
            late = self.echo()
            while late > 0:
                took.append(late)
                late -= EVERY
            time.sleep(EVERY)
        return {"median": statistics.median(took), "p90": sorted(took)[int(len(took) * 0.9)]}

    def close(self):
        self.process.kill()
        self.process.communicate()
        prefer(os.getpid(), 0)


@pytest.fixture
def neighbour(edge):
    good = Neighbour(edge)
    try:
        yield good
    finally:
        good.close()


class Attack:
    """`work(client)` again and again, until it says that it was all, is cut off, or is stopped. Starts on start()."""

    def __init__(self, work, client):
        context = multiprocessing.get_context("fork")  # the client's keys go along
        self.done, self.cut = context.Value("q", 0), context.Value("b", 0)
        self.process = context.Process(target=self.run, args=(work, client), daemon=True)

    def run(self, work, client):
        os.setsid()  # its share is its own: neither the neighbour's nor ours
        os.setpriority(os.PRIO_PROCESS, 0, 19)
        client.lock = threading.Lock()
        try:
            while (did := work(client)) is not None:
                self.done.value += did
        except (Closed, OSError):
            self.cut.value = 1
        os._exit(0)

    def over(self):
        return not self.process.is_alive()

    def stop(self):
        if self.process.pid:
            self.process.kill()
            self.process.join()


def flood(client, payload, times, reading=True):
    """All of it as fast as edged takes it, then an end of file: edged ends the connection once it has worked it off."""
    octets = client.sealed(payload, times)

    def work(one):
        one.pour(octets, reading)
        one.socket.shutdown(socket.SHUT_WR)
        while one.socket.recv(1 << 16):
            pass
    return Attack(work, client)


def status_kb(pid, key):
    with open(f"/proc/{pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith(key + ":"))


class Memory:
    """How far edged's RSS rose above what it was, at its worst."""

    def __init__(self, pid):
        self.pid = pid
        with open(f"/proc/{pid}/clear_refs", "w") as peak:
            peak.write("5")
        self.before = status_kb(pid, "VmRSS")

    def grown_mb(self):
        return (status_kb(self.pid, "VmHWM") - self.before) / 1024


def check_neighbour(edge, neighbour, prepare, seconds=2.0, cpu=CPU_SHARE, memory=MEMORY_MB):
    """`prepare(stack)` makes a list of attacks that have not begun; what it opens for them goes to the stack."""
    slow = []
    for _ in range(ROUNDS):
        with contextlib.ExitStack() as stack:
            slow.append(one_round(edge, neighbour, prepare(stack), seconds, cpu, memory))
        if not slow[-1]:
            return
    raise AssertionError("\n".join(slow))


def one_round(edge, neighbour, attacks, seconds, cpu, memory):
    """What was slow, if anything was. What edged did for the neighbour alone is not counted as theirs."""
    pid = edge.edged.pid
    used = cpu_seconds(pid)
    before = neighbour.latency(1.0)
    alone = cpu_seconds(pid) - used
    rose = Memory(pid)
    used, started = cpu_seconds(pid), time.monotonic()
    for one in attacks:
        one.process.start()
    try:
        during = neighbour.latency(seconds, lambda: all(one.over() for one in attacks))
        share = (cpu_seconds(pid) - used) / max(time.monotonic() - started, 1.0) - alone
    finally:
        for one in attacks:
            one.stop()
    after = neighbour.latency(0.5)
    base = {which: max(before[which], after[which]) for which in before}
    said = ", ".join(f"{which} {base[which] * 1e3:.1f} -> {during[which] * 1e3:.1f} ms" for which in during)
    said += f", CPU {share:.2f}, memory {rose.grown_mb():.1f} MB, "
    said += f"done {[one.done.value for one in attacks]}, cut off {[bool(one.cut.value) for one in attacks]}"
    print(said)
    assert edge.edged.process.poll() is None, said
    assert rose.grown_mb() < memory, said
    assert share < cpu, said
    return said if any(during[which] > 2 * base[which] + SLACK[which] for which in base) else ""
