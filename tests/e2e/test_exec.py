"""`edgectl exec` on one and on twenty: statuses, forms of output, limits, what is offline, scripts."""
import base64
import collections
import glob
import json
import os
import re
import subprocess

import pytest

from edge import BIN, eventually
from twenty import LATE, NAMES, objects, start, twenty

ONE = NAMES[0]


@pytest.fixture(scope="module")
def fleet():
    with twenty() as edge:
        yield edge


def test_one_endpoint_gives_its_bytes_and_its_status(fleet):
    done = fleet.exec(ONE, "--", r"printf 'a\0\377\nb'; echo err >&2; exit 3", text=False)
    assert (done.returncode, done.stdout, done.stderr) == (3, b"a\0\xff\nb", b"err\n")
    assert fleet.exec(f"nobody-here@{ONE}", "--", "true").returncode == 255
    done = fleet.exec("shop-0001", "--", "true")
    assert done.returncode == 255 and "did you mean" in done.stderr
    done = fleet.exec(LATE[0], "--", "true")
    assert done.returncode == 255 and "no agent has joined it yet" in done.stderr
    done = fleet.exec(ONE, "--", "kill -TERM $$")
    assert done.returncode == 255 and "signal TERM" in done.stderr
    assert fleet.exec(ONE).returncode == 2  # no command


def test_one_endpoint_reads_nothing_of_ours_unless_it_is_told_to(fleet):
    loop = f"while read line; do {BIN}/edgectl exec {ONE} -- cat; echo $line; done"
    done = subprocess.run(["sh", "-c", loop], input="1\n2\n", capture_output=True, text=True, env=fleet.environment(), timeout=60)
    assert done.stdout == "1\n2\n"
    assert fleet.exec(ONE, "--stdin", "-", "--", "tr a-z A-Z", input="shout\n").stdout == "SHOUT\n"


def test_lines_of_twenty_stand_behind_their_names_in_order_and_whole(fleet):
    done = fleet.exec(*NAMES, "--yes", "--", "seq 1 3000; echo done >&2")
    assert done.returncode == 0, done.stderr
    numbers = collections.defaultdict(list)
    for line in done.stdout.splitlines():
        name, number = re.fullmatch(r"(shop-\d{5}): (\d+)", line).groups()
        numbers[name].append(int(number))
    assert set(numbers) == set(NAMES)
    assert all(found == list(range(1, 3001)) for found in numbers.values())
    assert sorted(line for line in done.stderr.splitlines() if line.endswith(": done")) == [f"{name}: done" for name in NAMES]
    assert "20 ok" in done.stderr.splitlines()[-1]


def test_many_are_asked_for_first_and_can_only_be_listed(fleet):
    done = fleet.exec(*NAMES, "--", "true")
    assert done.returncode == 2 and "--yes" in done.stderr
    done = fleet.exec(*NAMES, "--dry-run", "-q", "--", "touch /tmp/never")
    assert done.returncode == 0 and done.stdout.split() == NAMES and not os.path.exists("/tmp/never")
    done = fleet.exec(ONE, "shop-0002", "--yes", "--", "true")
    assert done.returncode == 3 and "did you mean" in done.stderr
    assert fleet.exec(*NAMES, "--yes", "--batch", "x", "--", "true").returncode == 2


def test_a_selector_and_stdin_choose_endpoints_and_mistakes_run_nothing(fleet, tmp_path):
    fleet.ok("label", *NAMES[:3], "site=berlin", "--yes")
    fleet.ok("label", ONE, "role=first")
    done = fleet.exec("-l", "site=berlin", "--yes", "--", "echo here")
    assert done.returncode == 0 and sorted(done.stdout.splitlines()) == [f"{name}: here" for name in NAMES[:3]]
    done = fleet.exec("-l", "role=first", "--", "echo here")  # a selector is many, whatever it matches
    assert done.returncode == 0 and done.stdout == f"{ONE}: here\n"
    done = fleet.exec("-", "--yes", "--", "echo here", input="\n".join(NAMES[3:5]))
    assert done.returncode == 0 and sorted(done.stdout.splitlines()) == [f"{name}: here" for name in NAMES[3:5]]
    ran = tmp_path / "ran"
    for mistake, status in ((["-l", "site=berlni"], 3), (["-l", "site in (berlin"], 2), ([ONE, "shop-0002"], 3)):
        done = fleet.exec(*mistake, "--yes", "--", f"touch {ran}")
        assert done.returncode == status and done.stdout == "" and not ran.exists(), done.stderr


