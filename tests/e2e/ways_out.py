"""What stands between an agent and its server: real proxies, names that only some know, addresses that swallow."""
import contextlib
import os
import socket

from edge import eventually, free_port

USER, PASSWORD = "alice", "hunter2-3fa8"  # nothing else is called that: it must be in no log


def knowing(folder, *lines):
    """Words to put ahead of a program's: /etc/hosts has these lines, for it alone."""
    hosts = folder / f"hosts-{abs(hash(lines))}"
    hosts.write_text("".join(f"{line}\n" for line in ("127.0.0.1 localhost", *lines)))
    private = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--map-root-user", "--mount"]
    return [*private, "sh", "-c", 'mount --bind "$0" /etc/hosts && exec "$@"', hosts]


class RealProxy:
    def __init__(self, edge, login=False, host="127.0.0.1", prefix=(), more=""):
        self.login, self.host, self.port, self.more = login, host, free_port(), more
        self.address = f"[{host}]:{self.port}" if ":" in host else f"{host}:{self.port}"
        self.program = edge.spawn([*prefix, *self.command(edge)], f"{self.name}.log")
        eventually(self.listens, f"{self.name} listens")

    def listens(self):
        assert self.program.process.poll() is None, self.program.log()
        with contextlib.suppress(OSError):
            socket.create_connection((self.host, self.port), 1).close()
            return True

    def url(self, password=PASSWORD):
        return f"{self.scheme}://{f'{USER}:{password}@' if self.login else ''}{self.address}"

    def carried(self, target):
        """Has it opened a way to there?"""
        return self.says_of(target) in self.program.log()


class TinyProxy(RealProxy):
    name, scheme = "tinyproxy", "http"

    def command(self, edge):
        file = edge.folder / f"tinyproxy-{self.port}.conf"
        login = f"BasicAuth {USER} {PASSWORD}\n" if self.login else ""
        file.write_text(f"Port {self.port}\nListen {self.host}\nTimeout 600\nMaxClients 50\nLogLevel Connect\n{login}{self.more}")
        return ["tinyproxy", "-d", "-c", file]

    def says_of(self, target):
        return f"CONNECT {target} HTTP/1.1"


class MicroSocks(RealProxy):
    name, scheme = "microsocks", "socks5h"

    def command(self, edge):
        return ["microsocks", "-i", self.host, "-p", self.port, *(["-u", USER, "-P", PASSWORD] if self.login else [])]

    def says_of(self, target):
        host, port = target.rsplit(":", 1)
        return f"connected to {host.strip('[]')}:{port}"


PROXIES = {"http": TinyProxy, "socks5": MicroSocks}


@contextlib.contextmanager
def swallowing(host="127.0.0.1", port=0):
    """The port of an address that never answers: its queue is full, so the kernel drops what comes."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with contextlib.ExitStack() as open_sockets:
        full = open_sockets.enter_context(socket.socket(family))
        full.bind((host, port))
        full.listen(0)
        for _ in range(4):
            waiting = open_sockets.enter_context(socket.socket(family))
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
        yield full.getsockname()[1]
