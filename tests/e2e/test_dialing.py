"""Getting out of networks: proxies, names with several addresses, IPv6 literals, tokens with several URLs."""
import contextlib
import re
import time

import pytest

from edge import BIN, eventually, free_port
from poll_client import changed_token, read_token
from tcp_proxy import TcpProxy
from ways_out import PASSWORD, PROXIES, USER, MicroSocks, TinyProxy, knowing, swallowing

USAGE, NOT_ALLOWED, UNREACHABLE = 2, 4, 7
NAME = "edge.test"  # nobody knows it but who is told


@pytest.fixture
def hidden(bare):
    """A server by a name that the agent cannot resolve: only who knows it reaches it."""
    return bare.init(url_host=NAME).start()


def join_through(edge, token, edge_id, url, variable="HTTPS_PROXY", **more):
    return edge.run("edge-agent", "--state", edge.agent_state(), "join", "--edge-id", edge_id, input=token,
                    env={variable: url, **more})


def run_quickly(edge, token, edge_id, **settings):
    config = edge.agent_config("agent", **settings)
    return edge.run("edge-agent", "--config", config, "--state", edge.agent_state(), "join", "--edge-id", edge_id,
                    input=token)


def join_knowing(edge, token, edge_id, hosts):
    file = edge.folder / "token"
    file.write_text(token)
    return edge.spawn([*knowing(edge.folder, *hosts), BIN / "edge-agent", "--state", edge.agent_state(), "join",
                       "--edge-id", edge_id, "--token-file", file], "join.log")


@contextlib.contextmanager
def another_way(edge, port=0):
    """Another way to the poll port."""
    front = TcpProxy(edge.poll_port, port)
    try:
        yield front
    finally:
        front.close()


def in_front(edge, kind, **options):
    return PROXIES[kind](edge, prefix=knowing(edge.folder, f"127.0.0.1 {NAME}"), **options)


# --- proxies

@pytest.mark.parametrize("login", [False, True], ids=["open", "password"])
@pytest.mark.parametrize("kind", list(PROXIES))
def test_an_agent_joins_and_checks_in_through_a_proxy_of_the_environment(hidden, kind, login):
    edge = hidden
    proxy = in_front(edge, kind, login=login)
    token, edge_id = edge.create()
    joined = join_through(edge, token, edge_id, proxy.url())
    assert joined.returncode == 0, joined.stderr
    assert proxy.carried(f"{NAME}:{edge.poll_port}")
    agent = edge.start_agent(env={"ALL_PROXY": proxy.url()})
    edge.wait_held()
    scheme = "http" if kind == "http" else "socks5"
    agent.wait_log(rf"agent.proxy proxy={scheme}://{f'{USER}@' if login else ''}{proxy.address} from=ALL_PROXY")
    assert PASSWORD not in agent.log(whole=True) + joined.stdout + joined.stderr


@pytest.mark.parametrize("kind", list(PROXIES))
def test_an_agent_uses_the_proxy_of_its_configuration(hidden, kind):
    edge = hidden
    proxy = in_front(edge, kind, login=True)
    token, edge_id = edge.create()
    settings = {"proxy.url": proxy.url()}
    joined = run_quickly(edge, token, edge_id, **settings)
    assert joined.returncode == 0, joined.stderr
    # What the environment names instead leads nowhere.
    agent = edge.start_agent(config=edge.agent_config(**settings), env={"HTTPS_PROXY": "http://127.0.0.1:1"})
    edge.wait_held()
    agent.wait_log("agent.proxy .*from=proxy.url")
    assert PASSWORD not in agent.log(whole=True)


def test_the_password_of_a_proxy_is_not_in_the_environment_of_a_session(edge):
    token, edge_id = edge.create()
    assert edge.join(token, edge_id).returncode == 0
    edge.start_agent(env={"HTTPS_PROXY": f"http://{USER}:{PASSWORD}@127.0.0.1:1", "NO_PROXY": "localhost"})
    done = edge.connect(edge.target(), "--", "env; tr '\\0' '\\n' < /proc/$$/environ")
    assert done.returncode == 0 and "HOME=" in done.stdout, done.stderr
    assert PASSWORD not in done.stdout


@pytest.mark.parametrize("kind", list(PROXIES))
def test_a_wrong_password_of_a_proxy_is_named_with_its_user(edge, kind):
    proxy = PROXIES[kind](edge, login=True)
    token, edge_id = edge.create()
    refused = join_through(edge, token, edge_id, proxy.url(password="wr0ng-71"))
    assert refused.returncode == NOT_ALLOWED
    assert f"proxy {proxy.address} refused user '{USER}'" in refused.stderr
    assert "proxy.url" in refused.stderr and "wr0ng-71" not in refused.stderr
    assert edge.join(token, edge_id).returncode == 0
    agent = edge.start_agent(env={"https_proxy": proxy.url(password="wr0ng-71")})
    agent.wait_log(rf"check-in.failing .*proxy {proxy.address} refused user '{USER}'")
    assert "wr0ng-71" not in agent.log(whole=True)


