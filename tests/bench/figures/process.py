"""What a process costs: CPU seconds and memory, as the kernel counts them; and which core it runs on."""
import math
import os
import pathlib

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