def test_identical_outputs_are_grouped_under_folded_names(fleet, tmp_path):
    odd = tmp_path / "odd"
    done = fleet.exec(*NAMES, "--yes", "--group", "--", f"mkdir {odd} 2>/dev/null && echo odd && exit 4; echo even")
    assert done.returncode == 10
    rule = "-" * 15
    found = re.findall(rf"{rule}\n(.*)\n{rule}\n(.*)\n", done.stdout)
    assert len(found) == 2
    assert re.fullmatch(r"shop-\[[0-9,-]*\] \(19\)", found[0][0]) and found[0][1] == "even"
    assert re.fullmatch(r"shop-\d{5}: status 4", found[1][0]) and found[1][1] == "odd"


def test_objects_have_every_byte_that_was_written(fleet):
    done = fleet.exec(NAMES[0], NAMES[1], LATE[0], "-o", "json", "--yes", "--", r"printf 'gr\303\274n\n'; printf 'a\377' >&2; seq 1 60000; exit 2")
    assert done.returncode == 10
    found = objects(done.stdout)
    one = found[NAMES[0]]
    assert (one["status"], one["signal"], one["outcome"], one["reason"]) == (2, None, "failed", "status 2")
    assert one["stdout"] == "grün\n" + "".join(f"{n}\n" for n in range(1, 60001)) and "stdout-base64" not in one
    assert one["stderr"] == "a\ufffd" and base64.b64decode(one["stderr-base64"]) == b"a\xff"
    assert 0 < one["duration"] < 60
    assert (found[LATE[0]]["outcome"], found[LATE[0]]["status"]) == ("offline", None)
    summary = json.loads(done.stderr.splitlines()[-1])["summary"]
    assert (summary["failed"], summary["offline"]) == (NAMES[:2], [LATE[0]])


def test_a_folder_gets_two_files_for_each(fleet, tmp_path):
    done = fleet.exec(*NAMES, "--yes", "--log-dir", tmp_path / "logs", "--", "echo out; echo err >&2")
    assert done.returncode == 0 and done.stdout == ""
    assert sorted(os.listdir(tmp_path / "logs")) == sorted(f"{name}.{kind}" for name in NAMES for kind in ("out", "err"))
    assert all((tmp_path / "logs" / f"{name}.{kind}").read_text() == f"{kind}\n" for name in NAMES for kind in ("out", "err"))
    done = fleet.exec(ONE, "--log-dir", "/proc/nowhere", "--", "true")
    assert done.returncode == 255 and "/proc/nowhere" in done.stderr


def test_a_batch_is_finished_before_the_next_one_starts(fleet, tmp_path):
    marks = tmp_path / "marks"
    done = fleet.exec(*NAMES, "--yes", "--batch", "25%", "--", f"echo + >>{marks}; sleep 0.2; echo - >>{marks}")
    assert done.returncode == 0, done.stderr
    assert marks.read_text().split() == (["+"] * 5 + ["-"] * 5) * 4
    marks.unlink()
    fleet.exec(*NAMES[:6], "--yes", "--parallel", "1", "--", f"echo + >>{marks}; sleep 0.05; echo - >>{marks}")
    assert marks.read_text().split() == ["+", "-"] * 6


def test_nothing_starts_once_too_many_have_failed(fleet):
    done = fleet.exec(*NAMES, "--yes", "--parallel", "1", "--max-fail", "10%", "--", "exit 7")
    assert done.returncode == 10
    assert "3 failed, 17 not started" in done.stderr and "more than 2 failed" in done.stderr
    assert "shop-[00001-00003] (3): status 7" in done.stderr


def test_offline_endpoints_fail_are_skipped_or_are_waited_for(fleet):
    asked = [ONE, *LATE, "--yes", "--on-offline"]
    done = fleet.exec(*asked, "fail", "--", "echo here")
    assert done.returncode == 10 and "2 offline" in done.stderr and "till-[00001-00002] (2)" in done.stderr
    assert done.stdout.split() == [f"{ONE}:", "here"]
    done = fleet.exec(*asked, "skip", "--", "echo here")
    assert done.returncode == 0 and "2 offline (skipped)" in done.stderr
    done = fleet.exec(*asked, "wait", "--wait", "2s", "--", "echo here")
    assert done.returncode == 10 and "waited for 2s" in done.stderr
    waiting = fleet.run_exec(*asked, "wait", "--", "echo here")
    eventually(lambda: f"{ONE}: " in waiting.text(waiting.out), "who is there does not wait")
    start(fleet, LATE[0])
    eventually(lambda: LATE[0] in waiting.text(waiting.out), "it has come")
    waiting.interrupt()
    status, out, err = waiting.end()
    assert status == 130 and f"not started: {LATE[1]}" in err
    again = fleet.run_exec("--retry-failed", "last", "--yes", "--wait", "60s")
    start(fleet, LATE[1])
    status, out, err = again.end()
    assert (status, out) == (0, f"{LATE[1]}: here\n"), err


