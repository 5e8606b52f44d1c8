"""What a process costs: CPU seconds and memory, as the kernel counts them; and which core it runs on."""
import contextlib
import math
import os
import pathlib
import time

TICK = os.sysconf("SC_CLK_TCK")
CORES = sorted(os.sched_getaffinity(0))
SERVER, LOAD = CORES[0], CORES[-1]  # the programs that are compared share the first core, all else is on the last


def on_server_core(*words):
    return ["taskset", "-c", str(SERVER), *words]


def keep_to_load_core():
    """Of this process and what it starts from now on."""
    os.sched_setaffinity(0, {LOAD})


def ahead_of_all(pid):
    """Runs before everything else on its core, where we may say so: what it measures is not its own waiting."""
    try:
        os.sched_setscheduler(pid, os.SCHED_FIFO, os.sched_param(1))
    except PermissionError:
        os.setpriority(os.PRIO_PROCESS, 0, 10)  # then at least we and what we start from now on come later


def cpu_seconds(pid):
    """User and system time of all threads, also of those that have ended."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def descendants(pid):
    """Ids of a process and of all that it has started and that still live."""
    parents = {}
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                parents[int(entry.name)] = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
    found = [pid]
    for parent in found:
        found += [child for child, its_parent in parents.items() if its_parent == parent]
    return found


def busy_seconds(core):
    """Of everybody on that core, the kernel and interrupts included."""
    for line in pathlib.Path("/proc/stat").read_text().splitlines():
        if line.startswith(f"cpu{core} "):
            user, nice, system, _idle, _wait, irq, softirq, *_ = map(int, line.split()[1:])
            return (user + nice + system + irq + softirq) / TICK
    raise RuntimeError(f"no core {core} in /proc/stat")


class CoreTime:
    """What a server and others took of the server core while the block ran."""

    def __init__(self, pids):
        self.pids = pids

    def _now(self):
        return time.monotonic(), sum(map(cpu_seconds, self.pids)), busy_seconds(SERVER)

    def __enter__(self):
        self.before = self._now()
        return self

    def __exit__(self, *_):
        self.seconds, self.cpu, busy = (now - then for now, then in zip(self._now(), self.before))
        self.share = self.cpu / self.seconds
        self.foreign = max(0, busy - self.cpu) / self.seconds


def pss(pids):
    """KB of 1,000 bytes: what is shared counts in shares."""
    total = 0
    for pid in pids:
        for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                total += int(line.split()[1])
    return total * 1024 / 1000


def rss(pid):
    """KB of 1,000 bytes; the kernel's "kB" are 1,024."""
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024 / 1000
    raise RuntimeError(f"process {pid} has ended")


def percentile(values, percent):
    """Nearest rank: the value that so many percent of all are not above."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(percent / 100 * len(ordered)) - 1)]
