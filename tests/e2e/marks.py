"""Far commands that can be found again: whether a session left a process behind is seen in /proc, not in a log."""
import os
import random
import signal

from edge import eventually, processes


class Marks:
    """`sleep` commands, each with a duration that no other process on this machine sleeps."""

    def __init__(self):
        self.given = []

    def new(self):
        mark = f"98765.{random.randrange(10**9)}"
        self.given.append(mark)
        return f"sleep {mark}"

    @staticmethod
    def find(command):
        return processes(*command.split())

    def started(self, command, timeout=20):
        return eventually(lambda: self.find(command), f"{command} runs", timeout)

    def gone(self, command, timeout=10):
        eventually(lambda: not self.find(command), f"{command} is gone, no orphan", timeout)

    def close(self):
        for mark in self.given:
            for pid in processes("sleep", mark):
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
