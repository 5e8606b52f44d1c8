"""Settings that hold for a while and fall back by themselves."""
import re
import signal

from edge import eventually


def setting(edge, endpoint=None, key="check-in.interval"):
    path = ["--endpoint", endpoint] if endpoint else []
    return next(s for s in edge.ctl_json("settings", "show", *path)["settings"] if s["key"] == key)


def test_a_temporary_setting_falls_back_by_itself_also_over_a_restart_of_edged(edge):
    edge.create("shop-17")
    edge.set("check-in.interval", "30s", "shop-17")
    edge.ok("settings", "set", "check-in.interval", "7s", "--endpoint", "shop-17", "--for", "2s")
    edge.ok("settings", "set", "check-in.interval", "9s", "--for", "30d")
    now = setting(edge, "shop-17")
    assert (now["value"], now["source"], now["then"]) == ("7s", "endpoint", "30s") and now["until"]
    edge.restart(signal.SIGKILL)
    assert setting(edge)["value"] == "9s", "what holds longer is kept"
    eventually(lambda: setting(edge, "shop-17")["value"] == "30s", "it fell back")
    assert setting(edge, "shop-17")["until"] is None
    events = [(e["kind"], e["text"]) for e in edge.endpoint()["events"]]
    assert ("settings.changed", "check-in.interval = 7s for 2s") in events
    eventually(lambda: ("settings.fell-back", "check-in.interval = 30s again; the time of 7s is over") in
               [(e["kind"], e["text"]) for e in edge.endpoint()["events"]], "both events are there")
    edge.restart()
    assert setting(edge, "shop-17")["value"] == "30s", "the store knows, too"


def test_a_temporary_setting_is_ended_by_unset_and_by_a_plain_set(edge):
    edge.create("shop-17")
    own = ("--endpoint", "shop-17")
    edge.set("check-in.interval", "30s", "shop-17")
    said = edge.ok("settings", "set", "check-in.interval", "7s", *own, "--for", "15m").stdout
    assert re.fullmatch(r"check-in.interval is 7s for shop-17 until \S+Z, then 30s\n", said)
    shown = edge.ok("settings", "show", *own).stdout
    assert re.search(r"check-in.interval +7s +5s +endpoint +14m left", shown), shown
    assert edge.ok("settings", "unset", "check-in.interval", *own).stdout == \
        "check-in.interval is 30s for shop-17 (as it was set before)\n"
    edge.ok("settings", "set", "check-in.interval", "7s", *own, "--for", "15m")
    edge.set("check-in.interval", "8s", "shop-17")
    now = setting(edge, "shop-17")
    assert (now["value"], now["until"]) == ("8s", None)
    edge.ok("settings", "unset", "check-in.interval", *own)
    assert setting(edge, "shop-17")["source"] == "default"


def test_a_bad_time_for_a_setting_is_refused_and_changes_nothing(edge):
    for time_given in ("0s", "31d", "soon", "5"):
        refused = edge.ctl("settings", "set", "check-in.interval", "7s", "--for", time_given)
        assert refused.returncode == 2 and "1s to 30d" in refused.stderr, refused.stderr
    refused = edge.ctl("settings", "set", "check-in.interval", "never", "--for", "5m")
    assert refused.returncode == 2
    assert setting(edge)["source"] == "default"
