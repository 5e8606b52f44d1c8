"""Twenty real agents: fifteen beside edged, and five behind a cable that can be pulled; and two that are not started."""
import concurrent.futures
import contextlib
import json
import re
import signal
import subprocess
import tempfile

from cable import run, wired
from edge import BIN, eventually

COUNT, CUT = 20, 5
NAMES = [f"shop-{number:05}" for number in range(1, COUNT + 1)]
STAYING, FAR_AWAY = NAMES[CUT:], NAMES[:CUT]
LATE = ["till-00001", "till-00002"]


class Run:
    """An `edgectl exec` that runs; its output goes to files, so that nobody has to read meanwhile."""

    def __init__(self, fleet, *arguments, stdin=subprocess.DEVNULL, **options):
        self.out, self.err = tempfile.TemporaryFile("w+"), tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen([str(BIN / "edgectl"), "exec", *map(str, arguments)], env=fleet.environment(),
                                        stdin=stdin, stdout=self.out, stderr=self.err, **options)

    def interrupt(self):
        self.process.send_signal(signal.SIGINT)

    def text(self, file):
        file.seek(0)
        return file.read()

    def says(self, pattern, timeout=20):
        eventually(lambda: re.search(pattern, self.text(self.err)), f"{pattern} in {self.text(self.err)}", timeout)

    def end(self, timeout=60):
        try:
            status = self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise AssertionError(f"it goes on:\n{self.text(self.err)}") from None
        return status, self.text(self.out), self.text(self.err)


def inside(edge, name):
    return edge.cable.inside(edge.cable.node_space if name in FAR_AWAY else edge.cable.server_space)


def join(edge, one):
    name = one["endpoint"]["name"]
    run(*inside(edge, name), BIN / "edge-agent", "--state", edge.agent_state(name), "join", "--no-start",
        "--edge-id", one["edge-id"], input=one["token"])


def start(edge, name):
    """An agent, of one of the late ones with its association: that counts as a sign of life."""
    if name in LATE:
        join(edge, edge.late.pop(name))
    edge.start_agent(name, prefix=inside(edge, name))


def create(edge, prefix, count):
    return edge.ctl_json("endpoint", "create", "--count", count, "--prefix", prefix)["items"]


@contextlib.contextmanager
def twenty():
    with wired() as edge:
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda one: join(edge, one), create(edge, "shop", COUNT)))
        edge.late = {one["endpoint"]["name"]: one for one in create(edge, "till", len(LATE))}
        for name in NAMES:
            start(edge, name)
        edge.run_exec = lambda *arguments, **options: Run(edge, *arguments, **options)
        edge.exec = lambda *arguments, **options: edge.ctl("exec", *arguments, **options)
        eventually(lambda: sum(e["state"] == "online" for e in edge.ctl_json("ls")["items"]) == COUNT, "all are online", 60)
        yield edge


def objects(text):
    return {one["name"]: one for one in map(json.loads, text.splitlines())}
