"""edgectl cp with one node: files and folders both ways, streams, limits, and what goes wrong, in the far side's words."""
import hashlib
import json
import os
import pathlib
import socket
import subprocess
import time

import pytest

from edge import BIN, Edge
from test_session import MB, digest, random_file

ODD = b"a\nb \xff'\"$x"  # a name that is neither one line nor UTF-8


@pytest.fixture(scope="module")
def shop():
    edge = Edge()
    try:
        edge.start()
        edge.agent = edge.node()
        edge.wait_held()
        yield edge
    finally:
        edge.close()


@pytest.fixture
def ends(tmp_path):
    """Two folders: here, and one that stands for the node's."""
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    there.mkdir()
    return here, there


def cp(edge, *words, **options):
    return edge.ctl("cp", *words, **options)


def ok(done):
    assert done.returncode == 0, f"{done.args}\n{done.stdout}\n{done.stderr}"
    return done


def far(edge, path):
    return f"{edge.target()}:{path}"


def names(folder):
    return sorted(os.listdir(folder))


def test_a_file_goes_there_and_comes_back(shop, ends):
    here, there = ends
    sent = random_file(here / "sent", 20 * MB)
    sent.chmod(0o640)
    done = ok(cp(shop, sent, far(shop, f"{there}/")))
    assert done.stdout == ""
    assert "1 file, 20.0 MB" in done.stderr
    ok(cp(shop, far(shop, there / "sent"), here / "back"))
    assert digest(there / "sent") == digest(here / "back") == digest(sent)
    assert (there / "sent").stat().st_mode & 0o777 == 0o640
    assert names(there) == ["sent"] and names(here) == ["back", "sent"]


def test_a_folder_goes_there_and_comes_back_as_it_is(shop, ends):
    here, there = ends
    tree = here / "tree"
    (tree / "sub" / "empty").mkdir(parents=True)
    (tree / "sub" / "file").write_text("x")
    pathlib.Path(os.fsdecode(bytes(tree) + b"/" + ODD)).write_text("odd")
    (tree / "loop").symlink_to(".")
    (tree / "dangling").symlink_to("/nowhere\n")
    os.utime(tree / "dangling", (1000, 3000), follow_symlinks=False)
    os.mkfifo(tree / "pipe")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tree / "socket"))
    (tree / "sub").chmod(0o500)
    os.utime(tree / "sub" / "file", (1000, 2000))
    done = ok(cp(shop, "-rp", tree, far(shop, there)))
    assert done.stderr.count("passed over: neither a file nor a folder nor a link") == 2
    ok(cp(shop, "-rp", far(shop, there / "tree"), here / "back"))
    for folder in (there / "tree", here / "back"):
        assert sorted(os.listdir(bytes(folder))) == sorted([b"sub", b"loop", b"dangling", ODD])
        assert (folder / "sub" / "file").read_text() == "x"
        assert (folder / "sub" / "file").stat().st_mtime == 2000
        assert (folder / "sub").stat().st_mode & 0o777 == 0o500
        assert (folder / "sub" / "empty").is_dir()
        assert (folder / "dangling").lstat().st_mtime == 3000
        assert os.readlink(folder / "loop") == "." and os.readlink(folder / "dangling") == "/nowhere\n"
    ok(cp(shop, "-r", tree, far(shop, there)))  # once more, over what is there
    assert names(there) == ["tree"]


