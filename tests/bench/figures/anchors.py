"""The servers that edged is compared with: same certificate, same core, 204 to a check-in, TLS 1.3."""
import contextlib
import shutil
import socket

from edge import BIN, eventually, free_port
from figures.process import on_server_core

# One process that is also its only worker. What it answers is as long as edged's, ticket and all, so that the load
# program asks it with requests of the same size.
NGINX = """
daemon off; master_process off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/nginx.log warn;
worker_rlimit_nofile 20000;
events {{ worker_connections 19000; }}
http {{
  access_log off; keepalive_requests 1000000000; keepalive_timeout 1h; client_header_timeout 1h;
  client_body_temp_path {folder}/1; proxy_temp_path {folder}/2; fastcgi_temp_path {folder}/3;
  uwsgi_temp_path {folder}/4; scgi_temp_path {folder}/5;
  server {{
    listen 127.0.0.1:{port} ssl backlog=4096; ssl_protocols TLSv1.3;
    ssl_certificate {certificate}; ssl_certificate_key {key};
    location = /v1/check-in {{ add_header Edge-Next 5/0; add_header Edge-Ticket x; return 204; }}
  }}
}}
"""


class Anchor:
    def __init__(self, program, port):
        self.pid, self.url = program.pid, f"https://127.0.0.1:{port}"


def answers(port):
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True


@contextlib.contextmanager
def running(world, words, port, log):
    program = world.edge.spawn(on_server_core(*words), log)
    try:
        eventually(lambda: answers(port) or program.process.poll() is not None, f"{words[0]} answers")
        if program.process.poll() is not None:
            raise RuntimeError(f"{words[0]} ended: {program.log()[-500:]}")
        yield Anchor(program, port)
    finally:
        program.kill()


def certificate(world):
    return world.edge.folder / "tls.crt", world.edge.folder / "tls.key"


@contextlib.contextmanager
def nginx(world):
    program = shutil.which("nginx", path="/usr/sbin:/usr/bin:/sbin:/bin")
    if not program:
        raise RuntimeError("nginx is not installed (package nginx)")
    folder, port = world.edge.folder / "nginx", free_port()
    folder.mkdir(exist_ok=True)
    crt, key = certificate(world)
    config = folder / "nginx.conf"
    config.write_text(NGINX.format(folder=folder, port=port, certificate=crt, key=key))
    with running(world, [program, "-p", folder, "-e", folder / "nginx.log", "-c", config], port, "nginx.out") as anchor:
        yield anchor


@contextlib.contextmanager
def httplib(world):
    port = free_port()
    crt, key = certificate(world)
    with running(world, [BIN / "httplib-server", crt, key, port], port, "httplib.out") as anchor:
        yield anchor
