"""The two that take turns: a tunnel of edged's and one of OpenSSH's, with the same cipher and the same far end."""
import contextlib
import statistics
import tempfile

from figures import mover, openssh
from figures.load import Fleet
from figures.process import CoreTime
from figures.results import CIPHERS


class Side:
    """Where bytes are moved to, and whose CPU that takes."""

    def __init__(self, name, target, pids, inside=()):
        self.name, self.target, self.pids, self.inside = name, target, pids, list(inside)

    def move(self, way, size):
        """MB/s, and how it was measured."""
        with CoreTime(self.pids()) as core:
            speed, = mover.move(way, size, self.target, prefix=self.inside)
        return speed, core

    def echoes(self, seconds, pause=0):
        return mover.echoes(self.target, seconds, self.inside, pause)

    def bulk(self, way):
        return mover.bulk(way, self.target, self.inside)


@contextlib.contextmanager
def edged(world, cipher="aes", number=0, inside_agents=()):
    """A tunnel of the endpoint with that number; one that is left open is as good."""
    offer = [] if cipher == "aes" else ["--cipher", CIPHERS[cipher]]  # the agent's own choice is AES
    with Fleet(world, "tunnels", "--spread", 0, *offer, agents=1, first=number, prefix=inside_agents,
               sources=0) as fleet:
        fleet.wait("all", 60)
        yield Side("edged", f"edge:{world.edge.socket}:{world.names()[number]}", lambda: [world.pid])


@contextlib.contextmanager
def ssh(world, cipher="aes", server_address="127.0.0.1", agents_address="127.0.0.1", inside_server=(),
        inside_agents=()):
    folder = tempfile.mkdtemp(prefix="ssh-", dir=world.edge.folder) + "/sshd"
    with mover.service(agents_address, inside_agents) as port, \
            openssh.server(folder, address=server_address, inside=inside_server) as sshd, \
            openssh.forwards(sshd, 1, f"{agents_address}:{port}", cipher, inside_agents) as ports:
        yield Side("OpenSSH", f"tcp:127.0.0.1:{ports[0]}", sshd.pids, inside_server)


class Turns:
    """What a side has shown in each of its turns."""

    def __init__(self, side):
        self.side, self.speeds, self.costs, self.shares, self.foreign = side, [], [], [], []

    def take(self, way, size):
        speed, core = self.side.move(way, size)
        self.speeds.append(speed)
        self.costs.append(core.cpu / (size / 1e9))
        self.shares.append(core.share)
        self.foreign.append(core.foreign)

    def median(self, what):
        return statistics.median(getattr(self, what))


def percents(turns, what):
    return " and ".join(f"{turn.median(what):.0%}" for turn in turns)
