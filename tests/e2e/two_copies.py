"""Two copies at once through edgectl connect, one each way, paced so that what happens to them happens in the middle."""
import contextlib
import hashlib
import threading
import time

from edge import eventually
from test_resume import MB, hash_of, random_file, size_of

CHUNK = 64 * 1024
REASONABLE = 180  # seconds, for what is left of a copy on a path that works


class Copies:
    def __init__(self, edge, folder, megabytes=60, rate=20):
        self.edge, self.rate = edge, rate * MB
        self.source, self.there = folder / "source", folder / "there"
        self.digest = random_file(self.source, megabytes)
        self.arrived, self.received = hashlib.sha256(), 0
        self.up = edge.popen_connect("shop-17", "--", "sh", "-c", f"'cat > {self.there}'")
        self.down = edge.popen_connect("shop-17", "--", "cat", self.source)
        self.down.stdin.close()
        self.threads = [threading.Thread(target=work, daemon=True) for work in (self._feed, self._take)]
        for thread in self.threads:
            thread.start()

    def _paced(self, chunks):
        """Passes them on, and waits for as long as each of them is worth."""
        started, passed = time.monotonic(), 0
        for chunk in chunks:
            yield chunk
            passed += len(chunk)
            ahead = passed / self.rate - (time.monotonic() - started)
            if ahead > 0:
                time.sleep(ahead)
            elif ahead < -0.5:  # it has waited: no burst for it
                started, passed = time.monotonic(), 0

    def _feed(self):
        with open(self.source, "rb") as source, contextlib.suppress(OSError):
            for chunk in self._paced(iter(lambda: source.read(CHUNK), b"")):
                self.up.stdin.write(chunk)
            self.up.stdin.close()

    def _take(self):
        for chunk in self._paced(iter(lambda: self.down.stdout.read1(CHUNK), b"")):
            self.arrived.update(chunk)
            self.received += len(chunk)

    def go_on(self, timeout=60):
        """Waits until more of both has come."""
        up, down = size_of(self.there) + MB, self.received + MB
        assert all(thread.is_alive() for thread in self.threads), f"one is over: {self.ends()}"
        try:
            eventually(lambda: size_of(self.there) > up and self.received > down, "both copies go on", timeout)
        except AssertionError as late:
            raise AssertionError(f"{late}: {self.ends()}") from None

    def ends(self):
        return [running.poll() for running in (self.up, self.down)], size_of(self.there), self.received

    def finish(self, timeout=REASONABLE):
        """Both end well, and every byte came, once and in its place."""
        end = time.monotonic() + timeout
        for thread in self.threads:
            thread.join(max(0, end - time.monotonic()))
            assert not thread.is_alive(), f"not within {timeout} s: {self.ends()}"
        for running in (self.up, self.down):
            assert running.wait(30) == 0, running.stderr.read().decode()
        assert hash_of(self.there) == self.digest
        assert self.arrived.hexdigest() == self.digest

    def close(self):
        for running in (self.up, self.down):
            running.kill()
            running.wait()
        for thread in self.threads:
            thread.join(10)
        for running in (self.up, self.down):
            for pipe in (running.stdin, running.stdout, running.stderr):
                with contextlib.suppress(OSError):
                    pipe.close()


@contextlib.contextmanager
def copying(edge, folder, **how):
    copies = Copies(edge, folder, **how)
    try:
        copies.go_on()
        yield copies
    finally:
        copies.close()
