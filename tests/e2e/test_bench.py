"""The benchmarks: the form of what they print, and the limits that have to hold on any machine."""
import json
import os
import subprocess

import pytest

from edge import BIN, PATIENCE, ROOT

pytestmark = pytest.mark.alone  # it compares times


def bench(*words, timeout=120):
    """One that takes too long is told to stop, so that it stops what it has started and removes its namespaces."""
    command = [str(ROOT / "scripts" / "bench"), *words]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                               env={**os.environ, "EDGE_BIN": str(BIN)})
    try:
        told = running.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        running.terminate()
        raise AssertionError(f"{command} was not done in {timeout} s: {running.communicate()[1]}") from None
    return subprocess.CompletedProcess(command, running.returncode, *told)


@pytest.fixture(scope="module")
def figures():
    done = bench("--quick", "connect", "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_bench_connect_prints_figures_as_json_and_nothing_else(figures):
    assert [figure["figure"] for figure in figures][:2] == ["connect-p50", "connect-p99"]
    assert {"agent-rss", "edged-rss"} <= {figure["figure"] for figure in figures}
    for figure in figures:
        assert list(figure) == ["figure", "value", "unit", "anchor", "ratio"]
        assert figure["anchor"] is None and figure["ratio"] is None
        assert figure["unit"] == ("KB" if "rss" in figure["figure"] else "s")


def test_a_shell_is_there_in_well_under_a_second_when_check_ins_are_held(figures):
    values = {figure["figure"]: figure["value"] for figure in figures}
    # The goal is 0.15 s on a quiet machine (docs/performance.md); this one may be anything but quiet.
    slow = PATIENCE / 20  # a sanitizer's build
    assert 0.001 < values["connect-p50"] <= values["connect-p99"] < 2 * slow
    assert values["connect-p50"] < 0.6 * slow


@pytest.mark.skipif("LSAN_OPTIONS" in os.environ, reason="a sanitizer's shadow memory is not the agent's")
def test_an_idle_agent_takes_less_than_10_mb(figures):
    values = {figure["figure"]: figure["value"] for figure in figures}
    assert 1_000 < values["agent-rss"] < 10_000
    assert 1_000 < values["edged-rss"] < 60_000


FLEET = ["rate-nginx", "rate-httplib", "cpu-polling", "connect-fleet-p50", "connect-fleet-p99", "flood", "flood-service",
         "cpu-held", "required-p50", "required-p99", "rss-held", "bytes-up", "bytes-down", "bytes-held", "herd",
         "herd-errors", "cpu-mixed"]
NEEDS_ROOT = {"bytes-up", "bytes-down", "bytes-held"}


@pytest.fixture(scope="module")
def fleet():
    if "LSAN_OPTIONS" in os.environ:
        pytest.skip("a sanitizer's programs are compared with nothing")
    done = bench("--quick", "check-in", "--json", timeout=300)
    assert done.returncode == 0, done.stderr
    return {figure["figure"]: figure for figure in json.loads(done.stdout)}


def test_bench_check_in_measures_every_figure_of_a_small_fleet(fleet):
    assert sorted(fleet) == sorted(FLEET)
    for name, figure in fleet.items():
        assert list(figure) == ["figure", "value", "unit", "anchor", "ratio", "endpoints", "note"]
        if name in NEEDS_ROOT and os.geteuid() != 0:
            continue
        assert figure["value"] is not None, figure["note"]
        assert figure["endpoints"] == 1000


def test_the_ratios_of_a_small_fleet_are_sane(fleet):
    # Of a busy machine and short windows: whatever is wrong by a factor, and no more.
    for name, least, most in (("rate-nginx", 0.2, 10), ("rate-httplib", 0.3, 50), ("rss-held", 0.05, 4), ("flood", 0.01, 100)):
        assert least < fleet[name]["ratio"] < most, fleet[name]
    assert 0 < fleet["cpu-held"]["value"] <= fleet["cpu-polling"]["value"] * 3 < 3
    assert fleet["required-p50"]["value"] <= fleet["required-p99"]["value"] < PATIENCE / 20
    assert fleet["herd-errors"]["value"] == 0, fleet["herd-errors"]


@pytest.mark.skipif(os.geteuid() != 0, reason="network namespaces need root")
def test_a_check_in_takes_a_few_hundred_bytes(fleet):
    assert 100 < fleet["bytes-up"]["value"] < 300
    assert 60 < fleet["bytes-down"]["value"] < 200


TUNNEL = [*(f"{kind}bulk-{way}-{cipher}" for kind in ("", "cpu-") for way in ("down", "up") for cipher in ("aes", "chacha")),
          "path", "echo-p50", "echo-p99", "echo-bulk-p99", "echo-bulk-slow-p99", "rss-tunnel", "rss-tunnel-used",
          "cpu-tunnels", "setup-rate", "setup-rtt", "wan-down", "wan-up", "storm", "storm-errors"]
BESIDE_OPENSSH = [name for name in TUNNEL if name.startswith(("bulk", "cpu-bulk", "echo", "path", "rss"))]
# Below root there are no network namespaces, and the benchmark says so and fails.
FAR = {"echo-bulk-slow-p99", "setup-rtt", "wan-down", "wan-up"}


@pytest.fixture(scope="module")
def tunnel():
    if "LSAN_OPTIONS" in os.environ:
        pytest.skip("a sanitizer's programs are compared with nothing")
    done = bench("--quick", "tunnel", "--json", timeout=300)
    assert done.returncode == (0 if os.geteuid() == 0 else 1), done.stderr
    return {figure["figure"]: figure for figure in json.loads(done.stdout)}


def test_bench_tunnel_measures_every_figure_of_a_small_crowd(tunnel):
    assert sorted(tunnel) == sorted(TUNNEL)
    for name, figure in tunnel.items():
        assert list(figure) == ["figure", "value", "unit", "anchor", "ratio", "endpoints", "note"]
        if name in FAR and os.geteuid() != 0:
            assert figure["value"] is None and "root" in figure["note"]
            continue
        assert figure["value"] is not None, figure["note"]
        assert figure["endpoints"] in (1, 100)
        assert (figure["anchor"] is not None) == (name in BESIDE_OPENSSH or name.startswith("wan")), figure


def test_the_tunnels_of_a_small_crowd_are_sane(tunnel):
    # Of a busy machine and few bytes: whatever is wrong by a factor, and no more.
    for name in TUNNEL:
        if name.startswith(("bulk", "path")):
            assert 0.1 < tunnel[name]["ratio"] < 20, tunnel[name]
    assert 0 < tunnel["echo-p50"]["value"] <= tunnel["echo-p99"]["value"] < PATIENCE / 20
    assert 1 < tunnel["rss-tunnel"]["value"] < tunnel["rss-tunnel"]["anchor"]
    assert 0 <= tunnel["cpu-tunnels"]["value"] < 0.5
    assert tunnel["storm-errors"]["value"] == 0, tunnel["storm-errors"]


@pytest.mark.skipif(os.geteuid() != 0, reason="network namespaces need root")
def test_a_tunnel_is_set_up_within_a_few_round_trips(tunnel):
    # TCP, key exchange, login and forward cannot take less; a quarter of a second more is the machine's.
    assert 4 < tunnel["setup-rtt"]["value"] < 15, tunnel["setup-rtt"]


SESSIONS = ["resume", "resume-worst", "resume-edged", "resume-edged-worst", "proxy", "key-p50", "key-p99", "shell"]


@pytest.fixture(scope="module")
def sessions():
    if "LSAN_OPTIONS" in os.environ:
        pytest.skip("a sanitizer's programs are compared with nothing")
    done = bench("--quick", "sessions", "--json")
    assert done.returncode == (0 if os.geteuid() == 0 else 1), done.stderr
    return {figure["figure"]: figure for figure in json.loads(done.stdout)}


def test_bench_sessions_measures_every_figure_in_a_few_runs(sessions):
    assert sorted(sessions) == sorted(SESSIONS)
    for name, figure in sessions.items():
        assert list(figure) == ["figure", "value", "unit", "anchor", "ratio", "endpoints", "note"]
        if name.startswith("resume") and os.geteuid() != 0:
            assert figure["value"] is None and "root" in figure["note"]
            continue
        assert figure["value"] is not None, figure["note"]
        assert (figure["anchor"] is not None) == (not name.startswith("resume")), figure


def test_the_figures_of_a_few_sessions_are_sane(sessions):
    # Of a busy machine and few runs: whatever is wrong by a factor, and no more.
    assert 0.1 < sessions["proxy"]["ratio"] < 10, sessions["proxy"]
    assert 0.01 < sessions["shell"]["ratio"] < 10, sessions["shell"]
    assert 0 < sessions["key-p50"]["value"] <= sessions["key-p99"]["value"] < PATIENCE / 20


@pytest.mark.skipif(os.geteuid() != 0, reason="network namespaces need root")
def test_keys_come_back_soon_after_a_cut_and_after_a_kill_of_edged(sessions):
    for name in ("resume", "resume-edged"):
        assert 0 < sessions[name]["value"] <= sessions[f"{name}-worst"]["value"] < 1.5 * PATIENCE, sessions[name]


ONE_TO_MANY = ["ls-15000", "exec-1000", "exec-1000-rss", "cp-1g", "cp-files", "forward"]


@pytest.fixture(scope="module")
def one_to_many():
    if "LSAN_OPTIONS" in os.environ:
        pytest.skip("a sanitizer's programs are compared with nothing")
    done = bench("--quick", "fleet", "--json")
    assert done.returncode == 0, done.stderr
    return {figure["figure"]: figure for figure in json.loads(done.stdout)}


def test_bench_fleet_measures_every_figure_of_a_small_fleet(one_to_many):
    assert sorted(one_to_many) == sorted(ONE_TO_MANY)
    for figure in one_to_many.values():
        assert list(figure) == ["figure", "value", "unit", "anchor", "ratio", "endpoints", "note"]
        assert figure["value"] is not None, figure["note"]
    assert 0 < one_to_many["ls-15000"]["value"] < PATIENCE / 20  # a thousand of them


def test_a_figure_that_does_not_exist_is_refused_with_the_list_of_those_that_do():
    for name, known in (("check-in", "rate-nginx"), ("tunnel", "setup-rtt"), ("sessions", "key-p99"), ("fleet", "ls-15000")):
        done = bench(name, "--only", "speed")
        assert done.returncode == 2
        assert known in done.stderr


def test_an_unknown_benchmark_is_refused_with_the_list_of_those_there_are():
    done = bench("nothing")
    assert done.returncode == 2
    assert done.stdout == ""
    assert "connect" in done.stderr