def test_folders_are_targets_as_with_cp(shop, ends):
    here, there = ends
    for name in ("one", "two"):
        (here / name).write_text(name)
    ok(cp(shop, here / "one", here / "two", far(shop, there)))
    assert names(there) == ["one", "two"]
    done = cp(shop, here / "one", here / "two", far(shop, there / "missing"))
    assert done.returncode == 3 and "there is no folder" in done.stderr
    done = cp(shop, here / "one", far(shop, f"{there}/missing/"))
    assert done.returncode == 3
    done = cp(shop, here / "one", far(shop, there / "missing" / "one"))
    assert done.returncode == 3 and "No such file" in done.stderr
    done = cp(shop, here, far(shop, there))
    assert done.returncode == 2 and "-r" in done.stderr
    (there / "dir").mkdir()
    (there / "dir" / "in").write_text("x")
    ok(cp(shop, "-r", f"{there}/dir/.", far(shop, there / "copy")))
    assert names(there / "copy") == ["in"]
    # Paths start in the home of the account.
    mine = f"edge-cp-{os.getpid()}"
    try:
        ok(cp(shop, here / "one", far(shop, f"~/{mine}")))
        ok(cp(shop, far(shop, mine), here / "back"))
        assert (here / "back").read_text() == "one"
    finally:
        (pathlib.Path.home() / mine).unlink(missing_ok=True)


def test_stdin_and_stdout_are_ends_of_a_copy(shop, ends):
    _, there = ends
    content = os.urandom(3 * MB + 17)
    ok(cp(shop, "-", far(shop, there / "file"), input=content, text=False))
    assert (there / "file").read_bytes() == content
    done = cp(shop, far(shop, there / "file"), "-", text=False)
    assert done.returncode == 0 and done.stdout == content
    done = cp(shop, far(shop, "/proc/self/mounts"), "-")  # says that it has no byte
    assert done.returncode == 0 and "proc" in done.stdout
    done = cp(shop, far(shop, there), "-")
    assert done.returncode == 1 and "Is a directory" in done.stderr and done.stdout == ""


