"""cp-1g and cp-files: edgectl cp beside scp -J and rsync over ssh -J, over the same two hops, in turns.

cp-1g: one file of 1 GB in memory, both ways; the figure is of the direction in which we are worse. Ours has its SHA-256
checked at both ends, scp's has not. cp-files: 10,000 files of 1 KB to the node, into a folder that is not there yet.
MB/s and files a second are of the whole command, from its start to its end.
"""
import contextlib
import filecmp
import os
import shutil
import statistics
import subprocess
import time

from edge import BIN
from figures import copies, jump
from figures.results import Figure
from figures.world import say

FILES, QUICK_FILES = 10_000, 1_000
FILE_SIZE = 1_000


class Ours(copies.Side):
    def __init__(self, world):
        super().__init__("edgectl cp", [], world.target, world.edge.environment())
        self.words = [BIN / "edgectl", "cp", "-q"]


class Rsync:
    def __init__(self, config):
        self.name, self.env = "rsync over ssh -J", None
        self.words = ["rsync", "-r", "-e", f"ssh -F {config} -J relay"]
        self.host, self.speeds = "node", []


class OursOfMany:
    def __init__(self, world):
        self.name, self.env, self.host, self.speeds = "edgectl cp", world.edge.environment(), world.target, []
        self.words = [BIN / "edgectl", "cp", "-q", "-r"]


def one_large(worlds, quick):
    rounds, size = (copies.QUICK_ROUNDS, copies.QUICK_SIZE) if quick else (copies.ROUNDS, copies.SIZE)
    world = worlds.small()
    with copies.folder_in_memory(size) as folder, jump.both_ways(world) as config:
        source, target, little = (copies.filled(folder / "source", size), folder / "target",
                                  copies.filled(folder / "little", 1_000_000))
        pair = (Ours(world), copies.Side("scp -J", ["-F", config, "-J", "relay"], "node"))
        for side in pair:
            side.copy("down", little, target)  # the tunnel is open, and both have seen bytes
        for way in ("down", "up"):
            say(f"cp-1g {way}: {rounds} rounds of {size / 1e6:,.0f} MB")
            for _ in range(rounds):
                for side in pair:
                    side.speeds[way].append(side.copy(way, source, target))
    figure = copies.worse(pair, rounds, size)
    figure.name = "cp-1g"
    yield figure


@contextlib.contextmanager
def many_files(count):
    with copies.folder_in_memory(count * 8192) as folder:
        source = folder / "source"
        source.mkdir()
        for number in range(count):
            (source / f"file-{number:05}").write_bytes(os.urandom(FILE_SIZE))
        yield source


def send(side, source, target):
    shutil.rmtree(target, ignore_errors=True)
    words = [*side.words, source, f"{side.host}:{target}"]
    if side.words[0] == "rsync":
        words[-2] = f"{source}/"  # what is in it, as the others do where the target is new
    started = time.monotonic()
    done = subprocess.run([str(word) for word in words], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          env=side.env, timeout=600, check=False)
    took = time.monotonic() - started
    if done.returncode != 0:
        raise RuntimeError(f"{side.name} ended with {done.returncode}: {done.stderr[-500:]}")
    names = os.listdir(source)
    same, _, _ = filecmp.cmpfiles(source, target, names, shallow=False)
    if len(same) != len(names):
        raise RuntimeError(f"{side.name} copied {len(same)} of {len(names)} files")
    return len(names) / took


def many_small(worlds, quick):
    count, rounds = (QUICK_FILES, 1) if quick else (FILES, 5)
    world = worlds.small()
    with many_files(count) as source, jump.both_ways(world) as config:
        pair = (OursOfMany(world), Rsync(config))
        target = source.parent / "target"
        for side in pair:
            send(side, source, target)  # the tunnel is open
        say(f"cp-files: {rounds} rounds of {count:,} files")
        for _ in range(rounds):
            for side in pair:
                side.speeds.append(send(side, source, target))
    ours, theirs = (statistics.median(side.speeds) for side in pair)
    yield Figure("cp-files", ours, theirs, ours / theirs, 1,
                 f"{count:,} files of {FILE_SIZE:,} bytes, median of {rounds}; anchor: rsync over ssh -J")


def figures(worlds, wanted, quick):
    if "cp-1g" in wanted:
        yield from one_large(worlds, quick)
    if "cp-files" in wanted:
        yield from many_small(worlds, quick)
