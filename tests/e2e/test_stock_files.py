"""Files by the stock tools: scp in both of its modes, sftp, rsync, sshfs, git and ansible."""
import os
import re
import shutil
import subprocess
import time

import pytest

from edge import PATIENCE, eventually
from stock_ssh import StockSsh
from test_session import MB, digest, random_file


@pytest.fixture
def stock(edge):
    edge.agent = edge.node()
    return StockSsh(edge)


def ok(done):
    assert done.returncode == 0, f"{done.args}\n{done.stdout}\n{done.stderr}"
    return done


@pytest.mark.parametrize("mode", ["-s", "-O"])
def test_scp_copies_files_and_folders_both_ways(stock, mode):
    near, far, back = (stock.folder / name for name in ("near", "far", "back"))
    (near / "sub").mkdir(parents=True)
    random_file(near / "sub" / "a b'c", 3 * MB)
    (near / "sub" / "a b'c").chmod(0o640)
    (near / "empty").write_bytes(b"")
    scp = ("scp", mode, "-F", stock.config, "-r", "-p", "-q")
    ok(stock.run(*scp, near, f"shop-17.edge:{far}"))
    ok(stock.run(*scp, f"shop-17.edge:{far}", back))
    for folder in (far, back):
        assert digest(folder / "sub" / "a b'c") == digest(near / "sub" / "a b'c")
        assert (folder / "sub" / "a b'c").stat().st_mode & 0o777 == 0o640
        assert (folder / "empty").read_bytes() == b""


def test_scp_of_a_large_file_arrives_whole_and_in_time(stock):
    sent, far = random_file(stock.folder / "sent", 200 * MB), stock.folder / "far"
    started = time.monotonic()
    ok(stock.run("scp", "-q", "-F", stock.config, sent, f"shop-17.edge:{far}"))
    took = time.monotonic() - started
    assert digest(far) == digest(sent)
    assert took < PATIENCE * 2, f"{took:.1f} s for 200 MB"


def test_scp_tells_the_far_sides_own_failures(stock):
    done = stock.run("scp", "-F", stock.config, "shop-17.edge:/nowhere/at/all", stock.folder / "back")
    assert done.returncode != 0
    assert "No such file or directory" in done.stderr


def test_a_sftp_batch_does_what_it_says(stock):
    near, far = random_file(stock.folder / "near", MB), stock.folder / "far"
    batch = f"mkdir {far}\nput {near} {far}/one\nrename {far}/one {far}/two\nchmod 600 {far}/two\nget {far}/two {stock.folder}/back\n" \
            f"symlink two {far}/link\nls -l {far}\n"
    done = ok(stock.run("sftp", "-F", stock.config, "-b", "-", "shop-17.edge", input=batch))
    assert re.search(r"-rw------- .*/two$", done.stdout, re.M)
    assert digest(stock.folder / "back") == digest(near)
    assert os.readlink(far / "link") == "two"
    ok(stock.run("sftp", "-F", stock.config, "-b", "-", "shop-17.edge", input=f"rm {far}/two\nrm {far}/link\nrmdir {far}\n"))
    assert not far.exists()


def test_sftp_serves_the_account_that_was_asked_for(stock):
    account = stock.edge.target().split("@")[0]
    ok(stock.run("sftp", "-F", stock.config, "-b", "-", f"{account}@shop-17.edge", input=f"put {stock.config} {stock.folder}/far\n"))
    assert (stock.folder / "far").owner() == account


def test_a_node_without_sftp_server_says_so_to_who_copies_and_scp_o_still_works(edge):
    agent = edge.node(**{"session.sftp-server": "/nowhere/sftp-server"})
    stock = StockSsh(edge)
    for words in (("scp", "-F", stock.config, stock.config, f"shop-17.edge:{stock.folder}/far"),
                  ("sftp", "-F", stock.config, "-b", "-", "shop-17.edge")):
        done = stock.run(*words, input="ls\n")
        assert done.returncode != 0
        for word in ("/nowhere/sftp-server", "session.sftp-server", "openssh-sftp-server"):
            assert word in done.stderr
    agent.wait_log(r"session\.refused .*/nowhere/sftp-server")
    ok(stock.run("scp", "-O", "-q", "-F", stock.config, stock.config, f"shop-17.edge:{stock.folder}/far"))
    assert (stock.folder / "far").read_text() == stock.config.read_text()


def test_a_path_of_sftp_server_with_blanks_and_dollars_is_one_word(edge):
    folder = edge.folder / "a $HOME; b"
    folder.mkdir()
    os.symlink("/usr/lib/openssh/sftp-server", folder / "sftp-server")
    edge.node(**{"session.sftp-server": f'"{folder}/sftp-server"'})
    stock = StockSsh(edge)
    ok(stock.run("sftp", "-F", stock.config, "-b", "-", "shop-17.edge", input="pwd\n"))


