"""edged and OpenSSH as two ways over two hops: the operator's bytes go through a relay to a node.

edged with a real edge-agent; one sshd as the relay and another as the node. edged and the relay are on the server core,
the node and the operator's programs on the other.
"""
import contextlib
import tempfile

from figures import openssh


def as_it_is(*words):
    return list(words)


def jump_config(relay, node):
    """One file for both hops: ssh gives it to the client that makes the jump."""
    path = relay.folder / "ssh_config.jump"
    hosts = [(name, sshd.client_config().read_text().replace("Host *", f"Host {name}"))
             for name, sshd in (("relay", relay), ("node", node))]
    path.write_text("".join(text for _, text in hosts))
    return path


@contextlib.contextmanager
def both_ways(world):
    """edged with an agent of the endpoint `world.target`; and the file that knows the hosts relay and node."""
    scratch = tempfile.mkdtemp(prefix="jump-", dir=world.edge.folder)
    with world.server(**{"tunnel.idle": "1h"}), world.real_agent(), \
            openssh.server(f"{scratch}/relay") as relay, \
            openssh.server(f"{scratch}/node", place=as_it_is) as node:
        yield jump_config(relay, node)
