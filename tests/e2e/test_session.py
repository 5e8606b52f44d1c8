"""Sessions: what `edgectl connect` carries, who may have one, how one ends, and what waiting for one looks like."""
import getpass
import hashlib
import json
import os
import re
import signal
import subprocess
import time

import pytest

from edge import BIN, PATIENCE, Edge, eventually

MB = 1_000_000


def digest(path):
    whole = hashlib.sha256()
    with open(path, "rb") as file:
        while chunk := file.read(1 << 20):
            whole.update(chunk)
    return whole.hexdigest()


def random_file(path, size):
    with open(path, "wb") as out:
        subprocess.run(["openssl", "enc", "-aes-128-ctr", "-pass", "pass:edge", "-nosalt", "-pbkdf2", "-iter", "1"],
                       stdin=subprocess.Popen(["head", "-c", str(size), "/dev/zero"], stdout=subprocess.PIPE).stdout,
                       stdout=out, check=True)
    assert path.stat().st_size == size
    return path


def sessions(edge, name="shop-17"):
    return edge.endpoint(name)["sessions"]


# How fast.

def test_connect_under_hold_takes_less_than_a_second(shop):
    started = time.monotonic()
    done = shop.connect("shop-17", "--", "echo hello")
    assert (done.returncode, done.stdout) == (0, "hello\n"), done.stderr
    assert time.monotonic() - started < 1


def test_connect_through_a_tunnel_that_is_open_takes_less_than_half_a_second(shop):
    shop.connect("shop-17", "--", "true")
    started = time.monotonic()
    assert shop.connect("shop-17", "--", "true").returncode == 0
    assert time.monotonic() - started < 0.5


def test_connect_under_plain_polling_waits_for_the_next_check_in(edge):
    edge.set("check-in.hold", "off")
    edge.set("check-in.interval", "300ms")
    edge.node()
    started = time.monotonic()
    done = edge.connect("shop-17", "--", "echo hello")
    assert (done.returncode, done.stdout) == (0, "hello\n"), done.stderr
    assert time.monotonic() - started < 1.5
    assert not any(i["held"] for i in edge.endpoint()["instances"])


def test_many_connects_in_a_row_share_one_tunnel(shop):
    shop.connect("shop-17", "--", "true")
    tunnel = shop.endpoint()["tunnel"]["id"]
    for number in range(10):
        assert shop.connect("shop-17", "--", f"exit {number}").returncode == number
    assert shop.endpoint()["tunnel"]["id"] == tunnel


# What is carried.

@pytest.mark.parametrize("status", [0, 1, 7, 126, 127, 254, 255])
def test_the_exit_status_is_the_far_one(shop, status):
    assert shop.connect("shop-17", "--", f"exit {status}").returncode == status


def test_stdout_and_stderr_stay_apart_and_nothing_is_added(shop):
    done = shop.connect("shop-17", "--", "echo out; echo err >&2; exit 4")
    assert (done.returncode, done.stdout, done.stderr) == (4, "out\n", "err\n")


def test_every_byte_value_passes_both_ways(shop):
    every = bytes(range(256)) * 64 + b"\r\n\x03\x04\x11\x13\xff\xfe~.\n"
    done = shop.connect("shop-17", "--", "cat", input=every, text=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, every, b"")


