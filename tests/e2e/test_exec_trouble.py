"""`edgectl exec` on twenty while cables are pulled, operators interrupt, and nodes flood."""
import re
import subprocess

import pexpect
import pytest

from edge import BIN, eventually
from twenty import FAR_AWAY, NAMES, STAYING, objects, twenty


@pytest.fixture(scope="module")
def fleet():
    with twenty() as edge:
        yield edge


def test_five_of_twenty_are_cut_in_the_middle_and_come_back(fleet, tmp_path):
    marks = tmp_path / "marks"
    go_on = tmp_path / "go-on"
    command = f"echo before; echo >>{marks}; while ! test -e {go_on}; do sleep 0.1; done; echo after"
    running = fleet.run_exec(*NAMES, "--yes", "--", command)
    eventually(lambda: marks.exists() and len(marks.read_text()) == 20, "all run")
    fleet.cable.pull()
    try:
        for name in FAR_AWAY:
            running.says(f"edgectl: {name} is out of reach")
        go_on.touch()
        eventually(lambda: running.text(running.out).count("after") == len(STAYING), "the others go on")
        assert running.process.poll() is None
    finally:
        fleet.cable.plug()
    status, out, err = running.end()
    assert status == 0, err
    assert sorted(out.splitlines()) == sorted(f"{name}: {word}" for name in NAMES for word in ("before", "after"))
    assert all(f"{name} is back" in err for name in FAR_AWAY)


def test_who_stays_cut_off_times_out_and_the_others_are_done(fleet, tmp_path):
    go_on, marks = tmp_path / "go-on", tmp_path / "marks"
    command = f"echo >>{marks}; while ! test -e {go_on}; do sleep 0.1; done"
    running = fleet.run_exec(*NAMES, "--yes", "--timeout", "12s", "--parallel", "20", "-o", "json", "--", command)
    eventually(lambda: marks.exists() and len(marks.read_text()) == 20, "all run")
    fleet.cable.pull()
    try:
        go_on.touch()
        status, out, err = running.end()
    finally:
        fleet.cable.plug()
    assert status == 10, err
    found = objects(out)
    assert {name for name in NAMES if found[name]["outcome"] == "ok"} == set(STAYING)
    assert all(found[name]["outcome"] == "timed-out" and "12s" in found[name]["reason"] for name in FAR_AWAY)
    eventually(lambda: all(fleet.endpoint(name)["state"] == "online" for name in FAR_AWAY), "they are back", 60)


def test_a_timeout_kills_the_far_command(fleet, far):
    sleep = far.new()
    done = fleet.exec(*NAMES[5:9], "--yes", "--timeout", "3s", "--", f"exec {sleep}")
    assert done.returncode == 10 and "(4): timed out: after 3s" in done.stderr
    far.gone(sleep)


def test_an_interrupt_stops_starting_and_a_second_one_cancels(fleet, tmp_path, far):
    marks, go_on = tmp_path / "marks", tmp_path / "go-on"
    command = f"echo >>{marks}; while ! test -e {go_on}; do sleep 0.1; done; echo done"
    running = fleet.run_exec(*STAYING, "--yes", "--parallel", "3", "--", command)
    eventually(lambda: marks.exists() and len(marks.read_text()) == 3, "three run")
    running.interrupt()
    running.says("interrupted: nothing more starts; 3 run to the end")
    go_on.touch()
    status, out, err = running.end()
    assert status == 130 and out.count("done") == 3
    assert "3 ok, 12 not started" in err and "not started: shop-[00009-00020] (12)" in err

    sleep = far.new()
    running = fleet.run_exec(*STAYING, "--yes", "--parallel", "3", "--", f"exec {sleep}")
    eventually(lambda: len(far.find(sleep)) == 3, "three run")
    running.interrupt()
    running.says("interrupted")
    running.interrupt()
    status, out, err = running.end(15)
    assert status == 130 and "cancelled:   shop-[00006-00008] (3)" in err and "not started: " in err
    far.gone(sleep)


def test_one_endpoint_is_cancelled_by_the_first_interrupt(fleet, far):
    sleep = far.new()
    running = fleet.run_exec(NAMES[-1], "--", f"exec {sleep}")
    far.started(sleep)
    running.interrupt()
    assert running.end(15)[0] == 130
    far.gone(sleep)


def test_a_bar_shares_the_terminal_with_the_lines(fleet):
    words = ["exec", *NAMES, "--yes", "--parallel", "4", "--", "echo line; sleep 0.3; exit 1"]
    child = pexpect.spawn(str(BIN / "edgectl"), words, env=fleet.environment(), dimensions=(24, 100), timeout=40)
    child.expect(pexpect.EOF)
    child.close()
    text = child.before.decode()
    assert child.exitstatus == 10
    assert re.search(r"\[#+-+\] \d+/20  \d+ failed  4 running  \d+ left", text)
    screen = lines_on_screen(text)
    assert sorted(line for line in screen if line.endswith("line")) == [f"{name}: line" for name in NAMES]
    assert not any("running" in line and "[" in line for line in screen), "no bar is left"


def lines_on_screen(text):
    """What a terminal shows at the end, for what we send to one: carriage returns, erase to the end of a line, colours."""
    lines = []
    for row in re.sub(r"\033\[[0-9;]*m", "", text).split("\n"):
        shown = ""
        for part in row.split("\r"):
            while "\033[K" in part:
                before, part = part.split("\033[K", 1)
                shown = before
            shown = part + shown[len(part):]
        lines.append(shown)
    return lines


def resident(pid):
    with open(f"/proc/{pid}/status") as status:
        return int(re.search(r"VmHWM:\s+(\d+)", status.read()).group(1))


def test_nodes_that_flood_fill_no_memory_and_keep_their_order(fleet):
    running = fleet.run_exec(*NAMES, "--yes", "--", "seq 1 200000")
    status, out, err = running.end()
    assert status == 0, err
    following = dict.fromkeys(NAMES, 1)
    for line in out.splitlines():
        name, number = line.split(": ")
        assert int(number) == following[name]
        following[name] += 1
    assert set(following.values()) == {200001}


def test_a_slow_reader_stops_the_nodes_and_nothing_is_kept(fleet, far):
    process = subprocess.Popen([str(BIN / "edgectl"), "exec", *NAMES, "--yes", "-q", "--", "yes 0123456789"], env=fleet.environment(),
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        for _ in range(20_000):
            assert process.stdout.readline().endswith(b": 0123456789\n")
        before = resident(process.pid)
        for _ in range(20_000):
            process.stdout.readline()
        assert resident(process.pid) < max(before * 1.2, 100_000)
        process.stdout.close()  # as `| head` does
        assert process.wait(15) == 1
    finally:
        process.kill()
        process.wait()


def test_a_flood_that_must_be_kept_goes_to_a_file_without_a_name(fleet):
    process = subprocess.Popen([str(BIN / "edgectl"), "exec", *NAMES, "--yes", "--group", "--", "seq 1 1000000"],
                               env=fleet.environment(TMPDIR="/tmp"), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        text = process.stdout.read(200_000)
        assert "shop-[00001-00020] (20)" in text
        assert resident(process.pid) < 100_000
        rest = process.stdout.read()
        assert process.wait(20) == 0 and rest.endswith("\n999999\n1000000\n")
    finally:
        process.kill()
        process.wait()
