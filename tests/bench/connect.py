"""How long an operator waits for a shell, and what idle programs hold in memory.

One edged and one agent on loopback, hold on, settings as shipped but for tunnel.idle. A connect is timed from the
start of `edgectl connect NAME` to the first byte of the far shell on its stdout, which is a terminal. The shell is
bash without the account's start-up files: what those take is the machine's affair.

  connect-p50, connect-p99   the tunnel has to be opened: check-in answered, SSH handshake, ping, session, shell
  connect-open-p50           the tunnel is open already
  agent-rss, edged-rss       VmRSS once the agent's check-in is held and before the first connect
  agent-rss-used, ...        the same after all connects, tunnel closed again
"""
import argparse
import json
import math
import os
import pathlib
import pty
import select
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
from edge import BIN, Edge, eventually  # noqa: E402

NAME = "bench"
RUNS, QUICK_RUNS = 50, 5
IDLE = "500ms"  # long enough to type exit in, short enough to wait for 50 times
FIRST_BYTE_DEADLINE = 20  # seconds


def plain_shell(folder):
    shell = folder / "shell"
    shell.write_text("#!/bin/sh\nexec /bin/bash --noprofile --norc -i\n")
    shell.chmod(0o755)
    folder.chmod(0o755)  # mkdtemp's 0700 would keep another account from its shell
    return shell


def start(server):
    """A server and a node as they are shipped: no debug log, which the tests have on."""
    server.init()
    server.edged = server.spawn([BIN / "edged", "--config", server.config], "edged.log")
    server.edged.wait_log("edged.ready")
    token, edge_id = server.create(NAME)
    joined = server.join(token, edge_id, "agent", "--no-start")
    assert joined.returncode == 0, joined.stderr
    config = server.agent_config("agent", **{"session.shell": plain_shell(server.folder)})
    agent = server.spawn([BIN / "edge-agent", "--config", config, "--state", server.agent_state(), "run"], "agent.log")
    server.wait_held(NAME)
    return agent


def first_byte(server):
    """Seconds until the shell's first byte; the session is over when this returns."""
    master, slave = pty.openpty()
    started = time.monotonic()
    process = subprocess.Popen([str(BIN / "edgectl"), "connect", NAME], stdin=slave, stdout=slave,
                               stderr=subprocess.DEVNULL, env=server.environment())
    os.close(slave)
    try:
        readable, _, _ = select.select([master], [], [], FIRST_BYTE_DEADLINE)
        took = time.monotonic() - started
        if not readable:
            raise SystemExit(f"bench: no byte of the shell in {FIRST_BYTE_DEADLINE} s")
        try:
            os.read(master, 1)
        except OSError:  # the far end of the terminal is closed: edgectl ended without a shell
            raise SystemExit(f"bench: edgectl connect failed, exit {process.wait()}; {server.edged.log()[-500:]}") from None
        leave(process, master)
        return took
    finally:
        process.kill()
        process.wait()
        os.close(master)


def leave(process, master):
    """Says exit, and reads what comes: a full terminal would keep edgectl from ending."""
    os.write(master, b"exit\n")
    end = time.monotonic() + FIRST_BYTE_DEADLINE
    while process.poll() is None and time.monotonic() < end:
        if select.select([master], [], [], 0.01)[0]:
            try:
                os.read(master, 65536)
            except OSError:
                pass
    assert process.wait(1) == 0, "the shell did not end well"


def wait_until_closed(server):
    eventually(lambda: server.tunnel_state(NAME) in ("idle", "failed"), "the tunnel is closed")
    server.wait_held(NAME)
    eventually(lambda: not server.endpoint(NAME)["sessions"], "no session is left")


def percentile(values, percent):
    """Nearest rank: the value that so many percent of all are not above."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(percent / 100 * len(ordered)) - 1)]


SETTLED = 3  # seconds: an agent gives its start's memory back 2 s after it went idle


def rss(program):
    """KB of 1,000 bytes; the kernel's "kB" are 1,024."""
    for line in pathlib.Path(f"/proc/{program.pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024 / 1000
    raise SystemExit("bench: a program has ended")


def measure(server, agent, runs):
    time.sleep(SETTLED)
    figures = [("agent-rss", rss(agent), "KB"), ("edged-rss", rss(server.edged), "KB")]
    server.set("tunnel.idle", IDLE)
    first_byte(server)  # warms the file cache up
    cold = []
    for _ in range(runs):
        wait_until_closed(server)
        cold.append(first_byte(server))
    server.set("tunnel.idle", "5m")
    first_byte(server)  # whether the last tunnel had closed or not: from here on one is open
    open_already = [first_byte(server) for _ in range(runs)]
    server.set("tunnel.idle", IDLE)
    wait_until_closed(server)
    time.sleep(SETTLED)
    figures += [("agent-rss-used", rss(agent), "KB"), ("edged-rss-used", rss(server.edged), "KB")]
    return [("connect-p50", percentile(cold, 50), "s"), ("connect-p99", percentile(cold, 99), "s"),
            ("connect-open-p50", percentile(open_already, 50), "s"), *figures]


def main():
    options = argparse.ArgumentParser(prog="scripts/bench connect", description=__doc__.splitlines()[0])
    options.add_argument("--json", action="store_true", help="figures as JSON on stdout and nothing else there")
    options.add_argument("--quick", action="store_true", help=f"{QUICK_RUNS} connects of each kind instead of {RUNS}")
    chosen = options.parse_args()
    server = Edge()
    try:
        figures = measure(server, start(server), QUICK_RUNS if chosen.quick else RUNS)
    finally:
        server.close()
    if chosen.json:
        print(json.dumps([{"figure": name, "value": round(value, 4) if unit == "s" else round(value), "unit": unit,
                           "anchor": None, "ratio": None} for name, value, unit in figures]))
    else:
        for name, value, unit in figures:
            print(f"{name:18} {value:.3f} s" if unit == "s" else f"{name:18} {value:,.0f} {unit}")


if __name__ == "__main__":
    main()
