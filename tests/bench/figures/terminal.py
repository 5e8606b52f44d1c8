"""A terminal whose keys come back from a `cat` on the far side: what an operator types, and sees again."""
import os
import pty
import select
import subprocess
import time

# The far terminal gives back nothing by itself, so an echo has been to a program there and back.
FAR = "stty raw -echo; echo ready; exec cat"
KEYS = bytes(range(ord("a"), ord("z") + 1))
READY_DEADLINE = 30  # seconds


class Terminal:
    def __init__(self, words, env, log):
        self.log = open(log, "a+b")  # what the program says of itself: on the terminal it would look like an echo
        self.master, slave = pty.openpty()
        self.process = subprocess.Popen([str(word) for word in words], stdin=slave, stdout=slave, stderr=self.log,
                                        env=env, start_new_session=True)
        os.close(slave)
        self.typed, self.seen = bytearray(), bytearray()

    def __enter__(self):
        try:
            end, greeting = time.monotonic() + READY_DEADLINE, b""
            while b"ready" not in greeting:
                greeting += self._read(end - time.monotonic())
                if time.monotonic() > end:
                    self._fail(f"not ready after {READY_DEADLINE} s")
            while self._read(0.2):  # the end of the line
                pass
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        os.close(self.master)
        self.log.close()

    def _fail(self, what):
        self.log.seek(0)
        raise RuntimeError(f"{what}: {self.log.read().decode(errors='replace')[-500:]}")

    def _read(self, seconds):
        if not select.select([self.master], [], [], max(0, seconds))[0]:
            return b""
        try:
            return os.read(self.master, 4096)
        except OSError:  # nobody has the other end any more
            self._fail(f"the session ended, exit {self.process.wait()}")

    def press(self):
        """The next key; so that one that is lost, doubled or overtaken is known by its neighbours."""
        key = KEYS[len(self.typed) % len(KEYS)]
        self.typed.append(key)
        os.write(self.master, bytes([key]))

    def listen(self, seconds):
        """Whether an echo came in that time."""
        came = self._read(seconds)
        self.seen += came
        return bool(came)

    def echo(self, patience):
        """Seconds that one key took."""
        started = time.monotonic()
        self.press()
        if not self.listen(patience):
            self._fail(f"no echo in {patience} s")
        return time.monotonic() - started

    def settle(self, patience):
        """Until all that was typed has come back, and nothing else has."""
        end = time.monotonic() + patience
        while len(self.seen) < len(self.typed) and time.monotonic() < end:
            self.listen(0.1)
        if self.seen != self.typed:
            self._fail(f"{len(self.typed)} keys were typed and {len(self.seen)} came back, or others")
