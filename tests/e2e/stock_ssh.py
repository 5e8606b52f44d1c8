"""Stock OpenSSH against one of our nodes: a configuration, a known host and an identity, as an operator has them.

Run as a program it is the ProxyCommand, until edged's own is there: PROXY below is the one line to change then.
"""
import base64
import contextlib
import hashlib
import os
import pathlib
import re
import selectors
import shlex
import socket
import subprocess
import sys
import threading

from edge import PATIENCE, eventually

FOLDER = pathlib.Path(__file__).resolve().parent
# %n: the host as the operator wrote it.
PROXY = "/usr/bin/python3 {program} {socket} %n {identity}.pub"


class StockSsh:
    """Programs that speak SSH, with `-F config` where they take one, and `-S`/`-e` like values ready for the others."""

    def __init__(self, edge, endpoint="shop-17"):
        self.edge, self.endpoint = edge, endpoint
        self.folder = edge.folder / "ssh"
        self.folder.mkdir(mode=0o700)
        self.identity = self.folder / "identity"
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", self.identity], check=True)
        self.known_hosts = self.folder / "known_hosts"
        self.config = self.folder / "config"
        self.known_hosts.write_text(f"{endpoint} {self.host_key()}\n")
        proxy = PROXY.format(program=shlex.quote(str(FOLDER / "stock_ssh.py")), socket=edge.socket, identity=self.identity)
        self.config.write_text(f"""Host *
  User {edge.target(endpoint).split('@')[0]}
  ProxyCommand {proxy}
  HostKeyAlgorithms ssh-ed25519
  UserKnownHostsFile {self.known_hosts}
  GlobalKnownHostsFile /dev/null
  StrictHostKeyChecking yes
  IdentityFile {self.identity}
  IdentitiesOnly yes
  PasswordAuthentication no
  BatchMode yes
  ExitOnForwardFailure yes
  LogLevel INFO
""")

    def host_key(self):
        """Of the node: as a session's answer names it, and as it was pinned."""
        near, head = ask(self.edge.socket, self.endpoint, f"{self.identity}.pub")
        near.close()
        key = re.search(r"(?m)^Edge-Host-Key: (ssh-ed25519 \S+)\r$", head)[1]
        digest = hashlib.sha256(base64.b64decode(key.split()[1])).digest()
        pinned = self.edge.endpoint(self.endpoint)["instances"][0]["host-key"]
        assert pinned == "SHA256:" + base64.b64encode(digest).decode().rstrip("=")
        return key

    def environment(self, **more):
        return self.edge.environment(**{"SSH_AUTH_SOCK": "", **more})

    def words(self, *arguments):
        return ["ssh", "-F", str(self.config), *map(str, arguments)]

    def line(self):
        """`ssh -F ...` as one text, for rsync -e, GIT_SSH_COMMAND and the like."""
        return shlex.join(self.words())

    def run(self, *words, input=None, timeout=60, env=None, **options):
        options = {"input": input, **options} if input is not None else {"stdin": subprocess.DEVNULL, **options}
        return subprocess.run([str(word) for word in words], capture_output=True, text=options.pop("text", True),
                              timeout=timeout, env=self.environment(**(env or {})), **options)

    def ssh(self, *arguments, **options):
        return self.run(*self.words(*arguments), **options)

    def popen(self, *words, env=None, **options):
        return subprocess.Popen([str(word) for word in words], env=self.environment(**(env or {})),
                                **{"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options})

    @contextlib.contextmanager
    def forwarding(self, *arguments):
        """An `ssh -N` with these forwards, once all of them are there; ends with the block."""
        process = self.popen(*self.words("-v", "-N", *arguments, self.endpoint), stdin=subprocess.DEVNULL)
        lines = []
        ready = threading.Event()

        def read():
            for line in process.stderr:
                lines.append(line.decode(errors="replace"))
                # The last that a client says before it only waits.
                wanted = "all expected forwarding replies received" if "-R" in arguments else "Entering interactive session"
                if wanted in lines[-1]:
                    ready.set()
            ready.set()

        reader = threading.Thread(target=read, daemon=True)
        reader.start()
        try:
            assert ready.wait(20), "".join(lines)
            process.lines = lines
            yield process
        finally:
            process.kill()
            process.wait()
            reader.join(10)
            process.stderr.close()
            process.stdout.close()

    @contextlib.contextmanager
    def agent(self):
        """An ssh-agent with one key, as the operator's own; gives what its environment needs, and the key's blob."""
        path = self.folder / "operators-agent"
        process = subprocess.Popen(["ssh-agent", "-D", "-a", path], stdout=subprocess.DEVNULL)
        try:
            for _ in range(1000):
                added = subprocess.run(["ssh-add", "-q", self.identity], env={**os.environ, "SSH_AUTH_SOCK": str(path)},
                                       capture_output=True)
                if added.returncode == 0:
                    break
            assert added.returncode == 0, added.stderr
            yield {"SSH_AUTH_SOCK": str(path)}, self.identity.with_suffix(".pub").read_text().split()[1]
        finally:
            process.terminate()
            process.wait()


class Echo:
    """A server on this machine that gives back what it gets, and after the end of it the word END."""

    def __init__(self, host="127.0.0.1"):
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.listener = socket.create_server((host, 0), family=family)
        self.port = self.listener.getsockname()[1]
        self.accepted = 0  # connections so far
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            self.accepted += 1
            threading.Thread(target=self.serve, args=(peer,), daemon=True).start()

    @staticmethod
    def serve(peer):
        with peer:
            try:
                while part := peer.recv(1 << 16):
                    peer.sendall(part)
                peer.sendall(b"END")
            except OSError:
                pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()


def read_all(peer):
    whole = bytearray()
    while part := peer.recv(1 << 16):
        whole += part
    return bytes(whole)


def dial(port, host="127.0.0.1", timeout=PATIENCE):
    peer = socket.create_connection((host, port), timeout)
    peer.settimeout(timeout)
    return peer


def exchange(peer, size=3_000_000):
    """What is sent through an Echo, both directions at once, half-closed in between."""
    sent = os.urandom(size)

    def send():
        peer.sendall(sent)
        peer.shutdown(socket.SHUT_WR)
    sender = threading.Thread(target=send)
    sender.start()
    back = read_all(peer)
    sender.join()
    return sent + b"END" == back


@contextlib.contextmanager
def made_account():
    """An account that is not root and may log in; gone afterwards. Takes root."""
    name = f"edge-e2e-{os.getpid()}"
    subprocess.run(["useradd", "--create-home", "--shell", "/bin/sh", name], check=True)
    try:
        yield name
    finally:
        eventually(lambda: subprocess.run(["userdel", "--remove", name], capture_output=True).returncode == 0, "the account is gone")


def ask(path, endpoint, key_file):
    near = socket.socket(socket.AF_UNIX)
    near.connect(str(path))
    kind, blob = open(key_file).read().split()[:2]
    base64.b64decode(blob, validate=True)
    near.sendall(f"GET /v1/endpoints/{endpoint}/session?wait=30s HTTP/1.1\r\nHost: edge\r\nConnection: Upgrade\r\n"
                 f"Upgrade: ssh\r\nEdge-Session-Key: {kind} {blob}\r\n\r\n".encode())
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        octet = near.recv(1)  # what follows the 101 is ssh's
        if not octet:
            break
        head += octet
    return near, head.decode()


def proxy(path, endpoint, key_file):
    near, head = ask(path, endpoint, key_file)
    if not head.startswith("HTTP/1.1 101 "):
        sys.stderr.write(head + near.recv(4096).decode())
        return 1
    return copy(near)


def copy(near):
    ways = {0: near.fileno(), near.fileno(): 1}
    watch = selectors.DefaultSelector()
    for source in ways:
        watch.register(source, selectors.EVENT_READ)
    while watch.get_map():
        for event, _ in watch.select():
            part = os.read(event.fd, 1 << 17)
            left = memoryview(part)
            while left:
                left = left[os.write(ways[event.fd], left):]
            if part:
                continue
            watch.unregister(event.fd)
            if event.fd != 0:
                return 0
            near.shutdown(socket.SHUT_WR)
    return 0


if __name__ == "__main__":
    sys.exit(proxy(*sys.argv[1:4]))