def test_a_run_that_failed_is_gone_on_with_where_it_ended(fleet, tmp_path):
    record, flag = tmp_path / "record", tmp_path / "flag"
    done = fleet.exec(*NAMES[:4], "--yes", "--parallel", "1", "--max-fail", "1", "--result", record, "--", f"cat {flag}")
    assert done.returncode == 10 and f"edgectl exec --retry-failed {record}" in done.stderr
    kept = [json.loads(line) for line in record.read_text().splitlines()]
    assert kept[0]["endpoints"] == NAMES[:4] and [one["status"] for one in kept[1:]] == [1, 1]
    flag.write_text("there\n")
    done = fleet.exec("--retry-failed", record, "--yes", "--result", record)
    assert done.returncode == 0 and sorted(done.stdout.splitlines()) == [f"{name}: there" for name in NAMES[:4]]
    done = fleet.exec("--retry-failed", record)
    assert done.returncode == 3 and "nothing is left to do" in done.stderr
    assert fleet.exec("--retry-failed", flag).returncode == 2


def test_a_script_runs_with_its_words_and_input_and_leaves_nothing(fleet, tmp_path):
    script, words = tmp_path / "a script.py", tmp_path / "input"
    script.write_text("#!/usr/bin/python3\nimport sys\nprint(sys.argv[1:], repr(sys.stdin.read()))\nsys.exit(5)\n" + "#" * 200_000)
    words.write_text("from the file\n")
    before = set(left_behind())
    done = fleet.exec(ONE, "--script", script, "--stdin", words, "--", "it's", "a b", "!$x")
    assert (done.returncode, done.stdout) == (5, """["it's", 'a b', '!$x'] 'from the file\\n'\n"""), done.stderr
    plain = tmp_path / "plain"
    plain.write_text("echo plain $1\n")
    done = fleet.exec(*NAMES, "--yes", "--group", "--script", plain, "--", "x")
    assert done.returncode == 0 and "(20)" in done.stdout and "plain x" in done.stdout
    done = fleet.exec(*NAMES, "--yes", "--group", "--stdin", "-", "--", "cat", input="to all\n")
    assert done.returncode == 0 and "(20)" in done.stdout and "to all" in done.stdout
    assert set(left_behind()) == before


def left_behind():
    return [path for folder in ("/tmp", "/var/tmp", "/dev/shm", os.path.expanduser("~")) for path in glob.glob(f"{folder}/.edge.*")]


def test_a_script_that_is_killed_while_it_is_copied_leaves_nothing(fleet, tmp_path, far):
    before, sleep = set(left_behind()), far.new()
    script = tmp_path / "script"
    script.write_text(f"#!/bin/sh\nexec {sleep}\n")
    running = fleet.run_exec(ONE, "--script", script)
    far.started(sleep)
    assert set(left_behind()) == before
    running.process.kill()
    running.end()
    far.gone(sleep)
    # Half of it must not run either.
    ran = tmp_path / "ran"
    script.write_bytes(f"#!/bin/sh\ntouch {ran}\n".encode() + b"#" * 15_000_000)
    running = fleet.run_exec(*NAMES, "--yes", "--script", script)
    eventually(lambda: any(b"edge-script" in cmdline(p) for p in os.listdir("/proc") if p.isdigit()), "it is copied")
    running.process.kill()
    running.end()
    eventually(lambda: not [p for p in os.listdir("/proc") if p.isdigit() and b"edge-script" in cmdline(p)], "no far shell is left")
    assert set(left_behind()) == before and not ran.exists()


def cmdline(pid):
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return file.read()
    except OSError:
        return b""


def test_host_keys_that_cannot_be_remembered_are_told_of_once(fleet, tmp_path):
    (tmp_path / "edgectl" / "known_hosts.lock").mkdir(parents=True)  # where a file has to be
    done = subprocess.run([BIN / "edgectl", "exec", *NAMES[:3], "--yes", "--", "true"], capture_output=True, text=True,
                          env={**fleet.environment(), "XDG_STATE_HOME": str(tmp_path)}, timeout=60)
    assert done.returncode == 0 and "3 endpoints" in done.stderr, done.stderr
    assert done.stderr.count("warning: host keys cannot be remembered") == 1, done.stderr
