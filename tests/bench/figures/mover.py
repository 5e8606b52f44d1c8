"""The program that moves bytes (tests/bench/mover) as words in, numbers out."""
import contextlib
import json
import subprocess

from edge import BIN

ENDLESS = 1 << 50


def lines(*words, prefix=(), timeout=600, env=None):
    done = subprocess.run([str(word) for word in (*prefix, BIN / "mover", *words)], capture_output=True, text=True,
                          timeout=timeout, stdin=subprocess.DEVNULL, env=env)
    if done.returncode != 0:
        raise RuntimeError(f"mover {words[0]}: {done.stderr.strip()[-500:]}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def move(way, size, *targets, prefix=()):
    """MB/s of each target."""
    return [moved["bytes"] / moved["seconds"] / 1e6
            for moved in lines(way, "--bytes", size, *targets, prefix=prefix)]


def through(size, command, env):
    """MB/s through a command that sends back what it gets."""
    moved, = lines("pipe", "--bytes", size, *command, env=env)
    return moved["bytes"] / moved["seconds"] / 1e6


def echoes(target, seconds, prefix=(), pause=0):
    """Seconds that each of many single bytes took."""
    took, = lines("echo", "--seconds", seconds, "--pause", pause, target, prefix=prefix)
    return took["took"]


@contextlib.contextmanager
def running(*words, prefix=()):
    process = subprocess.Popen([str(word) for word in (*prefix, BIN / "mover", *words)], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, text=True, start_new_session=True)
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()


@contextlib.contextmanager
def bulk(way, target, prefix=()):
    """A stream that moves bytes for as long as the block runs."""
    size = 0 if way == "up" else ENDLESS
    with running(way, "--bytes", size, target, prefix=prefix) as process:
        yield process
        if process.poll() is not None:
            raise RuntimeError(f"the bulk stream {way} ended by itself")


@contextlib.contextmanager
def service(address="127.0.0.1", prefix=()):
    """The scripted service on a TCP port of that address, which is given."""
    with running("serve", "--listen", address, prefix=prefix) as process:
        yield json.loads(process.stdout.readline())["port"]
