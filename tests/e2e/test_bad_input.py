"""Bad input at start-up and on every port: a clear error, and nothing lost. Secrets stay out of every log."""
import contextlib
import gzip
import hashlib
import json
import os
import pwd
import re
import signal
import socket
import sqlite3
import stat
import subprocess
import time

import pytest

from edge import BIN, Edge, eventually
from poll_client import Connection, RawAgent, raw_agent
from test_tunnel import login

IS_ROOT = os.geteuid() == 0


def start_fails(edge, *arguments, prefix=()):
    """edged is started and must give up by itself."""
    command = [*prefix, BIN / "edged", "--config", edge.config, *arguments]
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=20, stdin=subprocess.DEVNULL)
    assert done.returncode not in (0, -signal.SIGSEGV, -signal.SIGABRT), done
    return done


def set_key(edge, path, value):
    """Sets a live or a commented key of the generated configuration."""
    name = re.escape(path.split(".")[-1])
    text = edge.config.read_text()
    text, found = re.subn(rf"(?m)^( *)#?{name}:.*$", rf"\g<1>{path.split('.')[-1]}: {value}", text, count=1)
    assert found
    edge.config.write_text(text)


@contextlib.contextmanager
def small_disk(folder, options):
    """A file system of its own at `folder`: only root can mount one."""
    folder.mkdir(parents=True, exist_ok=True)
    if not IS_ROOT:
        pytest.skip("needs root: mounts a tmpfs to have a full or read-only disk")
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "edge-e2e", str(folder)], capture_output=True, text=True)
    if mounted.returncode != 0:
        pytest.skip(f"this machine lets nobody mount a tmpfs: {mounted.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


# --- edged does not start

@pytest.mark.parametrize("which", ["poll_port", "tunnel_port"])
def test_a_port_in_use_is_named(bare, which):
    bare.init()
    with socket.create_server(("::", getattr(bare, which)), family=socket.AF_INET6, dualstack_ipv6=True):
        failed = start_fails(bare)
    assert f"cannot listen on [::]:{getattr(bare, which)}: Address already in use" in failed.stderr
    assert not bare.socket.exists()


def test_a_port_that_is_in_use_for_ipv4_only_is_named_too(bare):
    bare.init()
    with socket.create_server(("0.0.0.0", bare.poll_port)):
        failed = start_fails(bare)
    assert f":{bare.poll_port}: Address already in use" in failed.stderr


def test_a_port_in_use_leaves_a_store_that_opens_again(bare):
    bare.init().start()
    bare.create()
    bare.edged.stop()
    with socket.create_server(("::", bare.poll_port), family=socket.AF_INET6):
        start_fails(bare)
    bare.start()
    assert bare.endpoint()["state"] == "new"


KEYS = ["tls.key", "ssh_host_ed25519_key"]


@pytest.mark.parametrize("key", KEYS)
def test_a_key_that_others_may_read_is_refused(bare, key):
    bare.init()
    (bare.folder / key).chmod(0o644)
    failed = start_fails(bare)
    assert str(bare.folder / key) in failed.stderr and "chmod 600" in failed.stderr


@pytest.mark.parametrize("key", KEYS)
def test_a_key_that_cannot_be_read_is_named(bare, key):
    bare.init()
    path = bare.folder / key
    prefix = ()
    if IS_ROOT:  # root reads everything, so somebody else starts it
        nobody = pwd.getpwnam("nobody")
        for file in [bare.folder, *bare.folder.rglob("*")]:
            os.chown(file, nobody.pw_uid, nobody.pw_gid)
        os.chown(path, 0, 0)
        prefix = ("setpriv", "--reuid=nobody", f"--regid={nobody.pw_gid}", "--clear-groups")
    else:
        path.chmod(0)
    failed = start_fails(bare, prefix=prefix)
    assert str(path) in failed.stderr and "Permission denied" in failed.stderr


@pytest.mark.parametrize("file", ["tls.crt", *KEYS])
def test_a_missing_key_or_certificate_is_named_and_none_is_made(bare, file):
    bare.init()
    (bare.folder / file).unlink()
    failed = start_fails(bare)
    assert str(bare.folder / file) in failed.stderr
    assert not (bare.folder / file).exists(), "agents pin the old one"


@pytest.mark.parametrize("file", ["tls.crt", *KEYS])
def test_a_key_or_certificate_that_is_garbage_is_named(bare, file):
    bare.init()
    (bare.folder / file).write_text("garbage\n")
    assert str(bare.folder / file) in start_fails(bare).stderr


def test_a_certificate_of_another_key_is_refused(bare):
    bare.init()
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "9",
                    "-subj", "/CN=x", "-keyout", bare.folder / "other.key", "-out", bare.folder / "tls.crt"],
                   check=True, capture_output=True)
    assert str(bare.folder / "tls.crt") in start_fails(bare).stderr


