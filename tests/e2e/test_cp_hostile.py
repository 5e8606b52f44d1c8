"""edgectl cp from a node whose sftp-server lies: nothing is written outside of the target, and nothing without a bound."""
import os
import pathlib
import resource
import sys

import pytest

from edge import Edge

HERE = pathlib.Path(__file__).resolve().parent
LIES = ["names", "links", "endless", "huge", "more", "strange"]


@pytest.fixture(scope="module")
def lying(tmp_path_factory):
    """A node for each lie: the sftp-server of each is called by it."""
    edge = Edge()
    folder = tmp_path_factory.mktemp("lies")
    try:
        edge.start()
        for lie in LIES:
            program = folder / lie
            program.write_text(f"#!{sys.executable}\n" + (HERE / "hostile_sftp.py").read_text())
            program.chmod(0o755)
            edge.node(lie, lie, **{"session.sftp-server": program})
        yield edge
    finally:
        edge.close()


def fetch(edge, lie, target, *words):
    return edge.ctl("cp", *words, f"{edge.target(lie)}:/far/{'folder' if '-r' in words else 'file'}", target, timeout=60)


def test_names_that_lead_elsewhere_are_refused(lying, tmp_path):
    target = tmp_path / "target"
    target.mkdir()
    done = fetch(lying, "names", target, "-r")
    assert done.returncode in (1, 4, 10)
    assert done.stderr.count("its name leads out of its folder") == 5
    assert "\x1b" not in done.stderr
    assert os.listdir(tmp_path) == ["target"] and not pathlib.Path("/etc/escaped").exists()
    assert set(os.listdir(target / "folder")) <= {"fine"}


def test_a_link_that_came_along_is_not_walked_through(lying, tmp_path):
    done = fetch(lying, "links", tmp_path, "-r")
    assert done.returncode != 0
    way_out = tmp_path / "folder" / "way-out"
    assert not (pathlib.Path(os.environ["HOME"]) / "fine").exists()
    assert way_out.is_symlink() or way_out.is_dir()


def test_folders_without_an_end_have_one(lying, tmp_path):
    done = fetch(lying, "endless", tmp_path, "-r")
    assert done.returncode != 0 and "more folders in each other than 200" in done.stderr


@pytest.mark.parametrize("lie, words", [
    ("huge", "sent a packet of 4294967295 bytes"),
    ("more", "sent other bytes than were asked for"),
    ("strange", "answered what was not asked"),
])
def test_replies_that_were_not_asked_for_are_no_file(lying, tmp_path, lie, words):
    done = fetch(lying, lie, tmp_path)
    assert done.returncode != 0 and words in done.stderr
    assert "file" not in os.listdir(tmp_path)
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss < 300_000