@pytest.mark.parametrize("kind", list(PROXIES))
def test_a_proxy_that_asks_for_a_password_says_so(edge, kind):
    proxy = PROXIES[kind](edge, login=True)
    token, edge_id = edge.create()
    refused = join_through(edge, token, edge_id, f"{proxy.scheme}://{proxy.address}")
    assert refused.returncode == NOT_ALLOWED
    assert f"proxy {proxy.address} asks for a user and a password" in refused.stderr


def test_a_proxy_whose_rules_let_another_port_through_says_so(edge):
    token, edge_id = edge.create()
    proxy = TinyProxy(edge, more="ConnectPort 443\n")
    failed = join_through(edge, token, edge_id, proxy.url())
    assert failed.returncode == UNREACHABLE
    assert re.search(rf"proxy {proxy.address} refused CONNECT to localhost:{edge.poll_port}: 403 .*\n.*no port but 443",
                     failed.stderr), failed.stderr


def test_what_lies_behind_a_proxy_and_is_not_there_is_told_apart_from_the_proxy(edge):
    token, edge_id = edge.create()
    edge.edged.stop()
    http, socks = TinyProxy(edge), MicroSocks(edge)
    for proxy, words in ((http, "refused CONNECT to"), (socks, "refused a connection to")):
        failed = join_through(edge, token, edge_id, proxy.url())
        assert failed.returncode == UNREACHABLE
        assert f"proxy {proxy.address} {words} localhost:{edge.poll_port}: " in failed.stderr
    http.program.stop()
    failed = join_through(edge, token, edge_id, http.url())
    assert f"cannot reach the proxy: cannot connect to {http.address}: Connection refused" in failed.stderr


@pytest.mark.parametrize("exception", ["localhost", ".localhost", "*", "other.example localhost:{port}", "a,localhost,b"])
def test_an_exception_of_the_environment_is_dialled_directly(edge, exception):
    token, edge_id = edge.create()
    joined = join_through(edge, token, edge_id, "http://127.0.0.1:1", NO_PROXY=exception.format(port=edge.poll_port))
    assert joined.returncode == 0, joined.stderr


def test_an_exception_of_the_configuration_is_dialled_directly(edge):
    token, edge_id = edge.create()
    through, direct = {"proxy.url": "http://127.0.0.1:1"}, {"proxy.except": "[localhost]"}
    assert run_quickly(edge, token, edge_id, **through).returncode == UNREACHABLE
    assert run_quickly(edge, token, edge_id, **through, **direct).returncode == 0


def test_no_proxy_at_all_is_a_setting(edge):
    token, edge_id = edge.create()
    config = edge.agent_config(**{"proxy.url": "none"})
    joined = edge.run("edge-agent", "--config", config, "--state", edge.agent_state(), "join", "--edge-id", edge_id,
                      input=token, env={"HTTPS_PROXY": "http://127.0.0.1:1"})
    assert joined.returncode == 0, joined.stderr


@pytest.mark.parametrize("url, reason", [
    ("https://alice:hunter2@proxy.example:3128", "HTTPS_PROXY: a proxy that speaks https:// is not supported"),
    ("http://alice:hunter2@proxy.example", "HTTPS_PROXY: names no port"),
])
def test_a_proxy_that_cannot_be_used_is_an_error_at_the_start(edge, url, reason):
    token, edge_id = edge.create()
    refused = join_through(edge, token, edge_id, url)
    assert refused.returncode == USAGE
    assert reason in refused.stderr and "hunter2" not in refused.stderr
    assert edge.join(token, edge_id).returncode == 0
    agent = edge.start_agent(env={"HTTPS_PROXY": url})
    assert agent.wait() == USAGE
    assert reason in agent.log() and "hunter2" not in agent.log()
    config = edge.agent_config(**{"proxy.url": f'"{url}"'})
    agent = edge.start_agent(config=config)
    assert agent.wait() == USAGE
    assert reason.replace("HTTPS_PROXY", "proxy.url") in agent.log() and "hunter2" not in agent.log()


# --- addresses

@pytest.fixture
def literal(bare):
    """A server that agents dial by an IPv6 address."""
    return bare.init(url_host="[::1]").start()