def test_a_store_of_a_newer_version_is_refused_and_untouched(bare):
    bare.init().start()
    bare.create()
    bare.edged.stop()
    file = next((bare.folder / "state").glob("*.db"))
    with sqlite3.connect(file) as store:
        store.execute("UPDATE meta SET value = '999' WHERE name = 'schema'")
    store.close()
    before = hashlib.sha256(file.read_bytes()).hexdigest()
    failed = start_fails(bare)
    assert "newer edged (schema 999" in failed.stderr and str(file) in failed.stderr
    assert hashlib.sha256(file.read_bytes()).hexdigest() == before


def test_a_store_that_is_no_database_is_refused_and_untouched(bare):
    bare.init().start()
    bare.edged.stop()
    file = next((bare.folder / "state").glob("*.db"))
    file.write_bytes(b"precious" * 1000)
    assert str(file) in start_fails(bare).stderr
    assert file.read_bytes() == b"precious" * 1000


def test_a_second_edged_on_the_same_state_folder_is_refused(edge):
    other = Edge()
    try:
        other.init()
        set_key(other, "state", edge.folder / "state")
        failed = start_fails(other)
        assert "another edged uses it" in failed.stderr and str(edge.edged.pid) in failed.stderr
        assert edge.ctl("status").returncode == 0
    finally:
        other.close()


def test_the_same_edged_twice_is_refused_and_the_first_goes_on(edge):
    agent = edge.node()
    failed = start_fails(edge)
    assert "another edged uses it" in failed.stderr
    assert edge.socket.exists() and edge.connect(edge.target(), "--", "true").returncode == 0
    assert agent.process.poll() is None


def test_a_stale_lock_and_socket_of_a_killed_edged_do_not_matter(edge):
    edge.create()
    edge.restart(signal.SIGKILL)
    assert edge.endpoint()["state"] == "new"


# --- the disk

def test_a_state_folder_on_a_read_only_disk_is_refused(bare):
    bare.init()
    with small_disk(bare.folder / "disk", "size=1m") as disk:
        set_key(bare, "state", disk / "state")
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        failed = start_fails(bare)
    assert str(disk) in failed.stderr and "Read-only file system" in failed.stderr


def test_a_store_that_became_read_only_answers_an_error_and_stays_up(bare):
    bare.init()
    with small_disk(bare.folder / "disk", "size=8m") as disk:
        set_key(bare, "state", disk / "state")
        bare.start()
        try:
            agent = raw_agent(bare)
            subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=False, capture_output=True)
            if os.access(disk, os.W_OK) and not os.statvfs(disk).f_flag & os.ST_RDONLY:
                fill(disk)  # open files keep it writable: a full disk is the next best thing
            refused = bare.ctl("endpoint", "create", "shop-18")
            assert refused.returncode == 1, refused
            assert agent.check_in().status == 204, "check-ins need no disk"
            assert [e["name"] for e in bare.ctl_json("endpoint", "ls")["items"]] == ["shop-17"]
        finally:
            bare.edged.kill()


