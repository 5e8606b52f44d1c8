"""edged and one agent at the two ends of a cable that can be pulled, as they are shipped: no debug log, no test's paces.

edged is on the server core. The operator is beside edged, outside of the cable.
"""
import contextlib

from cable import SERVER, Cable, WiredEdge, run
from edge import BIN, eventually
from figures.process import on_server_core
from figures.world import as_root

NAME = "wired"


class ShippedEdge(WiredEdge):
    def start(self):
        self.init(url_host=SERVER)
        inside = self.cable.inside(self.cable.server_space)
        self.edged = self.spawn([*inside, *on_server_core(BIN / "edged", "--config", self.config)], "edged.log")
        self.edged.wait_log("edged.ready")
        return self

    def node(self):
        inside = self.cable.inside(self.cable.node_space)
        config, agent = self.folder / "agent.yaml", [BIN / "edge-agent", "--state", self.agent_state()]
        config.write_text("# as shipped\n")
        token, edge_id = self.create(NAME)
        run(*inside, *map(str, agent), "join", "--edge-id", edge_id, input=token)
        self.spawn([*inside, *agent, "--config", config, "run"], "agent.log")
        self.wait_held(NAME)


@contextlib.contextmanager
def wired():
    """REQUIRES: root."""
    if not as_root():
        raise RuntimeError("network namespaces need root (CAP_NET_ADMIN and CAP_SYS_ADMIN)")
    cable = Cable()
    try:
        edge = ShippedEdge(cable)
        try:
            edge.start().node()
            yield edge
        finally:
            edge.close()
    finally:
        cable.close()
        eventually(lambda: not cable.alive(), "the namespaces are gone")
