"""edgectl wait and edgectl ping."""
import json
import re
import signal
import subprocess

from edge import BIN


def waiting(edge, *arguments):
    """edgectl wait in the background, once edged has its request."""
    return subprocess.Popen([str(BIN / "edgectl"), "wait", *arguments], env=edge.environment(), text=True,
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def ended(process, timeout=30):
    out, err = process.communicate(timeout=timeout)
    return process.returncode, out, err


def test_wait_for_online_offline_and_a_restart_of_edged_in_between(edge):
    edge.set("check-in.hold", "off")
    edge.set("check-in.interval", "500ms")  # silent for 21 s: offline
    first = edge.node("shop-17", "first")
    token, edge_id = edge.create("shop-18")

    assert edge.ok("wait", "shop-17").stdout == "shop-17 is online\n"  # at once
    late = edge.ctl("wait", "shop-17", "shop-18", "--timeout", "200ms")
    assert (late.returncode, late.stdout) == (6, "shop-17 is online\n")
    assert "1 of 2 endpoints are not online after 200ms\n  shop-18: new, last seen never" in late.stderr
    assert edge.ok("wait", "shop-17", "shop-18", "--any", "-q").stdout == "shop-17\n"
    unknown = edge.ctl("wait", "shop-71")
    assert unknown.returncode == 3 and "did you mean" in unknown.stderr

    both = waiting(edge, "shop-17", "shop-18")
    assert both.stdout.readline() == "shop-17 is online\n"
    gone = waiting(edge, "shop-17", "shop-18", "--for", "offline")
    assert gone.stdout.readline() == "shop-18 is offline\n", "it waits"
    edge.restart(signal.SIGKILL)
    edge.join(token, edge_id, "second")
    edge.start_agent("second")
    assert ended(both) == (0, "shop-18 is online\n", "")

    first.stop()
    assert gone.poll() is None
    # An edged that was started anew gives everybody 70 s to come back; a removed one is an error at once.
    edge.ok("endpoint", "rm", "shop-17", "--yes")
    status, out, err = ended(gone)
    assert (status, out) == (3, "") and "removed meanwhile" in err


def test_wait_for_a_tunnel_that_somebody_else_needs_and_for_one_that_is_opened(shop):
    passive = waiting(shop, "shop-17", "--for", "tunnel")
    assert shop.ctl("wait", "shop-17", "--for", "tunnel", "--timeout", "300ms").returncode == 6
    assert shop.tunnel_state() == "idle", "waiting opens none"
    assert shop.ok("wait", "shop-17", "--for", "tunnel", "--open").stdout == "shop-17 has a tunnel\n"
    assert ended(passive) == (0, "shop-17 has a tunnel\n", "")
    assert shop.tunnel_state() == "open"


def test_wait_notices_that_nobody_can_come_any_more(shop):
    gone = waiting(shop, "shop-17", "--for", "offline", "-o", "json")
    shop.ok("endpoint", "disassociate", "shop-17", "--yes")  # going offline by silence takes 20 s: a unit test does
    status, out, _ = ended(gone)
    assert status == 0 and json.loads(out)["items"][0]["state"] == "new"


def test_ping_tells_round_trip_path_and_check_ins(shop):
    held = shop.ok("ping", "shop-17", "--no-tunnel", "-c", "1").stdout
    assert re.fullmatch(r"shop-17: online, last check-in \d+s ago, held now\n", held), held
    assert shop.tunnel_state() == "idle", "no tunnel was opened"

    pinged = shop.ok("ping", "shop-17", "-c", "2", "--interval", "100ms").stdout.splitlines()
    line = r"answer from shop-17: seq=%d time=\d+\.\d ms path=direct from=\S+"
    assert re.fullmatch(r"shop-17: online, last check-in \d+s ago, held now", pinged[0]), pinged[0]
    assert re.fullmatch(line % 1 + r" opened-in=\S+ ms", pinged[1]), pinged[1]
    assert re.fullmatch(line % 2, pinged[2]), pinged[2]
    assert pinged[3] == "--- shop-17: 2 asked, 2 answered"
    assert re.fullmatch(r"round trip min/avg/max: [\d.]+ ms / [\d.]+ ms / [\d.]+ ms", pinged[4])
    answer = shop.ctl_json("ping", "shop-17", "-c", "1")
    assert answer["answered"] == 1 and answer["answers"][0]["round-trip-us"] > 0

    ongoing = subprocess.Popen([str(BIN / "edgectl"), "ping", "shop-17", "-c", "0", "--interval", "100ms"],
                               env=shop.environment(), stdout=subprocess.PIPE, text=True)
    assert ongoing.stdout.readline() and ongoing.stdout.readline()
    ongoing.send_signal(signal.SIGINT)
    assert "answered\nround trip" in ongoing.communicate(timeout=20)[0] and ongoing.returncode == 0


def test_ping_of_who_is_not_there(edge):
    edge.create("shop-17")
    assert edge.ctl("ping", "shop-17").returncode == 5
    assert edge.ctl("ping", "shop-17", "--no-tunnel", "-c", "1").returncode == 5
    assert edge.ctl("ping", "shop-71").returncode == 3
