"""`edgectl forward` in tests: one that runs, what it says, and the sockets around it."""
import contextlib
import os
import pathlib
import pwd
import re
import shutil
import socket
import subprocess
import tempfile

from edge import BIN, PATIENCE, eventually
from stock_ssh import Echo

ROOT = os.geteuid() == 0


class Forward:
    """In the foreground; ends with the test."""

    def __init__(self, edge, *arguments, target=None, stands=True):
        self.edge = edge
        self.err_path = pathlib.Path(tempfile.mkdtemp(dir=edge.folder)) / "err"
        with open(self.err_path, "wb") as err:
            self.process = subprocess.Popen([str(BIN / "edgectl"), "forward", target or edge.target(), *map(str, arguments)],
                                            env=edge.environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=err)
        if stands:
            self.wait_for(r"forwarding (?s:.*)")

    def said(self):
        return self.err_path.read_text()

    def wait_for(self, pattern, timeout=PATIENCE):
        def look():
            assert self.process.poll() is None or re.search(pattern, self.said()), f"ended: {self.said()}"
            return re.search(pattern, self.said())
        return eventually(look, f"{pattern} in {self.err_path}", timeout)

    def status(self):
        [status] = [one for one in self.edge.ctl_json("forward", "ls")["items"] if one["process"] == self.process.pid]
        return status

    def port(self):
        """What a port 0 has become, the next one of them."""
        return int(self.process.stdout.readline().decode().rsplit(":", 1)[1])

    def wait(self):
        """Its exit status, when it ends by itself."""
        eventually(lambda: self.process.poll() is not None, f"it ends; {self.err_path}")
        return self.process.returncode

    def end(self, number=15):
        if self.process.poll() is None:
            self.process.send_signal(number)
        status = self.process.wait(PATIENCE)
        self.process.stdout.close()
        return status

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stdout.close()


class UnixEcho(Echo):
    """One on a Unix socket, which notes who connects."""

    def __init__(self, path):
        self.path, self.peers = path, []
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(path))
        listener.listen(64)
        self.listen_on(listener)

    def serve(self, peer):
        self.peers.append(peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
        super().serve(peer)


def is_closed(peer):
    """The other side has ended it, having said nothing; a reset is an end before our bytes were read."""
    try:
        return peer.recv(1) == b""
    except ConnectionResetError:
        return True


def dial_unix(path, timeout=PATIENCE):
    peer = socket.socket(socket.AF_UNIX)
    peer.settimeout(timeout)
    peer.connect(str(path))
    return peer


@contextlib.contextmanager
def postgres(prefix=()):
    """A server of its own, on a Unix socket and on a free port of the loopback; `prefix`: where it runs."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="edge-pg-"))
    folder.chmod(0o755)
    programs = max(pathlib.Path("/usr/lib/postgresql").iterdir(), key=lambda path: float(path.name)) / "bin"
    as_postgres = []
    if ROOT:
        owner = pwd.getpwnam("postgres")
        os.chown(folder, owner.pw_uid, owner.pw_gid)
        as_postgres = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
    port = 5432  # of the socket's name; the loopback is the namespace's own, or not listened on
    run = [*prefix, *as_postgres]
    subprocess.run([*run, programs / "initdb", "-D", folder / "a", "-A", "trust", "-U", "postgres", "--no-sync"],
                   check=True, stdout=subprocess.DEVNULL)
    listen = "127.0.0.1" if prefix else ""
    server = subprocess.Popen([*run, programs / "postgres", "-D", folder / "a", "-p", str(port), "-k", folder,
                               "-c", f"listen_addresses={listen}", "-c", "fsync=off"],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    socket_path = folder / f".s.PGSQL.{port}"
    try:
        eventually(lambda: subprocess.run([programs / "pg_isready", "-q", "-h", folder, "-p", str(port)]).returncode == 0,
                   "postgres is ready")
        yield socket_path
    finally:
        server.send_signal(3)
        server.wait()
        shutil.rmtree(folder, ignore_errors=True)


class Psql:
    """A client that stays: a statement at a time, answered before the next."""

    def __init__(self, host, port, database="postgres"):
        self.process = subprocess.Popen(["psql", "-X", "-q", "-A", "-t", "-h", str(host), "-p", str(port), "-U", "postgres", database],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, bufsize=1)

    def send(self, statement):
        self.process.stdin.write(statement + "\n\\echo done\n")
        self.process.stdin.flush()

    def answer(self):
        lines = []
        while (line := self.process.stdout.readline()) != "done\n":
            assert line, self.process.stderr.read()
            lines.append(line.rstrip("\n"))
        return lines

    def ask(self, statement):
        self.send(statement)
        return self.answer()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.process.stderr.close()