def fill(disk):
    with contextlib.suppress(OSError), open(disk / "filler", "wb", buffering=0) as filler:
        while True:
            filler.write(b"x" * 4096)


def test_a_full_disk_fails_the_one_request_and_leaves_no_partial_record(bare):
    bare.init()
    with small_disk(bare.folder / "disk", "size=4m") as disk:
        set_key(bare, "state", disk / "state")
        bare.start()
        try:
            agent = raw_agent(bare, "shop-17")
            token, edge_id = bare.create("shop-18")
            fill(disk)
            refused = None
            for number in range(200):  # the log of the store may have room for some
                refused = bare.ctl("endpoint", "create", f"extra-{number}")
                if refused.returncode != 0:
                    break
            assert refused.returncode == 1 and "edgectl: " in refused.stderr, refused
            names = [e["name"] for e in bare.ctl_json("endpoint", "ls")["items"]]
            assert f"extra-{number}" not in names
            late = RawAgent(bare, token, edge_id)
            assert late.associate().status in (500, 503)
            assert not bare.endpoint("shop-18")["associated"] and agent.check_in().status == 204
            (disk / "filler").unlink()
            assert late.associate().status == 200, "works again without a restart"
            bare.restart(signal.SIGKILL)
            assert sorted(e["name"] for e in bare.ctl_json("endpoint", "ls")["items"]) == sorted(names)
        finally:
            bare.edged.kill()


def test_edged_does_not_start_on_a_full_disk(bare):
    bare.init()
    with small_disk(bare.folder / "disk", "size=64k") as disk:
        set_key(bare, "state", disk / "state")
        fill(disk)
        failed = start_fails(bare)
        assert str(disk) in failed.stderr


# --- configuration

def test_an_unknown_key_is_an_error_with_its_line(bare):
    bare.init()
    lines = bare.config.read_text().splitlines()
    bare.config.write_text("\n".join([*lines, "polls:", "  listen: x", ""]))
    failed = start_fails(bare)
    assert failed.returncode == 2
    assert f"{bare.config}:{len(lines) + 2}: polls.listen: no such key, did you mean poll.listen?" in failed.stderr


def test_check_config_prints_every_mistake(bare):
    bare.config.write_text("pol:\n  listen: x\nlimits:\n  header-deadline: soon\n  loops: -1\nlog:\n  level: loud\n")
    failed = start_fails(bare, "--check-config")
    assert failed.returncode == 2
    for line in (2, 4, 5, 7):
        assert f"{bare.config}:{line}:" in failed.stderr, failed.stderr


def test_check_config_accepts_what_init_wrote_and_starts_nothing(bare):
    bare.init()
    done = bare.run("edged", "--config", bare.config, "--check-config")
    assert done.returncode == 0 and not bare.socket.exists() and not (bare.folder / "state").exists()


@pytest.mark.parametrize("text", ["poll: [", "\t\tx", "- a\n- b\n", "poll:\n  listen: {a: b}\n", "&a [*a]", "\0\1\2",
                                  "a: " + "[" * 5000])
def test_a_configuration_that_is_no_configuration_is_refused(bare, text):
    bare.config.write_text(text)
    failed = start_fails(bare)
    assert failed.returncode == 2 and str(bare.config) in failed.stderr


def test_a_missing_configuration_is_named(bare):
    assert str(bare.config) in start_fails(bare).stderr


@pytest.mark.parametrize("existing", ["edged.yaml", "tls.crt", "tls.key", "ssh_host_ed25519_key"])
def test_init_overwrites_nothing(bare, existing):
    (bare.folder / existing).write_text("mine\n")
    done = bare.run("edged", "init", "--config", bare.config, "--url", "https://localhost:1234", "--tunnel", "localhost:1235")
    assert done.returncode != 0 and str(bare.folder / existing) in done.stderr
    assert [path.name for path in bare.folder.iterdir() if path.is_file()] == [existing]
    assert (bare.folder / existing).read_text() == "mine\n"


