"""edgectl cp with many nodes: one to all of them, and all of theirs into folders of their names."""
import concurrent.futures
import json
import os
import subprocess

import pytest

from edge import Edge
from test_session import MB, digest, random_file

COUNT = 20


@pytest.fixture(scope="module")
def many():
    """20 agents on one machine, each with a disk of its own at the same path."""
    if os.geteuid() != 0:
        pytest.skip("needs root: each agent mounts a disk of its own")
    edge = Edge()
    try:
        edge.start()
        edge.there = edge.folder / "there"
        edge.there.mkdir()
        own_disk = ["unshare", "-m", "sh", "-c", f'mount -t tmpfs -o size=64m edge-e2e {edge.there} && exec "$@"', "sh"]
        names = [f"shop-{number}" for number in range(1, COUNT + 1)]

        def add(name):
            token, edge_id = edge.create(name)
            joined = edge.join(token, edge_id, name)
            assert joined.returncode == 0, joined.stderr
            edge.start_agent(name, edge.agent_config(name), prefix=own_disk)
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            list(pool.map(add, names))
        for name in names:
            edge.wait_state("online", name)
        edge.names = names
        label(edge, names, site="berlin")
        yield edge
    finally:
        edge.close()


def label(edge, names, **labels):
    body = json.dumps({"endpoints": names, "set": labels})
    done = subprocess.run(["curl", "-sSf", "-X", "PATCH", "--unix-socket", str(edge.socket), "-d", body, "http://edge/v1/labels"],
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def user(edge):
    return edge.target().split("@")[0]


def test_one_file_goes_to_twenty_nodes(many, tmp_path):
    sent, target = random_file(tmp_path / "sent", 2 * MB), f"{user(many)}@:{many.there}/"
    asked = many.ctl("cp", "-l", "site=berlin", sent, target)
    assert asked.returncode == 2 and "--yes" in asked.stderr
    listed = many.ctl("cp", "-l", "site=berlin", "--dry-run", "-q", sent, target)
    assert sorted(listed.stdout.split()) == sorted(many.names)
    nothing = many.ctl("cp", "--yes", "-l", "site=berlin", f"{target}sent", tmp_path / "nothing", timeout=120)
    assert nothing.returncode == 10 and f"{COUNT} endpoints: 0 ok, {COUNT} failed" in nothing.stderr
    done = many.ctl("cp", "--yes", "-l", "site=berlin", sent, target, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("1 file, 2.0 MB") == COUNT and f"{COUNT} endpoints: {COUNT} ok" in done.stderr
    done = many.ctl("cp", "--yes", "-r", "-l", "site=berlin", f"{target}", tmp_path / "back", timeout=120)
    assert done.returncode == 0, done.stderr
    for name in many.names:
        assert os.listdir(tmp_path / "back" / name / "there") == ["sent"]
        assert digest(tmp_path / "back" / name / "there" / "sent") == digest(sent)


def test_files_of_twenty_nodes_have_a_folder_of_each_name(many, tmp_path):
    source = tmp_path / "source"
    (source / "sub").mkdir(parents=True)
    (source / "sub" / "file").write_text("x")
    (tmp_path / "log").write_text("log")
    target = tmp_path / "target"
    done = many.ctl("cp", "--yes", "-r", "-o", "json", "-l", "site=berlin", f"{user(many)}@:{source}",
                    f"{user(many)}@:{tmp_path}/log", target, timeout=120)
    assert done.returncode == 0, done.stderr
    items = json.loads(done.stdout)["items"]
    assert [item["ok"] for item in items] == [True] * COUNT and {item["files"] for item in items} == {2}
    assert sorted(os.listdir(target)) == sorted(many.names)
    for name in many.names:
        assert (target / name / "source" / "sub" / "file").read_text() == "x"
        assert (target / name / "log").read_text() == "log"


def test_stdin_is_kept_for_many_and_names_come_from_stdin(many, tmp_path):
    names = many.names[:3]
    label(many, names[:2], pair="one")
    done = many.ctl("cp", "--yes", "-", f"{user(many)}@:{tmp_path}/from-stdin", "--parallel", 1, "-l", "pair=one",
                    input="what is copied")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "from-stdin").read_text() == "what is copied"
    done = many.ctl("cp", "--yes", f"{user(many)}@-:{tmp_path}/from-stdin", tmp_path / "back", input="\n".join(names))
    assert done.returncode == 0, done.stderr
    assert sorted(os.listdir(tmp_path / "back")) == sorted(names)


def test_who_failed_and_who_is_offline_are_told_apart(many, tmp_path):
    sent = random_file(tmp_path / "sent", MB)
    many.create("shop-away")
    label(many, ["shop-1", "shop-2", "shop-away"], half="way")
    done = many.ctl("cp", "--yes", "-l", "half=way", sent, f"{user(many)}@:{many.there}/copy")
    assert done.returncode == 10
    assert "3 endpoints: 2 ok, 1 offline" in done.stderr and "shop-away: offline" in done.stderr
    done = many.ctl("cp", "--yes", "-l", "half=way", f"{user(many)}@:{tmp_path}/missing", tmp_path / "back")
    assert done.returncode == 10
    assert "3 endpoints: 0 ok, 2 failed, 1 offline" in done.stderr and "No such file" in done.stderr
    done = many.ctl("cp", "-l", "nothing=here", sent, ":/tmp/x")
    assert done.returncode == 3
