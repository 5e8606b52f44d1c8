"""Sessions outlive the network and edged: what runs in them, ours or stock OpenSSH's, only sees that bytes come late."""
import hashlib
import os
import pathlib
import shlex
import signal
import subprocess
import threading
import time

import pytest

from cable import wired
from edge import BIN, PATIENCE, eventually

LONG = bool(os.environ.get("EDGE_LONG"))
MB = 1_000_000


@pytest.fixture
def cabled():
    with wired() as edge:
        edge.agent = edge.node()
        edge.wait_held()
        yield edge


def random_file(path, megabytes):
    """Bytes that do not compress and do not repeat; and their hash."""
    digest = hashlib.sha256()
    with open(path, "wb") as file:
        for _ in range(megabytes):
            part = os.urandom(MB)
            digest.update(part)
            file.write(part)
    return digest.hexdigest()


def hash_of(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def ssh_options(edge):
    """Of stock OpenSSH, through edgectl proxy."""
    proxy = f"{shlex.quote(str(BIN / 'edgectl'))} --socket {shlex.quote(str(edge.socket))} proxy %n"
    return ["-F", "none", "-o", f"ProxyCommand={proxy}", "-o", f"IdentityFile={edge.home}/state/edgectl/id_ed25519",
            "-o", "IdentitiesOnly=yes", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
            "-o", "LogLevel=ERROR", "-o", "BatchMode=yes"]


def start(edge, *words, **options):
    return subprocess.Popen([str(word) for word in words], env=edge.environment(), stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)


def size_of(path):
    return path.stat().st_size if path.exists() else 0


def kill_edged(edge, pause=0.0):
    edge.edged.send(signal.SIGKILL)
    edge.edged.process.wait()
    time.sleep(pause)  # how long it is away: not something to wait for
    edge.edged.start()
    edge.edged.wait_log("edged.ready")


def cut(edge, seconds):
    edge.cable.pull()
    time.sleep(seconds)  # how long the network is away
    edge.cable.plug()


def test_scp_through_the_proxy_survives_a_cut_and_a_kill_of_edged(cabled, tmp_path):
    megabytes, away = (500, 30) if LONG else (120, 5)
    source, target = tmp_path / "source", tmp_path / "target"
    digest = random_file(source, megabytes)
    edge = cabled
    assert edge.connect("shop-17", "--", "true").returncode == 0
    # The operator's identity is there from the first use on.
    edge.run("edgectl", "proxy", "shop-17", input="", timeout=30)
    scp = start(edge, "scp", "-O", "-l", "400000", *ssh_options(edge), source, f"{edge.target()}:{target}")
    try:
        eventually(lambda: size_of(target) > 10 * MB, "the copy is under way")
        cut(edge, away)
        before = size_of(target)
        eventually(lambda: size_of(target) > before + 10 * MB, "the copy goes on after the cut", 60)
        kill_edged(edge)
        out, err = scp.communicate(timeout=300)
    finally:
        scp.kill()
        scp.communicate()
    assert scp.returncode == 0, err
    assert hash_of(target) == digest
