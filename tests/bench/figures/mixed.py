"""cpu-mixed: everybody polls at 5 s, and some of them have an open tunnel and a session that types.

A session is `edgectl connect NAME -- cat` with somebody who types three keys a second, and each key comes back.
"""
import random
import subprocess
import time

from edge import BIN, eventually
from figures.load import Fleet, spread
from figures.process import cpu_seconds
from figures.results import Figure
from figures.world import say

KEYS_A_SECOND = 3
AT_A_TIME = 100  # that connect: each waits for its next check-in


class Typists:
    def __init__(self, world, names):
        self.world, self.names, self.connects = world, names, []
        self.told = open(world.edge.folder / "connects.log", "wb")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for connect in self.connects:
            connect.kill()
        for connect in self.connects:
            connect.wait()
            connect.stdin.close()
        self.told.close()

    def connect(self):
        for first in range(0, len(self.names), AT_A_TIME):
            for name in self.names[first:first + AT_A_TIME]:
                self.connects.append(subprocess.Popen(
                    [str(BIN / "edgectl"), "connect", self.world.edge.target(name), "--wait", "60s", "--", "cat"],
                    env=self.world.edge.environment(), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                    stderr=self.told, bufsize=0))
            eventually(lambda: self.world.status()["sessions"] >= len(self.connects), "the sessions are there", 120)

    def type_for(self, seconds):
        """Keys typed; each typist at its own moments."""
        turns = sorted((random.random() / KEYS_A_SECOND, typist) for typist in self.connects_in_random_order())
        started, typed, number = time.monotonic(), 0, 0
        while True:
            round_, place = divmod(number, len(turns))
            at = started + round_ / KEYS_A_SECOND + turns[place][0]
            if at - started >= seconds:
                return typed
            time.sleep(max(0, at - time.monotonic()))
            self.connects[turns[place][1]].stdin.write(b"x")
            typed += 1
            number += 1

    def connects_in_random_order(self):
        return random.sample(range(len(self.connects)), len(self.connects))


def figures(world, wanted, quick):
    sessions, window, interval = (10, 2, 2) if quick else (500, 60, 5)
    rest = world.endpoints - sessions
    with world.server(hold="off", interval=f"{interval}s"), \
            Fleet(world, "follow", "--spread", interval, "--tunnels", agents=sessions) as busy, \
            Fleet(world, "follow", "--spread", spread(rest, interval), first=sessions, agents=rest) as others:
        busy.wait("all", 60)
        others.wait("all", 180)
        with Typists(world, world.names()[:sessions]) as typists:
            say(f"cpu-mixed: {sessions} sessions are made")
            typists.connect()
            say(f"cpu-mixed: {window} s")
            others.tell("mark")
            before, started = cpu_seconds(world.pid), time.monotonic()
            typed = typists.type_for(window)
            took, cpu = time.monotonic() - started, cpu_seconds(world.pid) - before
            if world.status()["sessions"] != sessions or any(c.poll() is not None for c in typists.connects):
                raise RuntimeError("cpu-mixed: a session has ended early")
            asked = others.report()["answered"]
    yield Figure("cpu-mixed", cpu / took, endpoints=world.endpoints,
                 note=f"{sessions} sessions, {typed / took:.0f} keys/s, {asked / took:.0f} check-ins/s")
