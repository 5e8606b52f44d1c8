"""Which algorithms the tunnel port offers: those of docs/tunnel-protocol.md and no other."""
import asyncio
import re
import socket
import subprocess

import pytest

from edge import ROOT, Edge
from ssh_client import SshClient, take_text

POLICY = ROOT / "tests" / "e2e" / "ssh-audit.policy"


@pytest.fixture(scope="module")
def edge():
    server = Edge()
    try:
        yield server.start()
    finally:
        server.close()


def test_nothing_but_the_algorithms_of_the_design_is_offered(edge):
    with SshClient(edge.tunnel_port).banner() as client:
        client.kexinit()
    lists, at = [], 17
    for _ in range(10):
        names, at = take_text(client.theirs, at)
        lists.append(set(names.decode().split(",")) - {""})
    kex, keys, *ciphers = lists
    assert kex - {"kex-strict-s-v00@openssh.com", "ext-info-s"} <= {"curve25519-sha256", "curve25519-sha256@libssh.org"}
    assert "curve25519-sha256" in kex and keys == {"ssh-ed25519"}
    modern = {"aes128-gcm@openssh.com", "aes256-gcm@openssh.com", "chacha20-poly1305@openssh.com"}
    assert ciphers[0] == ciphers[1] == modern
    assert ciphers[4] == ciphers[5] == {"none"}, "no compression"


def audit(edge, policy):
    return subprocess.run(["ssh-audit", "-P", str(policy), "-p", str(edge.tunnel_port), "localhost"],
                          capture_output=True, text=True, timeout=60)


def test_ssh_audit_finds_what_the_policy_says(edge):
    done = audit(edge, POLICY)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("line", ["key exchanges", "host keys", "ciphers", "macs", "compressions"])
def test_ssh_audit_fails_where_the_policy_says_something_else(edge, tmp_path, line):
    changed, found = re.subn(rf"(?m)^{line} = .*$", f"{line} = something-else", POLICY.read_text())
    assert found == 1
    broken = tmp_path / "policy"
    broken.write_text(changed)
    assert audit(edge, broken).returncode == 3


def test_a_client_of_yesterday_gets_no_key_exchange(edge):
    """paramiko of Debian 12 knows no cipher that comes with its own integrity."""
    import paramiko
    with socket.create_connection(("localhost", edge.tunnel_port), 5) as plain:
        transport = paramiko.Transport(plain)
        try:
            with pytest.raises(paramiko.SSHException):
                transport.start_client(timeout=5)
        finally:
            transport.close()


@pytest.mark.parametrize("cipher", ["aes128-gcm@openssh.com", "aes256-gcm@openssh.com", "chacha20-poly1305@openssh.com"])
def test_each_cipher_of_the_design_works(edge, cipher):
    """With chacha20-poly1305, whose nonce is the sequence number, both sides reset theirs (strict key exchange)."""
    import asyncssh

    async def knock():
        with pytest.raises(asyncssh.PermissionDenied):
            await asyncssh.connect("localhost", edge.tunnel_port, username="root", password="wrong", known_hosts=None,
                                   client_keys=None, agent_path=None, config=None, encryption_algs=[cipher])
    asyncio.run(asyncio.wait_for(knock(), 20))
