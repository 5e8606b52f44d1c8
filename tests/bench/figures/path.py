"""path: the whole way that an operator's bytes go, there and back, edged and OpenSSH in turns.

edgectl connect NAME -- cat, through edged to a real edge-agent; ssh -J relay node cat, through one sshd to another.
Both encrypt end to end inside of an encrypted tunnel (OpenSSH's jump goes to the node; edged's tunnel comes from it).
edged and the relay are on the server core, the node and the operator's programs on the other.
"""
import statistics
import tempfile

from edge import BIN
from figures import mover, openssh
from figures.results import Figure
from figures.world import say

SIZE, QUICK_SIZE = 500_000_000, 5_000_000


def as_it_is(*words):
    return list(words)


def jump_config(folder, relay, node):
    """One file for both hops: ssh gives it to the client that makes the jump."""
    path = folder / "ssh_config.jump"
    hosts = [(name, sshd.client_config().read_text().replace("Host *", f"Host {name}"))
             for name, sshd in (("relay", relay), ("node", node))]
    path.write_text("".join(text for _, text in hosts))
    return path


def figures(worlds, wanted, quick):
    rounds, size = (1, QUICK_SIZE) if quick else (3, SIZE)
    world = worlds.small()
    folder = world.edge.folder
    scratch = tempfile.mkdtemp(prefix="path-", dir=folder)
    with world.server(**{"tunnel.idle": "1h"}), world.real_agent(), \
            openssh.server(f"{scratch}/relay") as relay, \
            openssh.server(f"{scratch}/node", place=as_it_is) as node:
        config = jump_config(relay.folder, relay, node)
        by_edge = [BIN / "edgectl", "connect", world.target, "--", "cat"]
        by_ssh = ["ssh", "-F", config, "-J", "relay", "node", "cat"]
        say(f"path: {rounds} rounds of {size / 1e6:,.0f} MB there and back")
        ours, theirs = [], []
        for _ in range(rounds):
            ours.append(mover.through(size, by_edge, world.edge.environment()))
            theirs.append(mover.through(size, by_ssh, None))
        value, anchor = statistics.median(ours), statistics.median(theirs)
        yield Figure("path", value, anchor, value / anchor, 1,
                     f"{rounds} rounds of {size / 1e6:,.0f} MB there and as many back at the same time")
