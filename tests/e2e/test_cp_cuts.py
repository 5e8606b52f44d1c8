"""edgectl cp while the network, edged or edgectl itself goes away: it goes on by itself, or with --resume."""
import os
import pathlib
import signal
import subprocess

import pytest

from cable import wired
from edge import BIN, PATIENCE, eventually
from test_resume import cut, kill_edged
from test_session import MB, digest, random_file

SIZE = 24


@pytest.fixture(scope="module")
def cabled():
    with wired() as edge:
        edge.agent = edge.node()
        edge.wait_held()
        yield edge


@pytest.fixture
def ends(tmp_path):
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    there.mkdir()
    return random_file(here / "sent", SIZE * MB), there


def start(edge, *words):
    return subprocess.Popen([str(BIN / "edgectl"), "cp", *map(str, words)], env=edge.environment(),
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def wait_part(folder, size=2 * MB, name=".sent.part"):
    part = folder / name
    eventually(lambda: part.exists() and part.stat().st_size >= size, f"{part} grows")
    return part


def both_ways(edge, sent, there):
    return start(edge, "--limit", "4M", sent, f"{edge.target()}:{there}/"), \
        start(edge, "--limit", "4M", f"{edge.target()}:{sent}", there / "back")


def finish(copy):
    words = copy.communicate(timeout=PATIENCE * 6)
    assert copy.returncode == 0, words
    return words[1]


def test_copies_go_on_over_a_cut_and_a_death_of_edged(cabled, ends):
    sent, there = ends
    up, down = both_ways(cabled, sent, there)
    wait_part(there), wait_part(there, name=".back.part")
    cut(cabled, 4)
    kill_edged(cabled)
    finish(up), finish(down)
    assert digest(there / "sent") == digest(there / "back") == digest(sent)


def test_a_killed_copy_goes_on_where_it_was(cabled, ends):
    sent, there = ends
    up, down = both_ways(cabled, sent, there)
    parts = wait_part(there, 8 * MB), wait_part(there, 8 * MB, ".back.part")
    inodes = [part.stat().st_ino for part in parts]
    for copy in (up, down):
        copy.kill()
        copy.communicate()
    assert not (there / "sent").exists() and not (there / "back").exists()
    up, down = start(cabled, "--resume", sent, f"{cabled.target()}:{there}/"), \
        start(cabled, "--resume", f"{cabled.target()}:{sent}", there / "back")
    for words in (finish(up), finish(down)):
        assert "something else" not in words
    assert [(there / name).stat().st_ino for name in ("sent", "back")] == inodes
    assert digest(there / "sent") == digest(there / "back") == digest(sent)


def test_an_interrupt_keeps_the_part_and_says_how_to_go_on(cabled, ends):
    sent, there = ends
    copy = start(cabled, "--limit", "4M", sent, f"{cabled.target()}:{there}/")
    wait_part(there)
    copy.send_signal(signal.SIGINT)
    words = copy.communicate(timeout=PATIENCE)[1]
    assert copy.returncode == 130 and "--resume" in words
    assert os.listdir(there) == [".sent.part"]
    (there / ".sent.part").write_bytes(b"something else")
    words = finish(start(cabled, "--resume", sent, f"{cabled.target()}:{there}/"))
    assert "something else" in words
    assert digest(there / "sent") == digest(sent) and os.listdir(there) == ["sent"]


def test_a_node_whose_agent_died_is_told_and_gone_on_with_later(cabled, ends):
    sent, there = ends
    copy = start(cabled, "--limit", "4M", sent, f"{cabled.target()}:{there}/")
    part = wait_part(there)
    cabled.agent.kill()
    cabled.agent.start()
    words = copy.communicate(timeout=PATIENCE * 2)[1]
    assert copy.returncode not in (0, None) and "shop-17" in words
    assert not (there / "sent").exists() and part.exists()
    finish(start(cabled, "--resume", sent, f"{cabled.target()}:{there}/"))
    assert digest(there / "sent") == digest(sent)
