"""Stock OpenSSH against our nodes: configured by `edgectl ssh-config --write`, as an operator's is."""
import contextlib
import os
import shlex
import socket
import subprocess
import threading

import pytest

from edge import PATIENCE, eventually


class StockSsh:
    """Programs that speak SSH, with `-F config` where they take one, and `-S`/`-e` like values ready for the others.
    A host is NAME.edge."""

    def __init__(self, edge, endpoint="shop-17"):
        self.edge, self.host = edge, f"{endpoint}.edge"
        self.folder = edge.folder / "ssh"
        self.folder.mkdir(mode=0o700)
        self.config = edge.home / ".ssh" / "config"
        edge.ok("ssh-config", "--write")
        state = edge.home / "state" / "edgectl"
        self.identity, self.known_hosts = state / "id_ed25519", state / "ssh_known_hosts"
        # Of the operator's own, around what --write has put there: an agent that is not root's has no root.
        account = edge.target(endpoint).split("@")[0]
        self.config.write_text(("" if account == "root" else f"User {account}\n") + self.config.read_text() + """
Host *
  PasswordAuthentication no
  BatchMode yes
  ExitOnForwardFailure yes
  LogLevel INFO
""")

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
        process = self.popen(*self.words("-v", "-N", *arguments, self.host), stdin=subprocess.DEVNULL)
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
        self.listen_on(socket.create_server((host, 0), family=family))
        self.port = self.listener.getsockname()[1]

    def listen_on(self, listener):
        self.listener, self.accepted = listener, 0  # connections so far
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            self.accepted += 1
            threading.Thread(target=self.serve, args=(peer,), daemon=True).start()

    def serve(self, peer):
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


def one_reader_stuck(port, server):
    """Of two who come to `server` through a forward's `port`: what is kept for the one is bounded, and the other goes on."""
    slow, other = dial(port), dial(port)
    far, far_other = server.accept()[0], server.accept()[0]
    far.settimeout(1.5)
    sent = 0
    with pytest.raises(TimeoutError):
        while True:
            sent += far.send(bytes(1 << 16))
    assert sent < 40_000_000
    far_other.sendall(b"passes")
    assert other.recv(10) == b"passes"
    far.close()
    assert len(read_all(slow)) == sent
    for peer in (slow, other, far_other):
        peer.close()


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
