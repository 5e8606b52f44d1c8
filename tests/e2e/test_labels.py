"""Labels, selectors, and commands for several endpoints."""
import json
import re
import signal
import subprocess
import threading
import urllib.parse

import pexpect
import pytest

from edge import BIN, eventually
from test_docs import AdminConnection


@pytest.fixture
def fleet(edge):
    """Four endpoints that nobody joined: two tills in Berlin, one in Munich, and one without labels."""
    edge.ok("endpoint", "create", "--count", 2, "--prefix", "till", "-l", "site=berlin,tier=prod", "-q")
    edge.create("munich-1", "-l", "site=munich", "-l", "tier=dev,example.com/role=till")
    edge.create("bare")
    return edge


def names(edge, *words, **options):
    return edge.ok("ls", "-q", *words, **options).stdout.split()


def labels(edge, name):
    return edge.endpoint(name)["labels"]


class Follower:
    """edgectl ls -w, line by line."""

    def __init__(self, edge, *words):
        self.process = subprocess.Popen([str(BIN / "edgectl"), "ls", "-w", *words], env=edge.environment(), text=True,
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.out, self.err = [], []
        self.threads = [threading.Thread(target=self.read, args=pair) for pair in
                        ((self.process.stdout, self.out), (self.process.stderr, self.err))]
        for thread in self.threads:
            thread.start()

    @staticmethod
    def read(stream, lines):
        for line in stream:
            lines.append(line.rstrip("\n"))

    def wait(self, check, what):
        return eventually(lambda: check(self.out), f"{what}: {self.out} {self.err}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        for thread in self.threads:
            thread.join()


def test_labels_of_a_creation_and_of_a_change_are_there_after_a_kill(fleet):
    assert labels(fleet, "till-00002") == {"site": "berlin", "tier": "prod"}
    fleet.ok("label", "till-00001", "munich-1", "region=south", "tier-")
    assert fleet.ok("label", "bare", "retired=").stdout == "bare: retired\n"
    eventually(lambda: ("endpoint.labelled", "retired") in [(event["kind"], event["text"])
                                                           for event in fleet.endpoint("bare")["events"]], "its event")
    fleet.restart(signal.SIGKILL)
    assert labels(fleet, "till-00001") == {"site": "berlin", "region": "south"}
    assert labels(fleet, "munich-1") == {"site": "munich", "region": "south", "example.com/role": "till"}
    assert labels(fleet, "bare") == {"retired": ""}
    assert "labels:      region=south,site=berlin\n" in fleet.ok("endpoint", "show", "till-00001").stdout


def test_a_selector_chooses_in_edged_and_narrows_names(fleet):
    for selector, expected in {
        "site=berlin": ["till-00001", "till-00002"],
        "site": ["munich-1", "till-00001", "till-00002"],
        "!site": ["bare"],
        "tier!=prod": ["bare", "munich-1"],
        "site in (munich,paris),tier=dev": ["munich-1"],
        "site notin (berlin)": ["bare", "munich-1"],
        "example.com/role=till": ["munich-1"],
    }.items():
        assert names(fleet, "-l", selector) == expected, selector
        connection = AdminConnection(fleet.socket)
        connection.request("GET", "/v1/endpoints?selector=" + urllib.parse.quote(selector, safe=""))
        items = json.loads(connection.getresponse().read())["items"]
        assert [item["name"] for item in items] == expected, selector
        connection.close()
    listed = "till-00002\n\nbare\nmunich-1\ntill-00002\n"
    assert names(fleet, "-", input=listed) == ["bare", "munich-1", "till-00002"]
    assert names(fleet, "-", "-l", "site", input=listed) == ["munich-1", "till-00002"]
    by_id = fleet.endpoint("bare")["id"]
    assert names(fleet, by_id, "bare") == ["bare"]


def test_what_matches_nothing_and_who_is_unknown_is_exit_3_with_what_was_meant(fleet):
    for words, message, hint in [
        (["-l", "site=berln"], "no endpoint has site=berln", "did you mean site=berlin?"),
        (["-l", "sit=berlin"], "no endpoint has a label sit", "did you mean site?"),
        (["-l", "site=munich,tier=prod"], "no endpoint matches site=munich,tier=prod", "-o wide"),
        (["bare", "-l", "site"], "of the endpoints that are named none matches site", "-o wide"),
        (["till-0001"], "no endpoint 'till-0001'", "did you mean 'till-00001'?"),
        (["bear", "x" * 200, "bare", "munich-2"], "3 names are no endpoints", "edgectl ls -q"),
    ]:
        done = fleet.ctl("ls", *words)
        assert done.returncode == 3 and done.stdout == "", words
        assert message in done.stderr and hint in done.stderr, done.stderr
    assert "bear (did you mean 'bare'?)" in done.stderr and "munich-2 (did you mean 'munich-1'?)" in done.stderr
    done = fleet.ctl("ls", "-l", "site=berlin tier=x")
    assert done.returncode == 2
    assert "  site=berlin tier=x\n              ^\n" in done.stderr
    for hostile in "a" * 65_536, "a in (" + "b," * 30_000, "(" * 65_536, "\x01\x02", "a=b," * 1_000 + "a=\xff":
        done = fleet.ctl("ls", "-l", hostile)
        assert done.returncode == 2 and len(done.stderr) < 1_000, done.stderr[:300]
    # Whoever does not go through edgectl is answered all the same.
    connection = AdminConnection(fleet.socket)
    for selector in "a" * 5_000, "%00", "%ff", "a%0d%0ab", "":
        connection.request("GET", "/v1/endpoints?selector=" + selector)
        answer = connection.getresponse()
        assert answer.status == 400 and json.loads(answer.read())["error"]["code"] == "usage", selector
    connection.close()


def test_an_empty_selector_and_an_empty_stdin_are_nobody(fleet):
    for words in (["settings", "set", "check-in.interval", "7s"], ["snapshot", "take"], ["label", "x=y"], ["ls"]):
        for selector in "", " ":
            assert fleet.ctl(*words, "--yes", "-l", selector).returncode == 2, words
        for text in "", "\n\n":
            done = fleet.ctl(*words, "-", "--yes", input=text)
            assert done.returncode == 3 and "stdin names no endpoint" in done.stderr, words
    assert all(fleet.endpoint(name)["interval"] == "5s" for name in names(fleet))
    assert labels(fleet, "bare") == {}


def test_labels_change_for_all_of_many_or_for_none(fleet):
    refused = fleet.ctl("label", "-l", "site", "tier=prod", "checked=yes")
    assert refused.returncode == 8
    assert "munich-1 has tier=dev already, not tier=prod" in refused.stderr and "--overwrite" in refused.stderr
    assert all("checked" not in labels(fleet, name) for name in names(fleet))
    assert fleet.ctl("label", "bare", "nobody", "x=y").returncode == 3
    assert labels(fleet, "bare") == {}
    done = fleet.ok("label", "-l", "site", "tier=prod", "checked=yes", "--overwrite")
    assert done.stdout == "labelled 3 endpoints: checked=yes, tier=prod\n"
    assert names(fleet, "-l", "tier=prod,checked") == ["munich-1", "till-00001", "till-00002"]
    full = [f"k{number}=v" for number in range(64)]
    fleet.ok("label", "bare", *full)
    over = fleet.ctl("label", "bare", "munich-1", "one=more")
    assert over.returncode == 2 and "bare would have 65 labels" in over.stderr
    assert "one" not in labels(fleet, "munich-1")
    for bad in "a b=c", "a=b c", "a=\x1b[31m", "a=" + "x" * 64, "x" * 64 + "=a", "\xe9=a", "a=\"", "=a":
        assert fleet.ctl("label", "bare", bad).returncode == 2, bad
    connection = AdminConnection(fleet.socket)
    for body in ({"endpoints": ["bare"], "set": {"a b": "c"}}, {"endpoints": ["bare"], "set": {"a": 1}},
                 {"endpoints": ["bare"], "set": []}, {"endpoints": "bare", "set": {"a": "b"}}, {"set": {"a": "b"}},
                 {"endpoints": ["bare"]}, {"endpoints": ["bare"], "remove": [1]}, {"selector": "", "set": {"a": "b"}}):
        connection.request("PATCH", "/v1/labels", json.dumps(body))
        assert connection.getresponse().read() and labels(fleet, "bare").keys() == {w.split("=")[0] for w in full}, body
    connection.close()


def test_a_removed_endpoint_takes_its_labels_along(fleet):
    fleet.ok("endpoint", "rm", "munich-1", "--yes")
    assert fleet.ctl("ls", "-l", "site=munich").returncode == 3
    fleet.create("munich-1")
    assert labels(fleet, "munich-1") == {}
    fleet.ok("label", "munich-1", "site=munich")
    fleet.ok("endpoint", "rename", "munich-1", "muc")
    assert names(fleet, "-l", "site=munich") == ["muc"]


def test_a_setting_reaches_those_with_a_label_and_nobody_else(fleet):
    def intervals():
        return dict(line.split() for line in fleet.ok("ls", "--columns", "name,interval", "--no-headers").stdout.splitlines())

    assert fleet.ctl("settings", "set", "check-in.interval", "7s", "-l", "site").returncode == 2  # nobody to ask
    fleet.ok("settings", "set", "check-in.interval", "7s", "-l", "site=berlin", "--yes")
    assert intervals() == {"till-00001": "7s", "till-00002": "7s", "munich-1": "5s", "bare": "5s"}
    fleet.ok("settings", "set", "check-in.interval", "9s", "-", "--yes", input="bare\nmunich-1\n")
    assert intervals()["bare"] == "9s"
    wrong = fleet.ctl("settings", "set", "check-in.interval", "soon", "-l", "site", "--yes")
    assert wrong.returncode == 2 and intervals()["munich-1"] == "9s"
    fleet.ok("settings", "unset", "check-in.interval", "-l", "site=berlin", "--yes")
    fleet.restart(signal.SIGKILL)
    assert intervals() == {"till-00001": "5s", "till-00002": "5s", "munich-1": "9s", "bare": "9s"}


def test_snapshots_of_several_tell_the_offline_from_the_failed(shop):
    shop.create("away", "-l", "site=berlin")
    shop.ok("label", "shop-17", "site=berlin")
    done = shop.ctl("snapshot", "take", "-l", "site=berlin", "--yes")
    assert done.returncode == 10
    assert re.fullmatch(r"away +offline +cannot connect to away: .*\nshop-17 +taken +-\n", "".join(sorted(done.stdout.splitlines(True)))), \
        done.stdout
    assert done.stderr == "1 taken, 1 offline\n"
    items = json.loads(shop.ctl("snapshot", "take", "away", "shop-17", "--yes", "-o", "json").stdout)["items"]
    by_name = {item["endpoint"]: item for item in items}
    assert by_name["away"]["status"] == "offline" and by_name["away"]["error"]["code"] == "offline"
    assert by_name["shop-17"]["snapshots"][0]["snapshot"]["host"]["name"]
    assert shop.ctl("snapshot", "take", "-l", "site").returncode == 2
    assert shop.ok("snapshot", "take", "-l", "site", "--dry-run", "-q").stdout == "away\nshop-17\n"


def test_a_follower_is_told_of_each_change_and_outlives_edged(fleet):
    with Follower(fleet, "-l", "site=berlin", "--columns", "name,state,tier") as follower, \
            Follower(fleet, "-o", "json") as as_json:
        follower.wait(lambda out: len(out) == 3, "the list as it is")
        assert [line.split() for line in follower.out] == [["NAME", "STATE", "TIER"], ["till-00001", "new", "prod"],
                                                           ["till-00002", "new", "prod"]]
        as_json.wait(lambda out: len(out) == 4, "all four")
        fleet.ok("label", "till-00002", "tier=dev", "--overwrite")
        follower.wait(lambda out: out[-1].split() == ["till-00002", "new", "dev"], "a changed label")
        fleet.restart(signal.SIGKILL)
        fleet.ok("label", "munich-1", "site=berlin", "--overwrite")
        follower.wait(lambda out: out[-1].split() == ["munich-1", "new", "dev"], "one that the selector is true of now")
        assert follower.err == ["edgectl: edged has gone; the list goes on when it is back"]
        assert len(follower.out) == 5, follower.out  # nothing twice
        fleet.ok("endpoint", "rm", "till-00001", "--yes")
        follower.wait(lambda out: out[-1].split()[:2] == ["till-00001", "removed"], "one that was removed")
        as_json.wait(lambda out: json.loads(out[-1])["state"] == "removed", "the same as JSON")
        # Each once; what changes while edged is away is told in one go.
        assert sorted(json.loads(line)["name"] for line in as_json.out[4:]) == ["munich-1", "till-00001", "till-00002"]


def test_a_follower_on_a_terminal_draws_in_place(fleet):
    # Tests that run in the background of a shell inherit that SIGINT is ignored; a terminal's programs do not.
    child = pexpect.spawn(str(BIN / "edgectl"), ["ls", "-w"], env=fleet.environment(), timeout=10, dimensions=(24, 120),
                          encoding="utf-8", preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
    try:
        def frame():
            child.expect(re.escape("\x1b[J"))  # what is below it goes
            return child.before

        first = frame()
        assert re.search(r"(?s)NAME.*bare.*munich-1.*till-00001.*till-00002", first), first
        assert "\x1b[5A\r" in frame()  # it begins where the first one did
        fleet.ok("endpoint", "rm", "munich-1", "--yes")
        shown = eventually(lambda: (text := frame()) and "munich-1" not in text and text, "it is off the screen")
        assert re.search(r"(?s)NAME.*bare.*till-00001.*till-00002", shown), shown
        child.sendintr()
        child.expect(pexpect.EOF)
        child.close()
        assert child.signalstatus == signal.SIGINT
    finally:
        child.close(force=True)


def test_a_follower_whose_reader_has_gone_and_one_without_edged_end(fleet):
    done = subprocess.run(f"{BIN / 'edgectl'} ls -w -q | head -1", shell=True, env=fleet.environment(), capture_output=True,
                          text=True, timeout=20)
    assert done.stdout == "bare\n"
    gone = fleet.ctl("--socket", fleet.folder / "nobody.sock", "ls", "-w")
    assert gone.returncode == 7
    assert fleet.ctl("ls", "-w", "-l", "=").returncode == 2


def test_an_answer_comes_in_every_form(fleet):
    assert fleet.ok("ls", "-o", "jsonpath={range .items[?(@.labels.tier=='prod')]}{.name}{'\\n'}{end}").stdout == \
        "till-00001\ntill-00002\n"
    assert fleet.ok("endpoint", "show", "bare", "-o", "jsonpath={.name}").stdout == "bare\n"
    assert fleet.ok("ls", "-o", "yaml").stdout.startswith("apiVersion: edge/v1\nitems:\n  - address:")
    wrong = fleet.ctl("ls", "-o", "jsonpath={.items[}")
    assert wrong.returncode == 2 and "  {.items[}\n          ^\n" in wrong.stderr
    assert names(fleet, "--sort", "site", "--reverse") == ["munich-1", "till-00001", "till-00002", "bare"]