@pytest.mark.parametrize("url,tunnel", [("http://x:1", "x:2"), ("https://x:0", "x:2"), ("nonsense", "x:2"), ("https://x:1", "x"),
                                        ("https://x:1", "x:99999"), ("https://x:1/path", "x:2"), ("https://x y:1", "x:2")])
def test_init_refuses_addresses_that_are_none(bare, url, tunnel):
    done = bare.run("edged", "init", "--config", bare.config, "--url", url, "--tunnel", tunnel)
    assert done.returncode == 2, done
    assert not bare.config.exists()


# --- SIGHUP

def serial(edge):
    shown = subprocess.run(["openssl", "s_client", "-connect", f"localhost:{edge.poll_port}", "-servername", "localhost"],
                           stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=10).stdout
    return subprocess.run(["openssl", "x509", "-noout", "-serial", "-subject"], input=shown, capture_output=True, text=True,
                          check=True).stdout


def new_certificate(edge, key, name):
    subprocess.run(["openssl", "req", "-x509", "-key", key, "-days", "9", "-subj", f"/CN={name}",
                    "-out", edge.folder / "tls.crt"], check=True, capture_output=True)


def test_a_renewed_certificate_of_the_same_key_is_served_after_sighup(edge):
    agent = edge.node()
    edge.wait_held()
    new_certificate(edge, edge.folder / "tls.key", "renewed")
    edge.edged.send(signal.SIGHUP)
    edge.edged.wait_log("edged.reloaded")
    assert "renewed" in serial(edge)
    assert "check-in.failing" not in agent.log()


def test_a_certificate_of_another_key_is_refused_at_sighup_and_the_old_one_served(edge):
    before = serial(edge)
    subprocess.run(["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out",
                    edge.folder / "tls.key"], check=True, capture_output=True)
    (edge.folder / "tls.key").chmod(0o600)
    new_certificate(edge, edge.folder / "tls.key", "impostor")
    edge.edged.send(signal.SIGHUP)
    edge.edged.wait_log("edged.reload-failed")
    assert serial(edge) == before


@pytest.mark.parametrize("spoil", ["tls.crt", "edged.yaml"])
def test_a_spoilt_file_at_sighup_changes_nothing(edge, spoil):
    agent = raw_agent(edge)
    before = serial(edge)
    (edge.folder / spoil).write_text("garbage: [\n")
    edge.edged.send(signal.SIGHUP)
    edge.edged.wait_log("edged.reload-failed")
    assert serial(edge) == before and agent.check_in().status == 204


# --- modes

def test_the_admin_socket_and_the_state_are_not_for_everybody(edge):
    edge.node()
    mode = lambda path: oct(stat.S_IMODE(path.stat().st_mode))
    assert mode(edge.socket) == "0o660" and mode(edge.socket.parent) == "0o750"
    assert mode(edge.folder / "state") == "0o700"
    assert {path.name: mode(path) for path in (edge.folder / "state").iterdir() if mode(path) != "0o600"} == {}
    assert mode(edge.folder / "tls.key") == mode(edge.folder / "ssh_host_ed25519_key") == "0o600"


def test_modes_do_not_depend_on_the_umask(bare):
    old = os.umask(0)
    try:
        bare.init().start()
        bare.create()
    finally:
        os.umask(old)
    for path in (bare.folder / "state").iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    assert stat.S_IMODE(bare.socket.stat().st_mode) == 0o660


# --- garbage on every port: that connection ends, nothing else notices

GARBAGE = {
    "zeros": b"\0" * 5000,
    "text": b"hello\r\n\r\n" * 100,
    "high bytes": bytes(range(256)) * 50,
    "plain HTTP": b"GET /v1/check-in HTTP/1.1\r\nHost: x\r\n\r\n",
    "a TLS hello that is cut off": bytes.fromhex("160301ffff0100fffb0303"),
    "an SSH banner and then nothing good": b"SSH-2.0-OpenSSH_9.2\r\n" + b"\xff" * 4000,
    "an SSH packet of 4 GB": b"SSH-2.0-x\r\n\xff\xff\xff\xff\x14",
    "a banner without an end": b"SSH-2.0-" + b"x" * 100_000,
    "SSH 1": b"SSH-1.5-x\r\n",
}