def test_a_node_is_reached_over_an_ipv6_address(literal):
    edge = literal
    token, edge_id = edge.create()
    assert read_token(token)["url"] == [f"https://[::1]:{edge.poll_port}"]
    assert read_token(token)["tunnel"] == f"[::1]:{edge.tunnel_port}"
    assert edge.join(token, edge_id).returncode == 0
    edge.start_agent()
    edge.wait_held()
    (instance,) = edge.endpoint()["instances"]
    assert instance["address"] == "::1"
    done = edge.connect(edge.target(), "--", "printf far")
    assert (done.returncode, done.stdout) == (0, "far"), done.stderr


@pytest.mark.parametrize("kind", list(PROXIES))
def test_an_ipv6_address_is_reached_through_a_proxy_at_one(literal, kind):
    edge = literal
    proxy = PROXIES[kind](edge, login=True, host="::1")
    token, edge_id = edge.create()
    joined = join_through(edge, token, edge_id, proxy.url())
    assert joined.returncode == 0, joined.stderr
    assert proxy.carried(f"[::1]:{edge.poll_port}")


def test_an_address_of_the_servers_name_that_swallows_everything_costs_a_moment(bare):
    port = free_port()
    front = TcpProxy(bare.poll_port, port, host="127.0.0.2")
    edge = bare.init(url_host=NAME, poll_dialled=port).start()
    token, edge_id = edge.create()
    # RFC 6724 puts these in this order, whatever the file's: the one that answers is the last one.
    hosts = [f"::1 {NAME}", f"127.0.0.1 {NAME}", f"127.0.0.2 {NAME}"]
    with swallowing("127.0.0.1", port), swallowing("::1", port):
        started = time.monotonic()
        joined = join_knowing(edge, token, edge_id, hosts)
        assert joined.wait() == 0, joined.log()
        took = time.monotonic() - started
    front.close()
    assert took < 6, "the deadline of a connection is 10 s"


def test_all_addresses_of_a_name_are_named_when_none_answers(edge):
    token, edge_id = edge.create()
    port = free_port()
    dead = changed_token(token, url=[f"https://{NAME}:{port}"])
    joined = join_knowing(edge, dead, edge_id, [f"127.0.0.2 {NAME}", f"127.0.0.1 {NAME}"])
    assert joined.wait() == UNREACHABLE
    assert f"cannot connect to {NAME}:{port}: " in joined.log()
    for address in ("127.0.0.1", "127.0.0.2"):
        assert f"{address}: Connection refused" in joined.log()


# --- several URLs in a token

def test_an_agent_goes_on_to_the_url_that_works_and_stays_there(edge):
    token, edge_id = edge.create()
    assert edge.join(token, edge_id).returncode == 0
    with swallowing() as silent, another_way(edge) as front:
        urls = ["https://127.0.0.1:1", f"https://127.0.0.1:{silent}", f"https://127.0.0.1:{front.port}"]
        assert run_quickly(edge, changed_token(token, url=urls), edge_id, **{"connect.deadline": "300ms"}).returncode == 0
        front.accepted = 0
        agent = edge.start_agent(config=edge.agent_config(**{"connect.deadline": "300ms"}))
        edge.wait_held()
        failures = agent.log().count("check-in.failing")
        assert failures > 0 and front.accepted == 1
        # A new connection goes to what works, too.
        assert front.cut() > 0
        eventually(lambda: front.accepted == 2, "the agent is back")
        edge.wait_held()
        assert f"127.0.0.1:{silent}" not in agent.log().split("check-in.works-again")[1]


def test_an_agent_comes_back_to_the_first_url_when_the_second_dies(edge):
    token, edge_id = edge.create()
    assert edge.join(token, edge_id).returncode == 0
    port = free_port()
    with another_way(edge) as second:
        urls = [f"https://127.0.0.1:{port}", f"https://127.0.0.1:{second.port}"]
        assert edge.join(changed_token(token, url=urls), edge_id).returncode == 0
        agent = edge.start_agent()
        edge.wait_held()
        with another_way(edge, port) as first:
            second.refusing = True
            second.cut()
            eventually(lambda: first.accepted, "the agent dials the first URL again")
            edge.wait_held()
            agent.wait_log(rf"check-in.works-again url=https://127.0.0.1:{port}")


def test_a_tunnel_opens_while_the_first_url_is_dead(edge):
    token, edge_id = edge.create()
    urls = ["https://127.0.0.1:1", *read_token(token)["url"]]
    assert edge.join(changed_token(token, url=urls), edge_id).returncode == 0
    edge.start_agent()
    edge.wait_held()
    done = edge.connect(edge.target(), "--", "printf far")
    assert (done.returncode, done.stdout) == (0, "far"), done.stderr
