"""One edged and its agents in a scratch folder: what every end-to-end test starts from.

Real binaries, free ports, no root needed. Nothing here sleeps for a fixed time: it waits for what it can see (a file,
a log line, a state in `edgectl -o json`) up to a deadline.
"""
import contextlib
import json
import os
import pathlib
import pwd
import random
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("EDGE_BIN", ROOT / "build" / "release" / "bin"))
for name in ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY"):
    os.environ.pop(name, None)  # agents would dial through it
PATIENCE = float(os.environ.get("EDGE_PATIENCE", "20"))  # seconds; a sanitizer run wants more


def free_port():
    """A port that nobody has, and that no connection of another test is given before a server takes it: the kernel
    takes those from 32768 on."""
    while True:
        port = random.randrange(12_000, 32_000)
        with socket.socket(socket.AF_INET6) as probe:
            try:
                probe.bind(("::", port))
            except OSError:
                continue
            return port


def eventually(check, what, timeout=PATIENCE):
    """Waits until check() is true, and gives what it gave."""
    end = time.monotonic() + timeout
    while True:
        value = check()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not within {timeout} s: {what}")
        time.sleep(0.02)


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def processes(*argv):
    """Ids of the live processes that run exactly these words."""
    wanted, found = "\0".join(argv).encode() + b"\0", []
    for entry in os.listdir("/proc"):
        try:
            if entry.isdigit() and pathlib.Path(f"/proc/{entry}/cmdline").read_bytes() == wanted and alive(entry):
                found.append(int(entry))
        except OSError:
            pass  # it ended meanwhile
    return found