def undisturbed(edge, agent):
    """The agent's held check-in was not touched, and the whole way still works."""
    assert edge.endpoint()["instances"][0]["held"]
    assert "check-in.failing" not in agent.log()
    assert edge.connect(edge.target(), "--", "echo", "far").stdout == "far\n"


@pytest.mark.parametrize("what", GARBAGE)
def test_garbage_ends_only_its_own_connection(what):
    edge = Edge(**{"limits.header-deadline": "500ms", "limits.login-deadline": "500ms"})
    try:
        agent = edge.start().node()
        edge.wait_held()
        for port in (edge.poll_port, edge.tunnel_port):
            with socket.create_connection(("localhost", port), 5) as stream:
                with contextlib.suppress(OSError):
                    stream.sendall(GARBAGE[what])
                assert ended(stream, 3), f"port {port}"
        with socket.socket(socket.AF_UNIX) as stream:
            stream.connect(str(edge.socket))
            with contextlib.suppress(OSError):
                stream.sendall(GARBAGE[what])
                stream.shutdown(socket.SHUT_WR)
            assert ended(stream, 3), "admin socket"
        undisturbed(edge, agent)
    finally:
        edge.close()


def ended(stream, timeout):
    stream.settimeout(timeout)
    end = time.monotonic() + timeout
    try:
        while time.monotonic() < end:
            if not stream.recv(65536):
                return True
        return False
    except (socket.timeout, TimeoutError):
        return False
    except OSError:
        return True


HTTP_GARBAGE = {
    "no HTTP": b"\0\1\2\3\r\n\r\n",
    "no version": b"GET /v1/check-in\r\n\r\n",
    "HTTP/9": b"GET / HTTP/9.9\r\nHost: x\r\n\r\n",
    "two lengths": b"POST /v1/associate HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}",
    "a length and chunks": b"POST /v1/associate HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a negative length": b"POST /v1/associate HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
    "a length of exabytes": b"POST /v1/associate HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n",
    "a body over its limit": b"POST /v1/associate HTTP/1.1\r\nContent-Length: 9000000\r\n\r\n" + b"x" * 100_000,
    "a bad chunk": b"POST /v1/associate HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    "a header without a colon": b"GET / HTTP/1.1\r\nnonsense\r\n\r\n",
    "a null in a header": b"GET / HTTP/1.1\r\nHost: a\0b\r\n\r\n",
    "an oversized head": b"GET / HTTP/1.1\r\nX: " + b"a" * 200_000 + b"\r\n\r\n",
    "ten thousand headers": b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 10_000 + b"\r\n",
    "an endless target": b"GET /" + b"a" * 200_000,
}


@pytest.mark.parametrize("what", HTTP_GARBAGE)
def test_malformed_http_ends_only_its_own_connection(edge, what):
    agent = edge.node()
    edge.wait_held()
    with Connection(edge.poll_port) as connection:
        with contextlib.suppress(OSError):
            connection.socket.sendall(HTTP_GARBAGE[what])
        assert ended(connection.socket, 3), "poll port"
    with socket.socket(socket.AF_UNIX) as stream:
        stream.connect(str(edge.socket))
        with contextlib.suppress(OSError):
            stream.sendall(HTTP_GARBAGE[what])
        assert ended(stream, 3), "admin socket"
    undisturbed(edge, agent)


BAD_JSON = [b"", b"{", b"[]", b"null", b"{}", b'{"endpoint": 1}', b'{"endpoint": "\\ud800"}', b"[" * 50_000, b"\xff\xfe",
            b'{"endpoint": "' + b"0" * 32 + b'"}', b'{"a":' * 10_000 + b"1" + b"}" * 10_000]