def test_rsync_brings_a_tree_up_to_date_both_ways(stock):
    near, far, back = (stock.folder / name for name in ("near", "far", "back"))
    (near / "sub").mkdir(parents=True)
    random_file(near / "sub" / "large", 5 * MB)
    for number in range(200):
        (near / f"small-{number}").write_text(str(number))
    rsync = ("rsync", "-a", "--delete", "-e", stock.line())
    ok(stock.run(*rsync, f"{near}/", f"shop-17.edge:{far}/"))
    with open(near / "sub" / "large", "r+b") as file:
        file.seek(2 * MB)
        file.write(b"changed")
        file.seek(0, os.SEEK_END)
        file.write(b"longer")
    (near / "small-7").unlink()
    done = ok(stock.run(*rsync, "--stats", f"{near}/", f"shop-17.edge:{far}/"))
    assert int(re.search(r"Literal data: ([\d,]+)", done.stdout)[1].replace(",", "")) < MB
    ok(stock.run(*rsync, f"shop-17.edge:{far}/", f"{back}/"))
    assert subprocess.run(["diff", "-r", near, back]).returncode == 0


def test_sshfs_is_a_file_system(stock):
    try:
        os.close(os.open("/dev/fuse", os.O_RDWR))
    except OSError as error:
        pytest.skip(f"this machine has no FUSE: {error}")
    far, mounted = stock.folder / "far", stock.folder / "mounted"
    far.mkdir()
    mounted.mkdir()
    ok(stock.run("sshfs", "-F", stock.config, f"shop-17.edge:{far}", mounted))
    try:
        sent = random_file(stock.folder / "sent", 20 * MB)
        shutil.copy(sent, mounted / "one")
        os.rename(mounted / "one", mounted / "two")
        assert os.listdir(far) == ["two"]
        assert digest(far / "two") == digest(sent) == digest(mounted / "two")
        (mounted / "two").unlink()
        assert os.listdir(far) == []
    finally:
        subprocess.run(["fusermount3", "-u", mounted], check=True)
    eventually(lambda: not stock.edge.endpoint()["sessions"], "the session ends with the mount")


def test_git_clones_and_pushes(stock):
    far, near = stock.folder / "far.git", stock.folder / "near"
    git = {"GIT_SSH_COMMAND": stock.line(), "GIT_CONFIG_NOSYSTEM": "1", "GIT_AUTHOR_NAME": "o", "GIT_AUTHOR_EMAIL": "o@example.com",
           "GIT_COMMITTER_NAME": "o", "GIT_COMMITTER_EMAIL": "o@example.com"}
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", far], check=True)
    ok(stock.run("git", "clone", "-q", f"shop-17.edge:{far}", near, env=git))
    random_file(near / "file", 2 * MB)
    ok(stock.run("git", "-C", near, "add", "file", env=git))
    ok(stock.run("git", "-C", near, "commit", "-q", "-m", "A file", env=git))
    ok(stock.run("git", "-C", near, "push", "-q", "origin", "HEAD:main", env=git))
    again = stock.folder / "again"
    ok(stock.run("git", "clone", "-q", f"ssh://shop-17.edge{far}", again, env=git))
    assert digest(again / "file") == digest(near / "file")


@pytest.fixture
def ansible(stock):
    """ansible's words for shop-17.edge, in its usual way: sftp, pipelining off, a shared connection."""
    folder = stock.folder / "ansible"
    folder.mkdir()
    (folder / "inventory").write_text("shop-17.edge ansible_python_interpreter=/usr/bin/python3\n")
    (folder / "ansible.cfg").write_text(f"""[defaults]
inventory = {folder}/inventory
local_tmp = {folder}/local
remote_tmp = {folder}/remote
[ssh_connection]
ssh_args = -F {stock.config} -o ControlMaster=auto -o ControlPersist=10s
control_path_dir = {folder}/cp
""")
    environment = {"ANSIBLE_CONFIG": str(folder / "ansible.cfg"), "LC_ALL": "C.UTF-8"}
    yield lambda *words: stock.run(*words, env=environment, timeout=120)
    for control in (folder / "cp").glob("*"):
        stock.ssh("-S", control, "-O", "exit", "shop-17.edge")


def test_ansible_pings_and_a_playbook_copies_a_file(stock, ansible):
    done = ok(ansible("ansible", "all", "-m", "ping"))
    assert '"ping": "pong"' in done.stdout
    sent, far = random_file(stock.folder / "sent", 2 * MB), stock.folder / "far"
    playbook = stock.folder / "copy.yaml"
    playbook.write_text(f"""- hosts: shop-17.edge
  gather_facts: true
  tasks:
    - copy: {{src: {sent}, dest: {far}, mode: "0640"}}
    - command: sha256sum {far}
      register: sum
    - fetch: {{src: {far}, dest: {stock.folder}/back, flat: true}}
""")
    done = ok(ansible("ansible-playbook", playbook))
    assert re.search(r"shop-17.edge\s+: ok=4\s+changed=3\s+unreachable=0\s+failed=0", done.stdout), done.stdout
    assert digest(far) == digest(sent) == digest(stock.folder / "back")