class Program:
    """A daemon of ours: started, watched by its log, stopped; never left behind."""

    def __init__(self, arguments, log, env=None):
        self.arguments, self.log_path, self.env = [str(a) for a in arguments], log, env
        self.process = None
        self.start()

    def start(self):
        self.log_start = self.log_path.stat().st_size if self.log_path.exists() else 0
        log = open(self.log_path, "ab")
        self.process = subprocess.Popen(self.arguments, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                        env={**os.environ, **(self.env or {})}, start_new_session=True)
        log.close()

    @property
    def pid(self):
        return self.process.pid

    def log(self, whole=False):
        text = self.log_path.read_text(errors="replace")
        return text if whole else text.encode()[self.log_start:].decode(errors="replace")

    def wait_log(self, pattern, timeout=PATIENCE):
        try:
            return eventually(lambda: re.search(pattern, self.log()), repr(pattern), timeout)
        except AssertionError as late:
            raise AssertionError(f"{late} in {self.log_path}:\n{self.log()[-3000:]}") from None

    def send(self, number):
        self.process.send_signal(number)

    def wait(self, timeout=PATIENCE):
        return self.process.wait(timeout)

    def stop(self, number=signal.SIGTERM, timeout=PATIENCE):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.send_signal(number)
        return self.process.wait(timeout)

    def kill(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()


class Edge:
    """A server and the agents that join it."""

    def __init__(self, folder=None, **settings):
        self.folder = pathlib.Path(folder or tempfile.mkdtemp(prefix="edge-e2e-"))
        self.programs = []
        self.poll_port, self.tunnel_port = free_port(), free_port()
        self.config = self.folder / "edged.yaml"
        self.socket = self.folder / "run" / "admin.sock"
        self.home = self.folder / "home"
        self.home.mkdir()
        self.settings = settings
        self.edged = None

    def init(self, url_host="localhost", poll_dialled=None, tunnel_dialled=None):
        """`poll_dialled`, `tunnel_dialled`: ports that agents are told, where a proxy stands in front."""
        done = self.run("edged", "init", "--config", self.config,
                        "--url", f"https://{url_host}:{poll_dialled or self.poll_port}",
                        "--tunnel", f"{url_host}:{tunnel_dialled or self.tunnel_port}",
                        "--poll-listen", f"[::]:{self.poll_port}", "--tunnel-listen", f"[::]:{self.tunnel_port}")
        assert done.returncode == 0, done.stderr
        text = self.config.read_text()
        for key, value in self.settings.items():
            name = re.escape(key.split(".")[1])  # written as a comment in its section, with its default
            text, found = re.subn(rf"(?m)^  #{name}: .*$", f"  {key.split('.')[1]}: {value}", text)
            assert found == 1, key
        self.config.write_text(text)
        return self

    def start(self, **kwargs):
        if not self.config.exists():
            self.init()
        self.edged = self.spawn([BIN / "edged", "--config", self.config, "--log-level", "debug"], "edged.log", **kwargs)
        self.edged.wait_log("edged.ready")
        return self

    def spawn(self, arguments, log, env=None):
        program = Program(arguments, self.folder / log, env)
        self.programs.append(program)
        return program

    def restart(self, number=signal.SIGTERM):
        self.edged.stop(number)
        self.edged.start()
        self.edged.wait_log("edged.ready")

    def environment(self, **more):
        return {**os.environ, "EDGECTL_SOCKET": str(self.socket), "HOME": str(self.home), "TERM": "xterm",
                "XDG_STATE_HOME": str(self.home / "state"), "XDG_CONFIG_HOME": str(self.home / "config"), **more}

    def run(self, program, *arguments, input=None, timeout=60, text=True, env=None):
        options = {"stdin": subprocess.DEVNULL} if input is None else {"input": input}
        return subprocess.run([str(BIN / program), *map(str, arguments)], capture_output=True, text=text,
                              timeout=timeout, env=self.environment(**(env or {})), **options)

    def ctl(self, *arguments, **options):
        return self.run("edgectl", *arguments, **options)

    def ctl_json(self, *arguments):
        done = self.ctl(*arguments, "-o", "json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def ok(self, *arguments, **options):
        done = self.ctl(*arguments, **options)
        assert done.returncode == 0, f"{arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def set(self, key, value, endpoint=None):
        self.ok("settings", "set", key, value, *(["--endpoint", endpoint] if endpoint else []))

    def create(self, name="shop-17", *arguments):
        made = self.ctl_json("endpoint", "create", name, *arguments)
        return made["token"], made["edge-id"]

    def endpoint(self, name="shop-17"):
        return self.ctl_json("endpoint", "show", name)

    def tunnel_state(self, name="shop-17"):
        return self.endpoint(name)["tunnel"]["state"]

    def wait_tunnel(self, state, name="shop-17", timeout=PATIENCE):
        eventually(lambda: self.tunnel_state(name) == state, f"tunnel of {name} is {state}", timeout)

    def wait_state(self, state, name="shop-17", timeout=PATIENCE):
        eventually(lambda: self.endpoint(name)["state"] == state, f"{name} is {state}", timeout)

    def agent_state(self, name="agent"):
        return self.folder / name

    def agent_config(self, name="agent", **settings):
        path = self.folder / f"{name}.yaml"
        sections = {}
        for key, value in {"check-in.backoff-least": "50ms", "check-in.backoff-most": "500ms", **settings}.items():
            section, key_name = key.split(".")
            sections.setdefault(section, []).append(f"  {key_name}: {value}")
        path.write_text("".join(f"{s}:\n" + "\n".join(lines) + "\n" for s, lines in sections.items()))
        return path

    def join(self, token, edge_id=None, name="agent", *arguments):
        edge = ["--edge-id", edge_id] if edge_id else []
        return self.run("edge-agent", "--state", self.agent_state(name), "join", *edge, *arguments, input=token)

    def start_agent(self, name="agent", config=None, env=None, prefix=()):
        config = config or self.agent_config(name)
        return self.spawn([*prefix, BIN / "edge-agent", "--config", config, "--state", self.agent_state(name), "--log-level", "debug",
                           "run"], f"{name}.log", env)

    def node(self, endpoint="shop-17", name="agent", **settings):
        """An endpoint with one agent that checks in."""
        token, edge_id = self.create(endpoint)
        joined = self.join(token, edge_id, name)
        assert joined.returncode == 0, joined.stderr
        agent = self.start_agent(name, self.agent_config(name, **settings))
        self.wait_state("online", endpoint)
        return agent

    def wait_held(self, endpoint="shop-17", count=1):
        eventually(lambda: sum(i["held"] for i in self.endpoint(endpoint)["instances"]) == count,
                   f"{count} held check-ins of {endpoint}")

    def target(self, endpoint="shop-17"):
        """An account that this machine's agent may give a shell of, whoever runs the tests."""
        return f"{pwd.getpwuid(os.geteuid()).pw_name}@{endpoint}"

    def connect(self, *arguments, **options):
        return self.ctl("connect", *arguments, **options)

    def popen_connect(self, *arguments, **options):
        return subprocess.Popen([str(BIN / "edgectl"), "connect", *map(str, arguments)], env=self.environment(),
                                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)

    @contextlib.contextmanager
    def required(self, endpoint="shop-17"):
        """An operator who waits for a tunnel of the endpoint, and leaves at the end."""
        operator = self.popen_connect(endpoint, "--wait", "60s", "--", "true")
        try:
            yield operator
        finally:
            operator.kill()
            operator.communicate()

    def close(self):
        for program in reversed(self.programs):
            program.kill()
        shutil.rmtree(self.folder, ignore_errors=True)