def test_what_is_there_is_the_old_file_or_the_whole_new_one(shop, ends):
    here, there = ends
    (there / "file").write_text("old")
    (there / "file").chmod(0o604)
    before = (there / "file").stat()
    random_file(here / "file", 30 * MB)
    copy = subprocess.Popen([str(BIN / "edgectl"), "cp", "--limit", "10M", str(here / "file"), far(shop, there)],
                            env=shop.environment(), stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
    seen = set()
    while copy.poll() is None:
        seen.add((there / "file").stat().st_size)
        time.sleep(0.01)
    assert copy.returncode == 0, copy.stderr.read()
    copy.stderr.close()
    assert seen <= {3, 30 * MB} and 3 in seen
    after = (there / "file").stat()
    assert (after.st_mode, after.st_uid, after.st_gid) == (before.st_mode, before.st_uid, before.st_gid)


@pytest.mark.alone
def test_a_limit_is_held_within_a_tenth_both_ways(shop, ends):
    here, there = ends
    random_file(here / "file", 20 * MB)
    for words in ((here / "file", far(shop, there / "copy")), (far(shop, there / "copy"), here / "back")):
        done = ok(cp(shop, "--limit", "5M", "-o", "json", *words))
        rate = 20 / json.loads(done.stdout)["items"][0]["duration"]
        assert 4.5 <= rate <= 5.5, f"{rate:.2f} MB/s"


def test_failures_are_the_far_sides_own_words(shop, ends):
    here, there = ends
    (here / "file").write_text("x")
    done = cp(shop, far(shop, there / "missing"), here)
    assert (done.returncode, done.stdout) == (3, "")
    assert f"{there}/missing: No such file" in done.stderr
    done = cp(shop, here / "missing", far(shop, there))
    assert done.returncode == 3 and f"{here}/missing: No such file or directory" in done.stderr
    done = cp(shop, here / "file", far(shop, there / "nowhere" / "file"))
    assert done.returncode == 3 and f"No such file: there is no folder {there}/nowhere/" in done.stderr
    (there / "file").mkdir()
    done = cp(shop, here / "file", far(shop, there))
    assert done.returncode == 1 and "Is a directory" in done.stderr
    done = cp(shop, here / "file", "nobody-here:/tmp")
    assert done.returncode == 3
    # What can be copied is, and the status says that not all was.
    (here / "other").write_text("other")
    done = cp(shop, here / "file", here / "missing", here / "other", far(shop, there))
    assert done.returncode == 10
    assert (there / "other").read_text() == "other"
    assert names(there) == ["file", "other"], "no half file is left"


@pytest.fixture
def small_disk(tmp_path):
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "edge-test", str(folder)], capture_output=True, text=True)
    if mounted.returncode != 0:
        pytest.skip(f"this machine lets nobody mount a tmpfs: {mounted.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk_is_told_and_gets_its_room_back(shop, ends, small_disk):
    here, there = ends
    random_file(there / "large", 10 * MB)
    (small_disk / "large").write_text("old")
    done = cp(shop, there / "large", far(shop, small_disk))
    assert done.returncode == 1 and "No space left on device" in done.stderr
    done = cp(shop, far(shop, there / "large"), small_disk)
    assert done.returncode == 1 and "No space left on device" in done.stderr
    assert names(small_disk) == ["large"] and (small_disk / "large").read_text() == "old"


def test_a_read_only_folder_is_told(shop, ends, small_disk):
    here, _ = ends
    (here / "file").write_text("x")
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    done = cp(shop, here / "file", far(shop, small_disk))
    assert done.returncode == 4 and "Read-only file system" in done.stderr


def test_a_file_that_changes_meanwhile_is_no_file_there(shop, ends):
    here, there = ends
    for name, way in (("up", (here / "up", far(shop, there / "up"))), ("down", (far(shop, there / "down"), here / "down"))):
        source = (here if name == "up" else there) / name
        random_file(source, 20 * MB)
        copy = subprocess.Popen([str(BIN / "edgectl"), "cp", "--limit", "10M", *map(str, way)], env=shop.environment(),
                                stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        part = (there if name == "up" else here) / f".{name}.part"
        while not (part.exists() and part.stat().st_size > MB) and copy.poll() is None:
            time.sleep(0.01)
        with open(source, "r+b") as file:
            file.write(b"changed")
            file.seek(-7, os.SEEK_END)
            file.write(b"changed")
        words = copy.communicate()[1]
        assert copy.returncode == 1 and "changed while it was copied" in words
        assert not part.exists() and not ((there if name == "up" else here) / name).exists()


def test_ten_gigabytes_of_holes_pass_at_once(shop, ends):
    here, there = ends
    with open(here / "sparse", "wb") as file:
        file.seek(6_000_000_000)
        file.write(b"in the middle")
        file.truncate(10_000_000_000)
    ok(cp(shop, here / "sparse", far(shop, there), timeout=120))
    ok(cp(shop, far(shop, there / "sparse"), here / "back", timeout=120))
    for copy in (there / "sparse", here / "back"):
        about = copy.stat()
        assert about.st_size == 10_000_000_000 and about.st_blocks * 512 < MB
        with open(copy, "rb") as file:
            file.seek(6_000_000_000)
            assert file.read(13) == b"in the middle"


def test_an_account_may_not_what_it_may_not(ends, tmp_path):
    here, there = ends
    if os.geteuid() != 0:
        pytest.skip("needs root to be somebody else")
    (here / "file").write_text("x")
    (there / "secret").write_text("secret")
    (there / "secret").chmod(0o600)
    there.chmod(0o755)
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_mode & 0o005 != 0o005:
            folder.chmod(folder.stat().st_mode | 0o055)
    name = f"edgecp{os.getpid() % 10000}"
    subprocess.run(["useradd", "--create-home", "--shell", "/bin/sh", name], check=True)
    edge = Edge()
    try:
        edge.start()
        edge.node()
        done = cp(edge, here / "file", f"{name}@shop-17:{there}/")
        assert done.returncode == 4 and f"Permission denied in {there}/" in done.stderr
        done = cp(edge, f"{name}@shop-17:{there}/secret", here)
        assert done.returncode == 4 and "Permission denied" in done.stderr
        ok(cp(edge, here / "file", f"{name}@shop-17:"))
        assert (pathlib.Path("/home") / name / "file").owner() == name
        assert names(here) == ["file"] and names(there) == ["secret"]
    finally:
        edge.close()
        subprocess.run(["userdel", "--remove", name], capture_output=True)
