"""A server and a node in network namespaces of their own, and a cable between them that can be pulled.

Needs root, as namespaces do. The admin socket is a path, so operators come in from outside.
"""
import contextlib
import itertools
import os
import pathlib
import subprocess

from edge import BIN, Edge, eventually

SERVER, NODE = "10.77.0.1", "10.77.0.2"
numbers = itertools.count()


def run(*words, **options):
    done = subprocess.run(words, capture_output=True, text=True, **options)
    assert done.returncode == 0, f"{words}: {done.stderr}"
    return done.stdout


class Cable:
    def __init__(self):
        assert os.geteuid() == 0, "network namespaces need root"
        ident = f"edge{os.getpid()}x{next(numbers)}"
        self.server_space, self.node_space = ident + "s", ident + "n"
        for space in (self.server_space, self.node_space):
            run("ip", "netns", "add", space)
            run("ip", "-n", space, "link", "set", "lo", "up")
        run("ip", "-n", self.server_space, "link", "add", "eth0", "type", "veth", "peer", "name", "eth0", "netns", self.node_space)
        for space, address in ((self.server_space, SERVER), (self.node_space, NODE)):
            run("ip", "-n", space, "addr", "add", f"{address}/24", "dev", "eth0")
            run("ip", "-n", space, "link", "set", "eth0", "up")

    def inside(self, space):
        return ["nsenter", f"--net=/run/netns/{space}"]

    def pull(self):
        run("ip", "-n", self.node_space, "link", "set", "eth0", "down")

    def plug(self):
        run("ip", "-n", self.node_space, "link", "set", "eth0", "up")

    def slow(self, rate):
        """Bits a second, each way. What is in flight fits into the queue, so nothing is lost; what a socket takes of
        its program is much more, as it is after an hour of bulk. For connections that are made afterwards."""
        for space in (self.server_space, self.node_space):
            run(*self.inside(space), "sysctl", "-qw", "net.ipv4.tcp_rmem=4096 65536 65536", "net.ipv4.tcp_wmem=4096 4194304 4194304")
            run("tc", "-n", space, "qdisc", "add", "dev", "eth0", "root", "tbf", "rate", rate, "burst", "16k", "latency", "100ms")

    def flows(self, port):
        """The node's own ports of its connections to a port of the server."""
        lines = run(*self.inside(self.node_space), "ss", "-Htn", "state", "established", f"dport = :{port}").splitlines()
        return [int(line.split()[2].rsplit(":", 1)[1]) for line in lines]

    def forget(self, port):
        """What a NAT does that has forgotten its flows: nothing of them arrives any more, and nobody is told."""
        flows = self.flows(port)
        assert flows, "a flow to forget"
        for space, which in ((self.server_space, "sport"), (self.node_space, "dport")):
            rules = "".join(f"  tcp {which} {flow} drop\n" for flow in flows)
            run(*self.inside(space), "nft", "-f", "-",
                input=f"table inet forgotten {{\n chain in {{\n  type filter hook input priority 0;\n{rules} }}\n}}\n")
        return flows

    def alive(self):
        return any(pathlib.Path(f"/run/netns/{space}").exists() for space in (self.server_space, self.node_space))

    def close(self):
        for space in (self.server_space, self.node_space):
            subprocess.run(["ip", "netns", "del", space], capture_output=True)


class WiredEdge(Edge):
    """edged at one end of the cable; `node` puts an agent at the other."""

    def __init__(self, cable, **settings):
        super().__init__(**settings)
        self.cable = cable

    def start(self, **_):
        self.init(url_host=SERVER)
        self.edged = self.spawn([*self.cable.inside(self.cable.server_space), BIN / "edged", "--config", self.config,
                                 "--log-level", "debug"], "edged.log")
        self.edged.wait_log("edged.ready")
        return self

    def node(self, endpoint="shop-17", name="agent", **settings):
        inside = self.cable.inside(self.cable.node_space)
        token, edge_id = self.create(endpoint)
        run(*inside, BIN / "edge-agent", "--state", self.agent_state(name), "join", "--edge-id", edge_id, input=token)
        agent = self.start_agent(name, self.agent_config(name, **settings), prefix=inside)
        self.wait_state("online", endpoint)
        return agent


@contextlib.contextmanager
def wired(**settings):
    cable = Cable()
    try:
        edge = WiredEdge(cable, **settings)
        try:
            yield edge.start()
        finally:
            edge.close()
    finally:
        cable.close()
        eventually(lambda: not cable.alive(), "the namespaces are gone")
