"""Stock OpenSSH as the agent: `ssh -N -R` with issued credentials opens a tunnel that edged counts as open."""
import contextlib
import http.server
import os
import subprocess
import threading

import pytest

from edge import eventually
from poll_client import raw_agent
from test_tunnel import offer_of


class Pong(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked.append(f"{self.command} {self.path}")
        self.send_response(404)  # any HTTP answer at all
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_POST = do_GET

    def log_message(self, *_):
        pass


@pytest.fixture
def web():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Pong)
    server.asked = []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


@contextlib.contextmanager
def stock_ssh(edge, offer, password, web_port, *options, forward="edge:1"):
    askpass = edge.folder / "askpass"
    askpass.write_text("#!/bin/sh\nprintf '%s\\n' \"$TUNNEL_PASSWORD\"\n")
    askpass.chmod(0o700)
    command = ["ssh", "-N", "-F", "none", "-o", f"UserKnownHostsFile={edge.folder}/known_hosts",
               "-o", "StrictHostKeyChecking=accept-new", "-o", "ExitOnForwardFailure=yes",
               "-o", "PreferredAuthentications=password", "-o", "NumberOfPasswordPrompts=1", *options,
               "-R", f"{forward}:127.0.0.1:{web_port}", "-p", str(edge.tunnel_port), f"{offer['tunnel']}@localhost"]
    environment = {**os.environ, "SSH_ASKPASS": str(askpass), "SSH_ASKPASS_REQUIRE": "force",
                   "TUNNEL_PASSWORD": password, "DISPLAY": "none"}
    process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def test_stock_ssh_opens_a_tunnel_that_counts_as_open(edge, web):
    agent = raw_agent(edge)
    with edge.required():
        offer, password = offer_of(agent)
        with stock_ssh(edge, offer, password, web.server_port):
            edge.wait_tunnel("open")
            assert edge.ctl_json("status")["tunnels"] == 1
            assert "GET /v1/ping" in web.asked
            eventually(lambda: "GET /v1/session" in web.asked, "the operator's request went through the tunnel")


def test_an_operator_is_told_that_stock_ssh_serves_no_sessions(edge, web):
    agent = raw_agent(edge)
    operator = edge.popen_connect("shop-17", "--wait", "20s", "--", "true")
    try:
        offer, password = offer_of(agent)
        with stock_ssh(edge, offer, password, web.server_port):
            _, err = operator.communicate(timeout=15)
            assert operator.returncode == 255 and b"offers no sessions" in err
    finally:
        operator.kill()
        operator.communicate()


def test_an_idle_tunnel_of_stock_ssh_closes_without_a_snapshot(edge, web):
    edge.set("tunnel.idle", "400ms")
    agent = raw_agent(edge)
    operator = edge.popen_connect("shop-17", "--wait", "20s", "--", "true")
    try:
        offer, password = offer_of(agent)
        with stock_ssh(edge, offer, password, web.server_port) as process:
            operator.communicate(timeout=15)
            edge.wait_tunnel("idle", timeout=5)
            assert process.wait(10) == 255, "edged closed the connection"
        assert "POST /v1/snapshot" in web.asked and "POST /v1/close" in web.asked
    finally:
        operator.kill()
        operator.communicate()


def test_stock_ssh_sees_the_host_key_that_edged_shows(edge, web):
    agent = raw_agent(edge)
    with edge.required():
        offer, password = offer_of(agent)
        with stock_ssh(edge, offer, password, web.server_port):
            edge.wait_tunnel("open")
    shown = subprocess.run(["ssh-keygen", "-l", "-f", str(edge.folder / "known_hosts")], capture_output=True, text=True)
    assert edge.ctl_json("status")["host-key"] in shown.stdout


@pytest.mark.parametrize("forward", ["edge:2", "localhost:1", "0.0.0.0:1", "edge:0"])
def test_stock_ssh_gets_no_other_forward(edge, web, forward):
    agent = raw_agent(edge)
    with edge.required():
        offer, password = offer_of(agent)
        with stock_ssh(edge, offer, password, web.server_port, forward=forward) as process:
            assert process.wait(10) == 255
            assert "remote port forwarding failed" in process.stderr.read()


def test_stock_ssh_with_a_wrong_password_is_refused(edge, web):
    agent = raw_agent(edge)
    with edge.required():
        offer, _ = offer_of(agent)
        with stock_ssh(edge, offer, "wrong", web.server_port) as process:
            assert process.wait(10) == 255
            assert "Permission denied" in process.stderr.read()
    assert edge.ctl_json("status")["tunnels"] == 0


@pytest.mark.parametrize("old", ["Ciphers=aes128-ctr", "Ciphers=aes256-cbc", "KexAlgorithms=diffie-hellman-group14-sha256",
                                 "KexAlgorithms=ecdh-sha2-nistp256", "HostKeyAlgorithms=rsa-sha2-512"])
def test_only_modern_algorithms_are_spoken(edge, web, old):
    offer = {"tunnel": "0" * 32}
    with stock_ssh(edge, offer, "x", web.server_port, "-o", old) as process:
        assert process.wait(10) == 255
        assert "no matching" in process.stderr.read()


@pytest.mark.parametrize("cipher", ["aes128-gcm@openssh.com", "aes256-gcm@openssh.com", "chacha20-poly1305@openssh.com"])
def test_every_modern_cipher_of_stock_ssh_works(edge, web, cipher):
    agent = raw_agent(edge)
    with edge.required():
        offer, password = offer_of(agent)
        with stock_ssh(edge, offer, password, web.server_port, "-o", f"Ciphers={cipher}"):
            edge.wait_tunnel("open")
