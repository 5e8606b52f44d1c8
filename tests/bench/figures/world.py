"""One edged with thousands of endpoints that have associated: made once, and each figure starts from a copy of it."""
import contextlib
import http.client
import json
import os
import pathlib
import resource
import shutil
import socket
import sys
import tempfile
import time

from edge import BIN, Edge, eventually
from figures.load import Fleet
from figures.process import on_server_core

PREFIX = "x"
REAL = "real"  # the endpoint of a real edge-agent
SPARE_DESCRIPTORS = 500
STARTED = time.monotonic()


def say(text):
    print(f"bench: {time.monotonic() - STARTED:6.1f} s  {text}", file=sys.stderr, flush=True)


class AdminSocket(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("edge", timeout=30)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class World:
    def __init__(self, endpoints, host="127.0.0.1", inside=()):
        """`inside`: words that run a program in the network namespace that has the address `host`."""
        self.endpoints, self.host, self.inside = endpoints, host, list(inside)
        have = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        if have < endpoints + SPARE_DESCRIPTORS:
            raise SystemExit(f"bench: {endpoints} endpoints need {endpoints + SPARE_DESCRIPTORS} descriptors, "
                             f"and {have} are allowed")
        resource.setrlimit(resource.RLIMIT_NOFILE, (have, have))
        # One loop: every figure is one core's.
        self.edge = Edge(tempfile.mkdtemp(prefix="edge-bench-"), **{"limits.loops": 1})
        self.fleet_state = self.edge.folder / "fleet"
        self.state, self.prepared = self.edge.folder / "state", self.edge.folder / "state.prepared"
        self.edge.folder.chmod(0o755)

    def names(self):
        return [f"{PREFIX}-{number:05}" for number in range(1, self.endpoints + 1)]

    @property
    def pid(self):
        return self.edge.edged.pid

    def prepare(self):
        """In memory where there is room for it: each association waits for a disk, and none of that is measured."""
        memory = pathlib.Path("/dev/shm")
        folder = tempfile.mkdtemp(prefix="edge-bench-", dir=memory if os.access(memory, os.W_OK) else self.edge.folder)
        try:
            self.state.symlink_to(folder)
            self._fill()
            shutil.copytree(folder, self.prepared)
            self.state.unlink()
        finally:
            shutil.rmtree(folder)

    def _fill(self):
        started = time.monotonic()
        self.edge.init(url_host=self.host)
        self.start()
        created = self.edge.folder / "created.json"
        done = self.edge.ok("endpoint", "create", "--count", self.endpoints, "--prefix", PREFIX, "-o", "json")
        created.write_text(done.stdout)
        made = time.monotonic()
        with Fleet(self, "join", "--created", created, sources=0, prefix=self.inside) as joining:
            joining.wait("joined", 900)
        if not self.inside:
            token, edge_id = self.edge.create(REAL)
            joined = self.edge.join(token, edge_id, "agent", "--no-start")
            if joined.returncode != 0:
                raise SystemExit(f"bench: {joined.stderr}")
        self.edge.edged.stop()
        say(f"{self.endpoints:,} endpoints created in {made - started:.1f} s and associated in "
            f"{time.monotonic() - made:.1f} s")

    def start(self, prefix=()):
        # As it is shipped: no debug log, which the tests have on.
        self.edge.edged = self.edge.spawn([*(prefix or self.inside), *on_server_core(BIN / "edged", "--config", self.edge.config)],
                                          "edged.log")
        self.edge.edged.wait_log("edged.ready")

    @contextlib.contextmanager
    def server(self, prefix=(), **settings):
        """edged with the prepared endpoints, on its core. `hold="off"` is check-in.hold."""
        shutil.rmtree(self.state, ignore_errors=True)
        shutil.copytree(self.prepared, self.state)
        self.start(prefix)
        try:
            for name, value in settings.items():
                self.edge.set(name if "." in name else f"check-in.{name}", value)
            yield self
        finally:
            self.edge.edged.kill()

    def ask(self, target):
        connection = AdminSocket(self.edge.socket)
        try:
            connection.request("GET", target)
            return json.loads(connection.getresponse().read())
        finally:
            connection.close()

    def status(self):
        return self.ask("/v1/status")

    def wait_held(self, count, timeout):
        eventually(lambda: self.status()["held"] >= count, f"{count} check-ins are held", timeout)

    @contextlib.contextmanager
    def real_agent(self):
        """A real edge-agent; its check-ins are held also where the others poll."""
        self.edge.set("check-in.hold", "55s", REAL)
        config = self.edge.agent_config("agent")
        agent = self.edge.spawn([BIN / "edge-agent", "--config", config, "--state", self.edge.agent_state(), "run"],
                                "agent.log")
        try:
            self.edge.wait_held(REAL)
            yield agent
        finally:
            agent.kill()

    def close(self):
        self.edge.close()

    @property
    def target(self):
        return self.edge.target(REAL)

    def url(self, host=None):
        return f"https://{host or self.host}:{self.edge.poll_port}"


def as_root():
    return os.geteuid() == 0