@pytest.mark.parametrize("body", BAD_JSON, ids=range(len(BAD_JSON)))
def test_malformed_json_is_a_400_and_no_more(edge, body):
    agent = raw_agent(edge)
    with Connection(edge.poll_port) as connection:
        assert connection.ask("POST", "/v1/associate", {}, body).status == 400
    with Connection(edge.poll_port) as connection:
        answer = connection.ask("POST", "/v1/agent", agent.mac("POST", "/v1/agent"), body)
        unknown_fields_only = body in (b"{}", BAD_JSON[5], BAD_JSON[9])
        assert answer.status == (204 if unknown_fields_only else 400)
    assert agent.check_in().status == 204


@pytest.mark.parametrize("change", [{"edge-id": "x"}, {"endpoint": "../../etc"}, {"instance": "'; DROP TABLE endpoint; --"},
                                    {"secret": "short"}, {"host-key": "ssh-rsa AAAA"}, {"host-key": "ssh-ed25519 AAAA"},
                                    {"host-name": "x" * 1000}, {"version": 7}, {"platform": None}])
def test_an_association_with_a_bad_field_is_refused_and_changes_nothing(edge, change):
    agent = RawAgent(edge, *edge.create())
    assert agent.associate(**change).status == 400
    assert edge.endpoint()["state"] == "new" and agent.associate().status == 200


def test_a_snapshot_that_inflates_beyond_its_limit_is_refused(edge):
    agent = raw_agent(edge)
    headers = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
    for body in (gzip.compress(b" " * 100_000_000)[:60_000], gzip.compress(b'{"a":"' + b"x" * 20_000_000 + b'"}'), b"no gzip",
                 gzip.compress(b"no json"), gzip.compress(b"[1]")):
        with Connection(edge.poll_port) as connection:
            assert connection.ask("PUT", "/v1/snapshot", {**headers, **agent.mac("PUT", "/v1/snapshot")}, body).status == 400
    assert agent.check_in().status == 204


@pytest.mark.parametrize("method,path", [("GET", "/"), ("GET", "/v1/status"), ("DELETE", "/v1/check-in"), ("GET", "/v1/endpoints"),
                                         ("GET", "/../../etc/passwd"), ("OPTIONS", "*")])
def test_the_poll_port_knows_nothing_of_the_admins_requests(edge, method, path):
    agent = raw_agent(edge)
    with Connection(edge.poll_port) as connection:
        assert connection.ask(method, path).status in (400, 401)
    with Connection(edge.poll_port) as connection:
        assert connection.ask(method, path, agent.mac(method, path)).status in (400, 404)


def test_a_head_that_comes_byte_by_byte_is_cut_off():
    edge = Edge(**{"limits.header-deadline": "400ms"})
    try:
        agent = edge.start().node()
        edge.wait_held()
        with Connection(edge.poll_port) as connection:
            started = time.monotonic()
            with contextlib.suppress(OSError):
                for letter in "GET /v1/check-in HTTP/1.1\r\nX-Slow: " + "a" * 1000:
                    connection.socket.sendall(letter.encode())
                    time.sleep(0.05)
            assert time.monotonic() - started < 3
            assert ended(connection.socket, 2)
        undisturbed(edge, agent)
    finally:
        edge.close()


def test_a_tls_handshake_that_never_comes_is_cut_off():
    edge = Edge(**{"limits.header-deadline": "300ms"})
    try:
        edge.start()
        with socket.create_connection(("localhost", edge.poll_port), 5) as silent:
            assert ended(silent, 3)
    finally:
        edge.close()


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_1"])
def test_the_poll_port_speaks_tls_13_only(edge, version):
    done = subprocess.run(["openssl", "s_client", version, "-connect", f"localhost:{edge.poll_port}"], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=10)
    assert done.returncode != 0


