"""The load program (tests/bench/fleet) as a process: words in, events out."""
import json
import math
import queue
import subprocess
import threading
import time

from edge import BIN


STARTS_A_SECOND = 400  # a full handshake takes the load's core a millisecond, and other work wants it too


def spread(agents, least):
    """Seconds within which so many agents start."""
    return max(least, math.ceil(agents / STARTS_A_SECOND))


class Fleet:
    """Plays `agents` of those that world has joined. Ends when its stdin does, so that nothing outlives the bench."""

    def __init__(self, world, mode, *options, agents=None, first=0, source="127.0.1.1", sources=50, url=None,
                 prefix=()):
        words = [*prefix, BIN / "fleet", "--state", world.fleet_state, "--first", first, "--agents",
                 agents or world.endpoints, "--source", source, "--sources", sources,
                 *(["--url", url] if url else []), mode, *options]
        self.process = subprocess.Popen([str(word) for word in words], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True, start_new_session=True)
        self.events = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            self.events.put(json.loads(line))
        self.events.put(None)  # it has ended

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self.process.stdin.close()
            self.process.wait(15)
        except (subprocess.TimeoutExpired, BrokenPipeError):
            pass
        finally:
            self.process.kill()
            self.process.wait()

    def tell(self, word):
        self.process.stdin.write(word + "\n")
        self.process.stdin.flush()

    def wait(self, event, timeout, **fields):
        """The next event of that kind and with these fields; those before it are dropped."""
        end = time.monotonic() + timeout
        while True:
            try:
                got = self.events.get(timeout=max(0.001, end - time.monotonic()))
            except queue.Empty:
                raise RuntimeError(f"fleet: no '{event}' {fields or ''} in {timeout} s") from None
            if got is None:
                self.events.put(None)
                raise RuntimeError(f"fleet: ended (status {self.process.wait()}) before '{event}'")
            if got["event"] == "failed":
                raise RuntimeError(f"fleet: {got['reason']}")
            if got["event"] == event and all(got[key] == value for key, value in fields.items()):
                return got

    def report(self):
        self.tell("report")
        return self.wait("report", 30)

    def during(self, seconds):
        """What happened in the next so many seconds."""
        self.tell("mark")
        time.sleep(seconds)
        return self.report()

    def round(self, seconds):
        """A round of `ask` or `bad`."""
        self.tell("go")
        return self.wait("done", seconds + 60)