def test_every_byte_value_passes_on_stderr(shop):
    every = bytes(range(256)) * 64
    done = shop.connect("shop-17", "--", "cat >&2", input=every, text=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", every)


def test_200_megabytes_pass_each_way_with_equal_hashes(shop):
    sent = random_file(shop.folder / "sent", 200 * MB)
    back = shop.folder / "back"
    started = time.monotonic()
    with open(sent, "rb") as source, open(back, "wb") as target:
        done = subprocess.run([BIN / "edgectl", "connect", "shop-17", "--", "cat"], stdin=source, stdout=target,
                              stderr=subprocess.PIPE, env=shop.environment(), timeout=180)
    took = time.monotonic() - started
    assert (done.returncode, done.stderr) == (0, b"")
    assert back.stat().st_size == 200 * MB
    assert digest(back) == digest(sent)
    assert took < 40 * PATIENCE / 20, f"{took:.1f} s for 200 MB each way"


def test_a_file_is_sent_whole_to_a_command_that_only_reads(shop):
    sent, far = random_file(shop.folder / "sent", 30 * MB), shop.folder / "far"
    with open(sent, "rb") as source:
        done = subprocess.run([BIN / "edgectl", "connect", "shop-17", "--", f"cat > {far}"], stdin=source,
                              env=shop.environment(), timeout=PATIENCE)
    assert done.returncode == 0
    assert digest(far) == digest(sent)


def test_the_end_of_input_is_passed_on_and_output_goes_on_after_it(shop):
    done = shop.connect("shop-17", "--", "cat; echo done", input="one\ntwo\n")
    assert (done.returncode, done.stdout) == (0, "one\ntwo\ndone\n")


def test_a_command_that_ends_before_its_input_ends_the_session(shop):
    running = shop.popen_connect("shop-17", "--", "head -c 3; exit 9")
    running.stdin.write(b"abcdef")
    running.stdin.flush()
    assert running.wait(10) == 9  # stdin is still open
    assert running.stdout.read() == b"abc"


def test_a_command_that_does_not_read_its_input_is_not_disturbed_by_it(shop):
    done = shop.connect("shop-17", "--", "echo hello", input=b"x" * 3 * MB, text=False)
    assert (done.returncode, done.stdout) == (0, b"hello\n")


def test_a_reader_that_goes_away_ends_the_far_command(shop, far):
    command = far.new()
    shell = f"{BIN}/edgectl connect shop-17 -- '({command} &) ; yes' | head -n 1"
    done = subprocess.run(["bash", "-c", shell], env=shop.environment(), capture_output=True, timeout=20)
    assert done.stdout == b"y\n"
    far.gone(command)


def test_large_output_on_stderr_arrives_whole(shop):
    done = shop.connect("shop-17", "--", "head -c 20000000 /dev/zero >&2; echo out", text=False)
    assert done.returncode == 0
    assert (done.stdout, len(done.stderr)) == (b"out\n", 20 * MB)


def test_large_output_on_both_at_once_arrives_whole(shop):
    done = shop.connect("shop-17", "--", "head -c 9000000 /dev/zero >&2 & head -c 9000000 /dev/zero; wait", text=False,
                        timeout=PATIENCE)
    assert (done.returncode, len(done.stdout), len(done.stderr)) == (0, 9 * MB, 9 * MB)


def test_many_small_writes_arrive_in_order(shop):
    done = shop.connect("shop-17", "--", "i=0; while [ $i -lt 20000 ]; do echo $i; i=$((i+1)); done")
    assert done.stdout == "".join(f"{i}\n" for i in range(20_000))


def test_many_small_writes_of_input_arrive_in_order(shop):
    running = shop.popen_connect("shop-17", "--", "cat", bufsize=0)
    for number in range(3_000):
        running.stdin.write(b"%d\n" % number)
    out, _ = running.communicate(timeout=20)
    assert out == b"".join(b"%d\n" % i for i in range(3_000))


def test_output_just_before_the_end_is_never_lost(shop):
    for _ in range(10):
        done = shop.connect("shop-17", "--", "head -c 300000 /dev/zero; echo last >&2; exit 3", text=False)
        assert (done.returncode, len(done.stdout), done.stderr) == (3, 300_000, b"last\n")


def test_a_daemon_left_behind_with_the_pipes_does_not_keep_the_session(shop, far):
    command = far.new()
    started = time.monotonic()
    has_left = "until ps -o args= -p $! | grep -q ^sleep; do :; done"  # setsid(2) is behind it then
    done = shop.connect("shop-17", "--", f"setsid {command} & {has_left}; echo started", timeout=20)
    assert (done.returncode, done.stdout) == (0, "started\n")
    assert time.monotonic() - started < 5
    assert far.find(command)  # as after any other logout


# How a command is found and how it ends.

def test_a_far_command_that_is_not_found_gives_127_and_the_far_shell_says_so(shop):
    done = shop.connect("shop-17", "--", "no-such-command-anywhere")
    assert done.returncode == 127
    assert "not found" in done.stderr


@pytest.mark.parametrize("name", ["TERM", "KILL", "SEGV"])
def test_a_far_command_killed_by_a_signal_gives_255_and_names_it(shop, name):
    done = shop.connect("shop-17", "--", f"kill -{name} $$; sleep 5")
    assert done.returncode == 255
    assert name in done.stderr


def test_words_after_the_dashes_are_joined_for_the_far_shell_as_ssh_does(shop):
    done = shop.connect("shop-17", "--", "echo", "a   b", "$((40+2))", ";", "echo", "'c   d'")
    assert done.stdout == "a b 42\nc   d\n"


def test_flags_after_the_dashes_belong_to_the_far_command(shop):
    done = shop.connect("shop-17", "--", "printf", "'%s\\n'", "--help", "-o", "json", "--", "--wait")
    assert done.stdout == "--help\n-o\njson\n--\n--wait\n"


def test_a_command_of_90_kilobytes_passes(shop):
    done = shop.connect("shop-17", "--", "printf", "%s", "x" * 90_000)
    assert (done.returncode, len(done.stdout)) == (0, 90_000)


def test_a_command_that_is_too_long_is_refused_with_the_limit(shop):
    done = shop.connect("shop-17", "--", "printf", "%s", "x" * 100_000)
    assert done.returncode == 255
    assert "too long" in done.stderr and "98304" in done.stderr


# Where a session lands.

def test_only_the_accepted_environment_variables_pass(shop):
    mine = {"LANG": "C.UTF-8", "LC_TIME": "C", "NO_COLOR": "1", "FOO": "secret", "LD_PRELOAD": "", "BASH_ENV": "/x",
            "EDGE_JOIN_TOKEN": "secret", "PATH": os.environ["PATH"] + ":/mine"}
    far = dict(line.split("=", 1) for line in shop.connect("shop-17", "--", "env", env=mine).stdout.splitlines() if "=" in line)
    assert (far["LANG"], far["LC_TIME"], far["NO_COLOR"]) == ("C.UTF-8", "C", "1")
    assert not {"FOO", "BASH_ENV", "EDGE_JOIN_TOKEN", "LD_PRELOAD", "EDGECTL_SOCKET"} & far.keys()
    assert "/mine" not in far["PATH"]


def test_the_agents_own_environment_does_not_reach_a_session(edge):
    token, edge_id = edge.create()
    edge.join(token, edge_id)
    edge.start_agent(env={"AGENT_SECRET": "yes", "NOTIFY_SOCKET": str(edge.folder / "notify"), "LANG": "agents"})
    edge.wait_state("online")
    out = edge.connect("shop-17", "--", "env", env={"LANG": "C"}).stdout
    assert "AGENT_SECRET" not in out and "NOTIFY_SOCKET" not in out and "agents" not in out


def test_accept_env_of_the_agent_decides_what_passes(edge):
    edge.node(**{"session.accept-env": "[LC_ALL]"})
    out = edge.connect("shop-17", "--", "env", env={"LANG": "C.UTF-8", "LC_ALL": "C"}).stdout.splitlines()
    assert "LC_ALL=C" in out and "LANG=C.UTF-8" not in out


def test_without_a_command_the_shell_is_a_login_shell(edge):
    edge.node(**{"session.shell": "/bin/sh"})  # bash would read the dot files of whoever runs this
    done = edge.connect("shop-17", "-T", input="echo $0; exit 3\n")
    assert (done.returncode, done.stdout.splitlines()[-1]) == (3, "-sh")


def test_with_a_command_the_shell_is_no_login_shell(shop):
    assert not shop.connect("shop-17", "--", "echo $0").stdout.startswith("-")


def test_a_session_starts_in_the_home_folder_with_umask_022_and_the_accounts_names(shop):
    done = shop.connect("shop-17", "--", "pwd; umask; echo $HOME $USER $LOGNAME $SHELL; id -un")
    entry = subprocess.run(["getent", "passwd", str(os.geteuid())], capture_output=True, text=True).stdout.strip().split(":")
    where, umask, names, who = done.stdout.splitlines()
    assert (where, umask, who) == (entry[5], "0022", entry[0])
    assert names == f"{entry[5]} {entry[0]} {entry[0]} {entry[6]}"


def test_a_session_is_a_unix_session_and_process_group_of_its_own(shop):
    out = shop.connect("shop-17", "--", "ps -o pid=,pgid=,sid= -p $$").stdout.split()
    assert len(set(out)) == 1


def test_a_session_inherits_no_open_files_and_no_blocked_signals(shop):
    out = shop.connect("shop-17", "--", "ls /proc/self/fd; grep -E '^Sig(Blk|Ign)' /proc/self/status").stdout
    assert out.splitlines() == ["0", "1", "2", "3", "SigBlk:\t0000000000000000", "SigIgn:\t0000000000000000"]


# Who may have one.

needs_root = "an agent that runs as root"


def test_another_account_gets_its_own_shell_home_and_groups(edge):
    assert os.geteuid() == 0, needs_root
    edge.node(**{"session.shell": "/bin/sh"})
    done = edge.connect("sync@shop-17", "--", "id -un; id -gn; echo $HOME; cat /etc/shadow")
    assert done.stdout.splitlines() == ["sync", "nogroup", "/bin"], done.stderr
    assert "ermission denied" in done.stderr and done.returncode != 0


def test_an_account_without_a_login_shell_is_refused_with_the_reason(shop):
    assert os.geteuid() == 0, needs_root
    done = shop.connect("daemon@shop-17", "--", "id")
    assert (done.returncode, done.stdout) == (255, "")
    assert "daemon" in done.stderr and "nologin" in done.stderr


def test_without_a_command_a_refused_account_exits_with_not_allowed(shop):
    assert os.geteuid() == 0, needs_root
    done = shop.connect("daemon@shop-17")
    assert done.returncode == 4
    assert "shop-17" in done.stderr and "nologin" in done.stderr


def test_an_unknown_account_is_refused_with_the_reason(shop):
    done = shop.connect("nobody-like-this@shop-17", "--", "id")
    assert done.returncode == 255
    assert "no such account: nobody-like-this" in done.stderr


def test_an_account_that_allow_users_does_not_name_is_refused(edge):
    assert os.geteuid() == 0, needs_root
    edge.node(**{"session.allow-users": "[root]", "session.shell": "/bin/sh"})
    assert edge.connect("root@shop-17", "--", "id -un").stdout == "root\n"
    done = edge.connect("sync@shop-17", "--", "id -un")
    assert (done.returncode, done.stdout) == (255, "")
    assert "sync" in done.stderr and "allow-users" in done.stderr


def test_an_empty_allow_users_refuses_every_session(edge):
    edge.node(**{"session.allow-users": "[]"})
    done = edge.connect("shop-17", "--", "id -un")
    assert done.returncode == 255 and "allow-users" in done.stderr


def unprivileged(edge, uid, **settings):
    """An agent that is not root, in a state folder of its own."""
    token, edge_id = edge.create()
    assert edge.join(token, edge_id).returncode == 0
    edge.folder.chmod(0o711)
    for path in [edge.agent_state(), *edge.agent_state().rglob("*")]:
        os.chown(path, uid, 65534)
    config = edge.agent_config(**settings)
    agent = edge.start_agent(config=config, prefix=["setpriv", f"--reuid={uid}", "--regid=65534", "--clear-groups"])
    edge.wait_state("online")
    return agent


SYNC = 4  # an account of every Debian that has a shell of a kind


def test_an_unprivileged_agent_gives_its_own_account_without_being_asked(edge):
    assert os.geteuid() == 0, "setpriv needs root"
    unprivileged(edge, SYNC, **{"session.shell": "/bin/sh"})
    done = edge.connect("shop-17", "--", "id -un; id -u")
    assert done.stdout == "sync\n4\n", done.stderr


def test_an_unprivileged_agent_refuses_every_other_account(edge):
    assert os.geteuid() == 0, "setpriv needs root"
    unprivileged(edge, SYNC, **{"session.shell": "/bin/sh"})
    done = edge.connect("root@shop-17", "--", "id -un")
    assert (done.returncode, done.stdout) == (255, "")
    assert "runs as sync" in done.stderr and "root" in done.stderr


def test_an_unprivileged_agent_of_an_account_without_a_login_shell_says_so(edge):
    assert os.geteuid() == 0, "setpriv needs root"
    unprivileged(edge, 65534)
    done = edge.connect("shop-17", "--", "id -un")
    assert done.returncode == 255 and "nologin" in done.stderr


# Several at once.

def test_eight_sessions_at_once_on_one_endpoint_do_not_mix(shop):
    running = [shop.popen_connect("shop-17", "--", f"i=0; while [ $i -lt 500 ]; do echo {n}; i=$((i+1)); done; cat; exit {n}")
               for n in range(8)]
    for number, process in enumerate(running):
        out, err = process.communicate(b"end %d\n" % number, timeout=30)
        assert (process.returncode, out, err) == (number, b"%d\n" % number * 500 + b"end %d\n" % number, b"")


def test_live_sessions_are_listed_and_go_when_they_end(shop, far):
    commands = [far.new() for _ in range(3)]
    running = [shop.popen_connect("shop-17", "--", command) for command in commands]
    for command in commands:
        far.started(command)
    assert len(sessions(shop)) == 3
    assert all(s["operator"] == getpass.getuser() and s["since"] for s in sessions(shop))
    for process in running:
        process.kill()
        process.communicate()
    eventually(lambda: not sessions(shop), "no session is left")


def test_a_slow_reader_does_not_stop_the_others_and_nobody_buffers_for_it(shop):
    def resident(pid):
        return int(next(line for line in open(f"/proc/{pid}/status") if line.startswith("VmRSS")).split()[1]) * 1024

    shop.connect("shop-17", "--", "true")
    before = resident(shop.edged.pid) + resident(shop.agent.pid)
    slow = shop.popen_connect("shop-17", "--", "yes | head -c 50000000", bufsize=0)
    try:
        first = slow.stdout.read(1000)
        os.kill(slow.pid, signal.SIGSTOP)
        for _ in range(5):
            started = time.monotonic()
            assert shop.connect("shop-17", "--", "head -c 1000000 /dev/zero | wc -c").stdout == "1000000\n"
            assert time.monotonic() - started < 2
        grown = resident(shop.edged.pid) + resident(shop.agent.pid) - before
        # A sanitizer's shadow memory is not ours: there the bound only shows that nothing runs away.
        bound = (100 if "LSAN_OPTIONS" in os.environ else 20) * MB
        assert grown < bound, f"{grown / MB:.0f} MB more for one slow reader"
    finally:
        os.kill(slow.pid, signal.SIGCONT)
    rest, _ = slow.communicate(timeout=60)
    assert (slow.returncode, len(first) + len(rest)) == (0, 50 * MB)


def test_a_session_above_the_agents_limit_is_refused_with_the_reason(edge, far):
    edge.node(**{"session.limit": 1})
    command = far.new()
    first = edge.popen_connect("shop-17", "--", command)
    far.started(command)
    second = edge.connect("shop-17", "--", "echo never")
    assert (second.returncode, second.stdout) == (255, "")
    assert "as many sessions as it takes" in second.stderr
    first.kill()
    first.communicate()
    eventually(lambda: edge.connect("shop-17", "--", "true").returncode == 0, "the place is free again")


# How one ends badly. Inputs differ, for who notices that the operator has gone depends on who is reading.

def kill_and_expect_no_orphan(edge, far, command, running, name="shop-17"):
    far.started(command)
    running.kill()
    running.wait()
    far.gone(command)
    eventually(lambda: not sessions(edge, name), "the session is gone")


def test_a_killed_edgectl_with_open_input_leaves_no_orphan(shop, far):
    command = far.new()
    kill_and_expect_no_orphan(shop, far, command, shop.popen_connect("shop-17", "--", command))


def test_a_killed_edgectl_without_input_leaves_no_orphan(shop, far):
    command = far.new()
    running = subprocess.Popen([BIN / "edgectl", "connect", "shop-17", "--", command], stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, env=shop.environment())
    kill_and_expect_no_orphan(shop, far, command, running)


def test_a_killed_edgectl_whose_input_nobody_reads_leaves_no_orphan(shop, far):
    command = far.new()
    big = random_file(shop.folder / "big", 20 * MB)
    with open(big, "rb") as source:
        running = subprocess.Popen([BIN / "edgectl", "connect", "shop-17", "--", command], stdin=source,
                                   stdout=subprocess.DEVNULL, env=shop.environment())
    far.started(command)
    eventually(lambda: sessions(shop)[0]["bytes-out"] > 100_000, "what fits is on its way")
    kill_and_expect_no_orphan(shop, far, command, running)


def test_a_killed_edgectl_whose_far_command_closed_its_input_leaves_no_orphan(shop, far):
    command = far.new()
    running = shop.popen_connect("shop-17", "--", f"exec 0<&-; {command}; true")
    far.started(command)
    for _ in range(3):
        running.stdin.write(b"nobody reads this\n")
        running.stdin.flush()
    kill_and_expect_no_orphan(shop, far, command, running)


def test_every_process_of_the_far_session_is_hung_up_not_only_the_first(shop, far):
    first, second, third = far.new(), far.new(), far.new()
    running = shop.popen_connect("shop-17", "--", f"{first} & bash -c 'set -m; {second} & wait' & {third}; true")
    for command in (first, second):
        far.started(command)
    kill_and_expect_no_orphan(shop, far, third, running)
    far.gone(first)
    far.gone(second)


def test_a_far_command_that_ignores_sighup_is_killed_after_the_grace(edge, far):
    edge.node(**{"session.hang-up-grace": "300ms"})
    command = far.new()
    running = edge.popen_connect("shop-17", "--", f"trap '' HUP TERM; {command}; true")
    far.started(command)
    started = time.monotonic()
    kill_and_expect_no_orphan(edge, far, command, running)
    assert 0.25 < time.monotonic() - started < 3


def test_a_stopped_far_command_is_hung_up_too(shop, far):
    command = far.new()
    running = shop.popen_connect("shop-17", "--", command)
    for pid in far.started(command):
        os.kill(pid, signal.SIGSTOP)
    kill_and_expect_no_orphan(shop, far, command, running)


def test_after_a_killed_edgectl_the_tunnel_goes_idle(edge, far):
    edge.set("tunnel.idle", "500ms")
    edge.set("session.keep-alive", "100ms")
    edge.node()
    command = far.new()
    kill_and_expect_no_orphan(edge, far, command, edge.popen_connect("shop-17", "--", command))
    edge.wait_tunnel("idle", timeout=5)
    assert edge.endpoint()["tunnel"]["reason"] == "idle"


def test_a_network_cut_seen_from_the_node_hangs_a_session_up_that_waits_for_nothing(edge, far):
    edge.set("session.resume-for", "off")
    edge.set("tunnel.probe", "200ms")
    edge.node()
    command = far.new()
    running = edge.popen_connect("shop-17", "--", command)
    far.started(command)
    edge.edged.send(signal.SIGSTOP)  # alive to TCP, and silent: what a cut looks like
    try:
        far.gone(command, timeout=5)
    finally:
        edge.edged.send(signal.SIGCONT)
    out, err = running.communicate(timeout=15)
    assert running.returncode == 255
    assert b"lost" in err or b"ended:" in err


def test_a_network_cut_seen_from_the_server_ends_a_session_that_waits_for_nothing_and_says_why(edge, far):
    edge.set("session.resume-for", "off")
    edge.set("tunnel.probe", "200ms")
    agent = edge.node()
    command = far.new()
    running = edge.popen_connect("shop-17", "--", command)
    far.started(command)
    agent.send(signal.SIGSTOP)
    try:
        out, err = running.communicate(timeout=10)
    finally:
        agent.send(signal.SIGCONT)
    assert running.returncode == 255
    assert re.search(b"the (connection to shop-17 was lost|session on shop-17 ended): ", err) and b"hint: edgectl connect shop-17" in err
    far.gone(command)
    eventually(lambda: edge.connect("shop-17", "--", "true").returncode == 0, "usable again")


# Endpoints that cannot be connected to.

@pytest.fixture(scope="module")
def offline():
    """An endpoint that was online once. It takes 20 s of silence to be offline, so these tests share one."""
    server = Edge()
    try:
        server.start()
        server.set("check-in.hold", "off")
        server.set("check-in.interval", "100ms")
        agent = server.node()
        eventually(lambda: server.endpoint()["hold"] == "off" and not server.endpoint()["instances"][0]["held"], "plain polling")
        agent.kill()
        server.wait_state("offline", timeout=60)
        yield server
    finally:
        server.close()


def at_once(edge, *arguments, **options):
    started = time.monotonic()
    done = edge.connect(*arguments, **options)
    assert time.monotonic() - started < 1
    return done


def test_connect_to_an_offline_endpoint_fails_at_once_with_5_and_says_since_when(offline):
    done = at_once(offline, "shop-17")
    assert done.returncode == 5
    assert "edgectl: cannot connect to shop-17: offline" in done.stderr
    assert re.search(r"last seen \d+s ago \(20.*Z\) from (127\.0\.0\.1|::1)", done.stderr), done.stderr
    assert "hint: edgectl connect shop-17 --wait 10m" in done.stderr


def test_connect_with_a_command_to_an_offline_endpoint_gives_255(offline):
    done = at_once(offline, "shop-17", "--", "true")
    assert (done.returncode, done.stdout) == (255, "")
    assert "offline" in done.stderr


def test_an_offline_endpoint_is_reported_as_json(offline):
    done = at_once(offline, "shop-17", "-o", "json")
    error = json.loads(done.stderr)["error"]
    assert (done.returncode, done.stdout) == (5, "")
    assert error["code"] == "offline" and error["retryable"] is True and error["hint"]


def test_wait_on_an_offline_endpoint_ends_with_offline_when_it_is_over(offline):
    started = time.monotonic()
    done = offline.connect("shop-17", "--wait", "300ms")
    assert done.returncode == 5
    assert 0.3 <= time.monotonic() - started < 2
    assert "offline" in done.stderr


def test_an_offline_endpoint_is_listed_as_such(offline):
    assert [e["state"] for e in offline.ctl_json("ls")["items"]] == ["offline"]


def test_connect_with_wait_connects_when_the_agent_comes(offline):  # the last one with this fixture: it is online then
    waiting = offline.popen_connect("shop-17", "--wait", "10m", "--", "echo at last")
    offline.wait_tunnel("required")
    assert waiting.poll() is None
    offline.start_agent()
    out, err = waiting.communicate(timeout=20)
    assert (waiting.returncode, out) == (0, b"at last\n"), err


def test_connect_to_an_endpoint_that_nobody_joined_fails_at_once_and_says_so(edge):
    edge.create()
    done = at_once(edge, "shop-17")
    assert done.returncode == 5
    assert "no agent has joined" in done.stderr and "hint:" in done.stderr


def test_connect_with_wait_serves_an_endpoint_that_joins_meanwhile(edge):
    token, edge_id = edge.create()
    waiting = edge.popen_connect("shop-17", "--wait", "1m", "--", "echo at last")
    edge.wait_tunnel("required")
    assert edge.join(token, edge_id).returncode == 0
    edge.start_agent()
    out, err = waiting.communicate(timeout=20)
    assert (waiting.returncode, out) == (0, b"at last\n"), err


def test_connect_to_an_unknown_endpoint_exits_with_3_and_suggests_the_near_name(edge):
    edge.create()
    done = at_once(edge, "shop-71")
    assert done.returncode == 3
    assert "shop-71" in done.stderr and "did you mean" in done.stderr and "shop-17" in done.stderr


def test_connect_with_a_command_to_an_unknown_endpoint_gives_255(edge):
    assert at_once(edge, "shop-17", "--", "true").returncode == 255


def test_connect_without_a_running_edged_exits_with_7_and_names_the_socket(bare):
    done = bare.connect("shop-17")
    assert done.returncode == 7
    assert str(bare.socket) in done.stderr and "hint:" in done.stderr


def test_connect_with_a_command_without_a_running_edged_gives_255(bare):
    assert bare.connect("shop-17", "--", "true").returncode == 255


@pytest.mark.parametrize("target", ["", "@", "root@", "@shop-17", "UPPER", "a b", "../etc", "x" * 300, "-x@shop-17", "a/b@shop-17"])
def test_a_target_that_is_no_name_is_a_usage_error(edge, target):
    done = edge.connect(target)
    assert done.returncode == 2, done.stderr


def test_a_wait_that_is_no_duration_is_a_usage_error(edge):
    done = edge.connect("shop-17", "--wait", "soon")
    assert done.returncode == 2 and "no duration" in done.stderr


def test_an_endpoint_removed_while_connect_waits_ends_the_wait(edge):
    edge.create()
    waiting = edge.popen_connect("shop-17", "--wait", "1m")
    edge.wait_tunnel("required")
    edge.ok("endpoint", "rm", "shop-17", "--yes")
    _, err = waiting.communicate(timeout=5)
    assert waiting.returncode not in (0, 5)
    assert b"removed" in err


def test_an_endpoint_removed_under_a_live_session_ends_it(shop, far):
    command = far.new()
    running = shop.popen_connect("shop-17", "--", command)
    far.started(command)
    shop.ok("endpoint", "rm", "shop-17", "--yes")
    running.communicate(timeout=10)
    assert running.returncode == 255
    far.gone(command)


def test_an_agent_that_cannot_run_the_shell_says_so(edge):
    edge.node(**{"session.shell": "/no/such/shell"})
    done = edge.connect("shop-17", "--", "true")
    assert done.returncode == 255
    assert "/no/such/shell" in done.stderr