def test_connections_over_the_limit_are_refused_and_the_rest_goes_on():
    edge = Edge(**{"limits.connections": "8"})
    try:
        agent = raw_agent(edge.start())
        agent.check_in()
        flood = [socket.create_connection(("localhost", edge.poll_port), 5) for _ in range(20)]
        try:
            eventually(lambda: any(ended(one, 0.05) for one in flood), "some are refused", 5)
            assert agent.check_in().status == 204
        finally:
            for one in flood:
                one.close()
        eventually(lambda: can_check_in(agent), "there is room again", 5)
    finally:
        edge.close()


def can_check_in(agent):
    try:
        return agent.check_in(connection=agent.connect()).status == 204
    except OSError:
        return False


def test_both_ports_listen_on_ipv4_and_ipv6(edge):
    for port in (edge.poll_port, edge.tunnel_port):
        for host in ("127.0.0.1", "::1"):
            socket.create_connection((host, port), 5).close()


# --- names

@pytest.mark.parametrize("name", ["", "Shop", "shop 17", "-shop", "shop-", ".", "a/b", "../x", "ü", "a" * 64, "a" * 300, "x\n", "'; --"])
def test_an_odd_endpoint_name_is_refused_with_the_rule(edge, name):
    refused = edge.ctl("endpoint", "create", "--", name)
    assert refused.returncode == 2 and "a-z" in refused.stderr, refused
    assert edge.ctl_json("endpoint", "ls")["items"] == []


def test_a_name_that_exists_is_a_conflict(edge):
    edge.create()
    before = edge.endpoint()
    assert edge.ctl("endpoint", "create", "shop-17").returncode == 8
    assert edge.endpoint() == before


# --- secrets

def test_no_secret_is_in_any_log_after_a_whole_session(edge):
    edge.set("tunnel.idle", "400ms")
    token, edge_id = edge.create()
    joined = edge.join(token, edge_id)
    agent = edge.start_agent()
    edge.wait_held()
    assert edge.connect(edge.target(), "--", "true").returncode == 0
    edge.wait_tunnel("idle", timeout=5)
    raw = RawAgent(edge, token, edge_id).joined()
    agent.send(signal.SIGSTOP)  # so that the raw one wins
    with edge.required():
        offer, password = wait_for_offer(edge, raw)
        client, good = login(edge, offer, password)
        assert good
        client.close()
    agent.send(signal.SIGCONT)
    edge.join(token, "00000000-0000-4000-8000-000000000000")  # a refusal is logged, too
    edge.wait_held(count=1)
    edge.edged.stop()
    agent.stop()
    secrets = {"token": token, "secret": raw.token["secret"], "secret in hex": raw.secret.hex(), "edge ID": edge_id,
               "password": password, "K in hex": raw.key.hex(), "ticket": raw.ticket or "no ticket"}
    texts = {"edged.log": edge.edged.log(whole=True), "agent.log": agent.log(whole=True), "join": joined.stdout + joined.stderr}
    found = [(what, where) for what, secret in secrets.items() for where, written in texts.items() if secret in written]
    assert found == []


def wait_for_offer(edge, raw):
    """Its turn comes when the other instance was too slow."""
    edge.set("tunnel.open-deadline", "300ms")
    answers = []

    def offered():
        answers.append(raw.check_in(wait=1, connection=raw.connect()))
        return answers[-1].status == 200
    eventually(offered, "an offer")
    return answers[-1].json, raw.password(answers[-1].json)


def test_the_store_holds_neither_the_edge_id_nor_the_tokens_secret(edge):
    token, edge_id = edge.create()
    agent = RawAgent(edge, token, edge_id).joined()
    edge.edged.stop()
    for file in (edge.folder / "state").iterdir():
        octets = file.read_bytes()
        for secret in (edge_id.encode(), agent.token["secret"].encode(), agent.secret, agent.secret.hex().encode(), token.encode()):
            assert secret not in octets, file


def test_an_agents_identity_holds_no_token_secret_after_it_joined(edge):
    token, edge_id = edge.create()
    assert edge.join(token, edge_id).returncode == 0
    secret = json.loads((edge.agent_state() / "identity.json").read_text())
    assert "secret" not in secret
