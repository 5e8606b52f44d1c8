"""The proxies of docs/proxies: the real programs with the files that operators are given.

Only addresses, ports, names, paths and sizes are put in; each has to be found in the file, so that the documented
one cannot drift away from what is tested.
"""
import contextlib
import re
import signal
import socket
import subprocess

from edge import ROOT, eventually, free_port

# What the proxy dials edged from. Of its own, so that nobody else here is trusted by accident.
ADDRESS = "127.0.0.20"
FILES = ROOT / "docs" / "proxies"


def make_certificate(folder, name="localhost"):
    certificate, key = folder / "proxy.crt", folder / "proxy.key"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-keyout", key, "-out", certificate, "-days", "2", "-subj", f"/CN={name}",
                    "-addext", f"subjectAltName=DNS:{name}"], check=True, capture_output=True)
    (folder / "proxy.pem").write_text(certificate.read_text() + key.read_text())
    return certificate


def pin_of(certificate):
    """By the commands of the page, as an operator would."""
    page = (ROOT / "docs" / "behind-a-proxy.md").read_text()
    command = re.search(r"```sh\n(openssl x509 -in .*?)```", page, re.S).group(1)
    done = subprocess.run(["sh", "-c", command.replace("edge.example.com.crt", str(certificate))],
                          check=True, capture_output=True, text=True)
    return done.stdout.strip()


def configuration(name, changes):
    text = (FILES / name).read_text()
    for old, new in changes:
        assert old in text, f"{name}: no {old!r}"
        text = text.replace(old, new)
    left = [line for line in text.splitlines() if re.search(r"192\.0\.2\.|example\.com|/etc/(haproxy|nginx)/",
                                                            line.split("#")[0])]
    assert not left, left
    return text


class Proxied:
    """An edged whose agents are told to dial a proxy; `patience`: how long that waits for an answer, as in its file."""

    def __init__(self, edge, ends_tls, patience=None, **settings):
        self.edge, self.ends_tls, self.patience = edge, ends_tls, patience
        self.poll_port, self.tunnel_port = free_port(), free_port()
        self.certificate = make_certificate(edge.folder)
        self.pin = pin_of(self.certificate)
        edge.settings = {"proxy.trusted": f"[{ADDRESS}]", **settings}
        if ends_tls:
            edge.settings["poll.pins"] = f'["{self.pin}"]'
        edge.init(poll_dialled=self.poll_port, tunnel_dialled=self.tunnel_port).start()
        self.program = self.start()

    def stop(self):
        # Not killed: nginx's workers would stay.
        self.program.stop(signal.SIGTERM)

    def spawn(self, text, arguments):
        file = self.edge.folder / f"{self.name}.cfg"
        file.write_text(text)
        program = self.edge.spawn([*arguments, file], f"{self.name}.log")
        self.wait_listening(program)
        return program

    def wait_listening(self, program):
        def listens():
            assert program.process.poll() is None, program.log()
            try:
                for port in (self.poll_port, self.tunnel_port):
                    socket.create_connection(("127.0.0.1", port), 1).close()
            except OSError:
                return False
            return True
        eventually(listens, f"{self.name} listens")


class HaProxy(Proxied):
    def __init__(self, edge, name, **settings):
        self.name = name
        super().__init__(edge, ends_tls="http" in name, **settings)

    def start(self):
        edge = self.edge
        changes = [
            ("    user haproxy\n    group haproxy\n", ""),  # whoever runs the tests
            ("maxconn 40000", "maxconn 500"),
            ("log /dev/log local0", "log stdout format raw local0"),
            ("bind :::9000 v4v6", f"bind :::{self.poll_port} v4v6"),
            ("bind :::8000 v4v6", f"bind :::{self.tunnel_port} v4v6"),
            ("edged 192.0.2.10:9000", f"edged 127.0.0.1:{edge.poll_port} source {ADDRESS}"),
            ("edged 192.0.2.10:8000", f"edged 127.0.0.1:{edge.tunnel_port} source {ADDRESS}"),
        ]
        if self.ends_tls:
            changes += [("/etc/haproxy/edge.example.com.pem", str(edge.folder / "proxy.pem")),
                        ("/etc/haproxy/edged.crt", str(edge.folder / "tls.crt")),
                        ("edge.example.com", "localhost")]
        if self.patience and self.ends_tls:
            changes += [("timeout server 75s", f"timeout server {self.patience}")]
        elif self.patience:
            changes += [(f"timeout {side} 150s", f"timeout {side} {self.patience}") for side in ("client", "server")]
        return self.spawn(configuration(f"{self.name}.cfg", changes), ["haproxy", "-db", "-f"])


class Nginx(Proxied):
    name = "nginx"

    def __init__(self, edge, **settings):
        super().__init__(edge, ends_tls=True, **settings)

    def start(self):
        edge = self.edge
        scratch = edge.folder / "nginx"
        scratch.mkdir()
        temporary = "".join(f"    {kind}_temp_path {scratch}/{kind};\n"
                            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        changes = [
            ("user www-data;\n", ""),  # whoever runs the tests
            ("worker_processes auto", "worker_processes 1"),
            ("worker_rlimit_nofile 65536;\n", ""),
            ("worker_connections 20000", "worker_connections 500"),
            ("/run/nginx.pid", str(scratch / "pid")),
            ("/var/log/nginx/error.log", "stderr"),
            # Whatever else is enabled on this machine stays out.
            ("include /etc/nginx/modules-enabled/*.conf", "load_module /usr/lib/nginx/modules/ngx_stream_module.so"),
            ("http {\n", "http {\n" + temporary),
            ("listen [::]:9000", f"listen [::]:{self.poll_port}"),
            ("listen [::]:8000", f"listen [::]:{self.tunnel_port}"),
            ("server 192.0.2.10:9000", f"server 127.0.0.1:{edge.poll_port}"),
            ("proxy_pass 192.0.2.10:8000;", f"proxy_pass 127.0.0.1:{edge.tunnel_port}; proxy_bind {ADDRESS};"),
            ("proxy_pass https://edged_poll;", f"proxy_pass https://edged_poll; proxy_bind {ADDRESS};"),
            ("/etc/nginx/edge.example.com", str(edge.folder / "proxy")),
            ("/etc/nginx/edged.crt", str(edge.folder / "tls.crt")),
            ("edge.example.com", "localhost"),
        ]
        if self.patience:
            changes += [("proxy_read_timeout 75s", f"proxy_read_timeout {self.patience}")]
        return self.spawn(configuration("nginx.conf", changes), ["nginx", "-e", "stderr", "-g", "daemon off;", "-c"])


KINDS = {
    "haproxy-tcp": lambda edge, **settings: HaProxy(edge, "haproxy-tcp", **settings),
    "haproxy-http": lambda edge, **settings: HaProxy(edge, "haproxy-http", **settings),
    "nginx": Nginx,
}


@contextlib.contextmanager
def proxied(edge, kind, **settings):
    proxy = KINDS[kind](edge, **settings)
    try:
        yield proxy
    finally:
        proxy.stop()
