"""A slow link between two network namespaces: TAP devices, and tests/bench/slow_link between them.

The server's end has SERVER, the agents' end AGENTS. A queue of one bandwidth-delay product stands before a bottleneck,
as a router's does; what has to wait longer is lost.
"""
import contextlib
import json
import os
import subprocess

from edge import BIN
from figures.wire import run
from figures.world import as_root

SERVER, AGENTS = "10.78.0.1", "10.78.0.2"
RTT = 0.05  # seconds
DEVICE = "slow"
FRAMES = 10_000  # that wait in a device until the link takes them: it must lose none


class SlowLink:
    def __init__(self, kbit=0, rtt=RTT):
        if not as_root():
            raise RuntimeError("network namespaces need root (CAP_NET_ADMIN and CAP_SYS_ADMIN)")
        self.server, self.agents = f"edge-slow-s{os.getpid()}", f"edge-slow-a{os.getpid()}"
        self.delay = rtt * 1e3 / 2
        self.words = ["--kbit", kbit, "--queue-ms", rtt * 1e3] if kbit else []
        self.link = None

    @property
    def inside_server(self):
        return ["ip", "netns", "exec", self.server]

    @property
    def inside_agents(self):
        return ["ip", "netns", "exec", self.agents]

    def __enter__(self):
        try:
            for namespace in (self.server, self.agents):
                run("ip", "netns", "add", namespace)
            words = [BIN / "slow-link", self.server, self.agents, DEVICE, "--delay-ms", self.delay, *self.words]
            self.link = subprocess.Popen([str(word) for word in words], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                         text=True, start_new_session=True)
            json.loads(self.link.stdout.readline() or "null") or self._fail()
            for namespace, address in ((self.server, SERVER), (self.agents, AGENTS)):
                run("ip", "-n", namespace, "link", "set", DEVICE, "txqueuelen", str(FRAMES), "up")
                run("ip", "-n", namespace, "link", "set", "lo", "up")
                run("ip", "-n", namespace, "addr", "add", f"{address}/24", "dev", DEVICE)
        except BaseException:
            self.__exit__()
            raise
        return self

    def _fail(self):
        raise RuntimeError(f"slow-link ended with status {self.link.wait(5)}")

    def __exit__(self, *_):
        if self.link:
            self.link.kill()
            self.link.wait()
            self.link.stdin.close()
            self.link.stdout.close()
        for namespace in (self.server, self.agents):
            with contextlib.suppress(RuntimeError):
                run("ip", "netns", "del", namespace)
