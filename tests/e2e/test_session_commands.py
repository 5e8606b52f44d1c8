"""Live sessions from outside: listed, shown, killed."""
import contextlib
import getpass
import json
import os
import re

from edge import ROOT, eventually
from test_docs import AdminConnection


@contextlib.contextmanager
def running(shop, far, *arguments):
    """A session that runs a command which can be found again."""
    command = far.new()
    operator = shop.popen_connect(shop.target(), *arguments, "--", f"exec {command}")
    operator.command = command
    try:
        far.started(command)
        yield operator
    finally:
        operator.kill()
        operator.communicate()


def the_session(shop):
    sessions = shop.ctl_json("session", "ls")["items"]
    assert len(sessions) == 1
    return sessions[0]


def test_a_live_session_is_listed_with_who_has_it_and_where(shop, far):
    assert shop.ctl_json("session", "ls")["items"] == []
    with running(shop, far) as operator:
        session = the_session(shop)
        endpoint = shop.endpoint()
        assert (session["endpoint"], session["endpoint-id"]) == ("shop-17", endpoint["id"])
        assert session["tunnel"] == endpoint["tunnel"]["id"]
        assert session["instance"] == endpoint["instances"][0]["id"]
        assert session["host-name"] == os.uname().nodename
        assert session["way"] == endpoint["tunnel"]["way"]
        assert (session["user"], session["uid"], session["pid"]) == (getpass.getuser(), os.geteuid(), operator.pid)
        login = int(open("/proc/self/loginuid").read())
        assert session["login-uid"] == (None if login == 2**32 - 1 else login)
        number = int(open("/proc/self/sessionid").read())
        assert session["login-session"] == (None if number == 2**32 - 1 else number)
        assert session["state"] == "live" and session["ends"] is None and session["resumes"] == 0
        assert session["bytes-in"] > 0 and session["bytes-out"] > 0
        assert session["operator"] in shop.ok("session", "ls").stdout
        assert session["id"] in shop.ok("session", "show", session["id"]).stdout
        assert shop.ok("sessions", "ls", "-o", "name").stdout == session["id"] + "\n"
    eventually(lambda: not shop.ctl_json("session", "ls")["items"], "the session is gone")


def test_sessions_are_listed_oldest_first_and_by_endpoint(shop, far):
    shop.node("mall-1", "mall-1")
    with running(shop, far), running(shop, far):
        first, second = shop.ctl_json("session", "ls")["items"]
        assert first["since"] <= second["since"]
        assert len(shop.ctl_json("session", "ls", "--endpoint", "shop-17")["items"]) == 2
        assert shop.ctl_json("session", "ls", "--endpoint", "mall-1")["items"] == []
    done = shop.ctl("session", "ls", "--endpoint", "shop-71")
    assert done.returncode == 3 and "did you mean 'shop-17'?" in done.stderr


def test_a_killed_session_ends_on_both_sides_and_its_operator_is_told_by_whom(shop, far):
    with running(shop, far) as killed, running(shop, far) as left:
        session = next(s for s in shop.ctl_json("session", "ls")["items"] if s["pid"] == killed.pid)
        asked = shop.ctl("session", "kill", session["id"])
        assert asked.returncode == 2 and "--yes" in asked.stderr  # nobody can be asked
        assert killed.poll() is None
        done = shop.ok("session", "kill", session["id"], "--yes")
        assert done.stdout == f"killed session {session['id']} of {session['operator']} on shop-17\n"
        out, err = killed.communicate(timeout=10)
        assert killed.returncode == 255
        assert f"was killed by {session['operator']}" in err.decode()
        far.gone(killed.command)
        eventually(lambda: the_session(shop)["pid"] == left.pid, "the other one alone is left")
        assert left.poll() is None and far.find(left.command)
        event = next(e for e in shop.endpoint()["events"] if e["kind"] == "session.killed")
        assert event["text"] == f"session {session['id']} of {session['operator']}"
        assert event["operator"] == session["operator"]
        again = shop.ctl("session", "kill", session["id"], "--yes")
        assert again.returncode == 3 and f"was killed by {session['operator']}" in again.stderr
        assert shop.tunnel_state() == "open"  # the tunnel is others', too


def test_a_session_that_is_stuck_in_a_write_is_killed_all_the_same(shop):
    operator = shop.popen_connect(shop.target(), "--", "exec cat /dev/zero")  # and nobody reads it
    try:
        eventually(lambda: shop.ctl_json("session", "ls")["items"], "the session is there")
        session = the_session(shop)
        full = eventually(lambda: (lambda n: n if n > 1_000_000 and n == the_session(shop)["bytes-in"] else None)(
            the_session(shop)["bytes-in"]), "it is full")
        assert full
        shop.ok("session", "kill", session["id"], "--yes")
        eventually(lambda: not shop.ctl_json("session", "ls")["items"], "the session is gone", 10)
    finally:
        operator.kill()
        operator.communicate()


def test_an_unknown_session_is_told_so_and_what_was_meant(shop, far):
    with running(shop, far):
        right = the_session(shop)["id"]
        wrong = ("0" if right[0] != "0" else "1") + right[1:]
        for verb in ["show"], ["kill", "--yes"]:
            done = shop.ctl("session", verb[0], wrong, *verb[1:])
            assert done.returncode == 3
            assert f"no session '{wrong}'" in done.stderr and f"did you mean '{right}'?" in done.stderr
        none = shop.ctl("session", "show", "x/../../y")
        assert none.returncode == 3


def test_the_documented_sessions_have_the_keys_that_are_sent(shop, far):
    page = (ROOT / "docs" / "admin-api.md").read_text()
    documented = json.loads(re.search(r"^```json live-session\n(.*?)^```", page, re.M | re.S).group(1))
    connection = AdminConnection(shop.socket)

    def ask(path):
        connection.request("GET", path)
        return json.loads(connection.getresponse().read())
    with running(shop, far):
        listed = ask("/v1/sessions")
        assert listed.keys() == {"apiVersion", "items"}
        assert listed["items"][0].keys() == documented.keys()
        assert ask("/v1/sessions/" + listed["items"][0]["id"]).keys() == documented.keys()
    connection.close()
