"""rss-tunnel-used: what each of 1,000 tunnels keeps after 2 MB went through it both ways, and a minute of idling."""
import tempfile
import time

from figures import mover, openssh
from figures.crowd import QUICK_SSH_TUNNELS, SSH_TUNNELS, Crowd, ssh_memory
from figures.process import rss
from figures.results import TUNNEL, Figure
from figures.world import say

SIZE, QUICK_SIZE = 2_000_000, 100_000


def figures(worlds, wanted, quick):
    world = worlds.crowd()
    count = min(TUNNEL["rss-tunnel-used"].endpoints, world.endpoints)
    size, idle, settled, ssh_count = (QUICK_SIZE, 1, 0.5, QUICK_SSH_TUNNELS) if quick else (SIZE, 60, 5, SSH_TUNNELS)
    with world.server(**{"tunnel.idle": "1h"}):
        time.sleep(settled)
        empty = rss(world.pid)
        with Crowd(world, count) as crowd:
            crowd.open_all(0, count)
            fresh = (rss(world.pid) - empty) / count
            say(f"rss-tunnel-used: {size / 1e6:g} MB both ways through each of {count:,} tunnels")
            mover.move("both", size, *[f"edge:{world.edge.socket}:{name}" for name in world.names()[:count]])
            busy = (rss(world.pid) - empty) / count
            crowd.stay()
            time.sleep(idle)
            ours = (rss(world.pid) - empty) / count
            if crowd.ask("GET", "/v1/status")["tunnels"] < count:
                raise RuntimeError("rss-tunnel-used: tunnels were lost meanwhile")
        theirs = openssh_used(world, ssh_count, size)
    yield Figure("rss-tunnel-used", ours, theirs, ours / theirs, count,
                 f"{fresh:.1f} KB before, {busy:.1f} KB at once after; anchor: sshd's, {ssh_count} of them")


def openssh_used(world, count, size):
    with openssh.server(tempfile.mkdtemp(prefix="ssh-", dir=world.edge.folder) + "/sshd") as sshd, \
            mover.service() as port, openssh.forwards(sshd, count, f"127.0.0.1:{port}") as ports:
        mover.move("both", size, *[f"tcp:127.0.0.1:{each}" for each in ports])
        return ssh_memory(sshd, count)
