"""proxy: stock scp (SFTP) of one large file, through edgectl proxy and through scp -J, both directions, in turns.

The same cipher, the same sftp-server, and files in memory. Both encrypt end to end inside of an encrypted tunnel. The
figure is of the direction in which we are worse; MB/s are of the whole command, from its start to its end.
"""
import contextlib
import filecmp
import os
import pathlib
import shutil
import statistics
import subprocess
import tempfile
import time

from edge import BIN
from figures import jump
from figures.results import CIPHERS, Figure
from figures.world import REAL, say

SIZE, QUICK_SIZE = 1_000_000_000, 200_000_000
ROUNDS, QUICK_ROUNDS = 3, 1
MEMORY = pathlib.Path("/dev/shm")
BY_EDGE = """
Host *
  ProxyCommand {edgectl} --socket {socket} proxy %n
  User {user}
  IdentityFile {home}/state/edgectl/id_ed25519
  IdentitiesOnly yes
  BatchMode yes
  StrictHostKeyChecking no
  UserKnownHostsFile /dev/null
  Ciphers {cipher}
  LogLevel ERROR
"""


class Side:
    """scp to and from one node. `host` is what scp calls it."""

    def __init__(self, name, words, host, env=None):
        self.name, self.host, self.env = name, host, env
        self.words = ["scp", "-q", *words]
        self.speeds = {"down": [], "up": []}

    def copy(self, way, source, target):
        """MB/s; down is towards the node."""
        target.unlink(missing_ok=True)
        ends = [source, f"{self.host}:{target}"] if way == "down" else [f"{self.host}:{source}", target]
        started = time.monotonic()
        done = subprocess.run([str(word) for word in (*self.words, *ends)], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, env=self.env, timeout=600, check=False)
        took = time.monotonic() - started
        if done.returncode != 0:
            raise RuntimeError(f"scp of {self.name} ended with {done.returncode}: {done.stderr[-500:]}")
        if not filecmp.cmp(source, target, shallow=False):
            raise RuntimeError(f"scp of {self.name} made another file")
        return source.stat().st_size / took / 1e6

    def median(self, way):
        return statistics.median(self.speeds[way])


@contextlib.contextmanager
def folder_in_memory(size):
    if not os.access(MEMORY, os.W_OK) or shutil.disk_usage(MEMORY).free < 2.2 * size:
        raise RuntimeError(f"{MEMORY} has no room for two files of {size / 1e6:,.0f} MB")
    folder = pathlib.Path(tempfile.mkdtemp(prefix="edge-bench-", dir=MEMORY))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def filled(path, size):
    part = os.urandom(1_000_000)
    with open(path, "wb") as file:
        for _ in range(size // len(part)):
            file.write(part)
    return path


def by_edge(world):
    config = world.edge.folder / "ssh_config.edge"
    config.write_text(BY_EDGE.format(edgectl=BIN / "edgectl", socket=world.edge.socket, home=world.edge.home,
                                     user=world.target.split("@")[0], cipher=CIPHERS["aes"]))
    # The operator's identity is there from the first use on.
    world.edge.run("edgectl", "proxy", REAL, input="", timeout=30)
    return Side("edgectl proxy", ["-F", config], REAL, world.edge.environment())


def figures(worlds, wanted, quick):
    rounds, size = (QUICK_ROUNDS, QUICK_SIZE) if quick else (ROUNDS, SIZE)
    world = worlds.small()
    with folder_in_memory(size) as folder, jump.both_ways(world) as config:
        source, target, little = filled(folder / "source", size), folder / "target", filled(folder / "little", 1_000_000)
        pair = (by_edge(world), Side("scp -J", ["-F", config, "-J", "relay"], "node"))
        for side in pair:
            side.copy("down", little, target)  # the tunnel is open, and both have seen bytes
        for way in ("down", "up"):
            say(f"proxy {way}: {rounds} rounds of {size / 1e6:,.0f} MB")
            for _ in range(rounds):
                for side in pair:
                    side.speeds[way].append(side.copy(way, source, target))
    yield worse(pair, rounds, size)


def worse(pair, rounds, size):
    of = {way: [side.median(way) for side in pair] for way in ("down", "up")}
    value, anchor = min(of.values(), key=lambda speeds: speeds[0] / speeds[1])
    note = ", ".join(f"{way} {ours:.0f} and {theirs:.0f} MB/s ({ours / theirs:.2f})" for way, (ours, theirs) in of.items())
    return Figure("proxy", value, anchor, value / anchor, 1,
                  f"{note}; {rounds} rounds of {size / 1e6:,.0f} MB each; anchor: scp -J")
