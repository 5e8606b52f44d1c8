"""What edgectl session ls and show say of sessions that are away, and that have come back."""
import datetime
import re

from edge import eventually
from test_resume import cabled, kill_edged  # noqa: F401
from test_resume_ends import only_session, paused, session

MINUTES = 10  # session.resume-for


def time_of(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def echoes(running, line):
    running.stdin.write(line)
    running.stdin.flush()
    return running.stdout.readline() == line


def test_a_session_that_is_away_is_shown_as_paused_since_when_and_until_when(cabled):
    with session(cabled, "cat") as running:
        assert echoes(running, b"before\n")
        live = only_session(cabled)
        assert (live["state"], live["paused-since"], live["ends"], live["resumes"]) == ("live", None, None, 0)
        pulled = datetime.datetime.now(datetime.timezone.utc)
        cabled.cable.pull()
        away = paused(cabled)
        since, until = time_of(away["paused-since"]), time_of(away["ends"]["at"])
        assert 0 < (since - pulled).total_seconds() < 8, "silence is noticed after three seconds"
        assert away["ends"]["for"] == "not-resumed"
        assert abs((until - since).total_seconds() - 60 * MINUTES) < 1
        assert {**away, "state": 0, "paused-since": 0, "ends": 0, "idle": 0} == \
            {**live, "state": 0, "paused-since": 0, "ends": 0, "idle": 0}
        row = cabled.ok("session", "ls").stdout.splitlines()[1]
        assert re.search(r"\bpaused\b.*\bin (9m|10m)\S* unless it goes on", row), row
        page = cabled.ok("session", "show", away["id"]).stdout
        assert re.search(r"paused", page) and re.search(r"unless it goes on", page), page
        cabled.cable.plug()
        assert echoes(running, b"after\n")
        back = eventually(lambda: (lambda one: one["state"] == "live" and one)(only_session(cabled)), "it is live again")
        assert (back["paused-since"], back["ends"], back["id"]) == (None, None, live["id"])
        # Once, or twice: the old tunnel may be heard again before the agent's next one takes its place.
        assert back["resumes"] in (1, 2)
        assert back["since"] == live["since"]


def test_the_limit_of_an_endpoint_of_its_own_is_the_one_that_is_shown(cabled):
    cabled.set("session.resume-for", "90s", "shop-17")
    with session(cabled, "cat") as running:
        assert echoes(running, b"before\n")
        cabled.cable.pull()
        away = paused(cabled)
    assert abs((time_of(away["ends"]["at"]) - time_of(away["paused-since"])).total_seconds() - 90) < 1


def test_resumes_are_counted_also_over_a_restart_of_edged(shop):
    with session(shop, "cat") as running:
        assert echoes(running, b"before\n")
        ident = only_session(shop)["id"]
        for count in (1, 2, 3):
            kill_edged(shop)
            assert echoes(running, b"again\n")
            one = eventually(lambda: only_session(shop), "edged knows it")
            assert (one["id"], one["state"], one["resumes"]) == (ident, "live", count)
        wide = shop.ok("session", "ls", "-o", "wide").stdout.splitlines()
        assert wide[0].split()[-1] == "RESUMES" and wide[1].split()[-1] == "3"
        assert re.search(r"resumes:? +3", shop.ok("session", "show", ident).stdout)


def test_no_session_is_listed_twice_and_none_is_left_over(shop):
    with session(shop, "cat") as running:
        assert echoes(running, b"before\n")
        kill_edged(shop)
        assert echoes(running, b"after\n")
        assert only_session(shop)
        running.stdin.close()
        running.stdin = None
        assert running.wait(20) == 0
    eventually(lambda: not only_session(shop), "it is over")
