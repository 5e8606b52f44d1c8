"""What is committed as documentation is what the programs are: pages, completions, README, the admin API."""
import http.client
import json
import re
import shutil
import socket
import subprocess

import pytest

from edge import BIN, ROOT

PAGES = ["edge-agent.8", "edge-agent.yaml.5", "edgectl.1", "edged.8", "edged.yaml.5"]


def text(*path):
    return ROOT.joinpath(*path).read_text()


def test_pages_and_completions_are_what_the_programs_generate():
    done = subprocess.run([ROOT / "scripts" / "docs", "--check", BIN], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_page_that_drifted_is_noticed(tmp_path):
    shutil.copytree(ROOT / "scripts", tmp_path / "scripts")
    for folder in "man", "completions":
        shutil.copytree(ROOT / folder, tmp_path / folder)
    with open(tmp_path / "man" / "edged.8", "a") as page:
        page.write("drift\n")
    done = subprocess.run([tmp_path / "scripts" / "docs", "--check", BIN], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert "-drift" in done.stdout


@pytest.mark.parametrize("page", PAGES)
def test_a_man_page_is_clean_for_mandoc(page):
    done = subprocess.run(["mandoc", "-Tlint", ROOT / "man" / page], capture_output=True, text=True)
    assert done.stdout + done.stderr == ""


def test_there_is_a_page_for_every_program_and_settings_file():
    assert sorted(path.name for path in (ROOT / "man").iterdir()) == PAGES


@pytest.mark.parametrize("words", [["bash", "-n", "edgectl.bash"], ["zsh", "-n", "_edgectl"], ["fish", "-n", "edgectl.fish"]])
def test_a_completion_is_good_syntax_in_its_shell(words):
    done = subprocess.run([*words[:-1], ROOT / "completions" / words[-1]], capture_output=True, text=True)
    assert done.returncode == 0 and done.stderr == ""


def commands(*words):
    """The commands below these words, as --help lists them."""
    shown = subprocess.run([BIN / "edgectl", *words, "--help"], capture_output=True, text=True, check=True).stdout
    found = []
    for title in "COMMANDS", "ADMINISTRATION":
        part = re.search(rf"^{title}\n((?:  \S.*\n)+)", shown, re.M)
        if part:
            found += [line.split()[0] for line in part.group(1).splitlines()]
    return found


def test_every_edgectl_command_has_its_entry_in_the_man_page():
    page = text("man", "edgectl.1").replace("\\-", "-")
    seen = 0
    for command in commands():
        below = commands(command) if command != "help" else []
        for words in [f"{command} {verb}" for verb in below] or [command]:
            assert re.search(rf"^\.SS edgectl {words}\b", page, re.M), f"no entry for edgectl {words}"
            seen += 1
    assert seen >= 15


def code_lines(page):
    """The lines of its code blocks, without prompts and the flags that may stand before a command."""
    for block in re.findall(r"^```.*?\n(.*?)^```", page, re.M | re.S):
        for line in block.splitlines():
            yield re.sub(r" --(config|state) \S+(?= [a-z])", "", re.sub(r"^(\w+)?[$#] ", "", line))


def test_the_commands_of_the_readme_exist():
    known = {"edgectl": commands(), "edge-agent": ["join", "run", "leave", "status", "doctor"], "edged": ["init"]}
    seen = set()
    for line in code_lines(text("README.md")):
        script = re.match(r"(scripts/[\w-]+)", line)
        if script:
            assert (ROOT / script.group(1)).exists(), line
            seen.add(script.group(1))
        program = re.match(r"(?:sudo )?(edgectl|edge-agent|edged) ([a-z-]+)(?: ([a-z-]+))?", line)
        if program and not program.group(2).startswith("-"):
            name, command, verb = program.groups()
            assert command in known[name], line
            if name == "edgectl" and commands(command) and command not in ("connect", "forward"):
                assert verb in commands(command), line
            seen.add(name)
    assert {"scripts/demo", "scripts/test", "edgectl", "edge-agent", "edged"} <= seen


def test_the_files_that_the_documents_point_to_exist():
    seen = 0
    for page in [ROOT / "README.md", ROOT / "ARCHITECTURE.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")]:
        for path in re.findall(r"(?<![\w/.-])((?:docs|lib|cmd|scripts|tests|packaging|man|completions)/[\w./-]*[\w/])", page.read_text()):
            assert (ROOT / path).exists(), f"{page.name}: {path}"
            seen += 1
    assert seen > 20


def test_every_test_that_the_architecture_names_exists():
    sources = "".join(path.read_text() for folder in ("unit", "e2e") for path in (ROOT / "tests" / folder).iterdir()
                      if path.suffix in (".cpp", ".py"))
    # As they are before clang-format breaks them.
    sources = re.sub(r'TEST_CASE(_FIXTURE\(\w+,|\()\s*"', 'TEST_CASE("', re.sub(r'"\n\s*"', "", sources))
    part = text("ARCHITECTURE.md").split("## Invariants")[1].split("\n## ")[0]
    names = re.findall(r"^\s+\[test\] (.+)$", part, re.M)
    assert len(names) >= 8
    for name in names:
        assert f'TEST_CASE("{name}")' in sources or f"def {name}(" in sources, name


class AdminConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("edge")
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self.path)


def test_the_documented_answers_of_the_admin_socket_have_the_keys_that_are_sent(edge):
    examples = dict(re.findall(r"^```json (\w+)\n(.*?)^```", text("docs", "admin-api.md"), re.M | re.S))
    connection = AdminConnection(edge.socket)

    def ask(method, path, body=None):
        connection.request(method, path, body and json.dumps(body))
        return json.loads(connection.getresponse().read())

    made = ask("POST", "/v1/endpoints", {"name": "shop-17"})
    assert made.keys() == json.loads(examples["token"]).keys()
    many = ask("POST", "/v1/endpoints", {"prefix": "till", "count": 1})
    documented = json.loads(examples["many"])
    assert many.keys() == documented.keys() and many["items"][0].keys() == documented["items"][0].keys()
    assert many["items"][0]["endpoint"].keys() == documented["items"][0]["endpoint"].keys()
    assert ask("GET", "/v1/status").keys() == json.loads(examples["status"]).keys()
    settings, documented = ask("GET", "/v1/endpoints/shop-17/settings"), json.loads(examples["settings"])
    assert settings.keys() == documented.keys()
    assert settings["settings"][0].keys() == documented["settings"][0].keys()
    for example in "wait", "temporary":
        assert json.loads(examples[example])
    changed = ask("PATCH", "/v1/endpoints/shop-17/settings", json.loads(examples["temporary"]))["settings"][0]
    assert changed["value"] == "5s" and changed["until"] and changed["then"] == "5s"
    waited, documented = ask("POST", "/v1/wait", {"endpoints": ["shop-17"], "for": "online"}), json.loads(examples["waited"])
    assert waited.keys() == documented.keys() and waited["others"][0].keys() == documented["others"][0].keys()
    asked = {**json.loads(examples["wait"]), "endpoints": ["shop-17"], "for": "offline"}
    assert ask("POST", "/v1/wait", asked)["items"][0].keys() == documented["items"][0].keys()
    shown = ask("GET", "/v1/endpoints/shop-17")
    assert shown.keys() == json.loads(examples["endpoint"]).keys()
    assert shown["events"][0].keys() == json.loads(examples["endpoint"])["events"][0].keys()
    assert ask("GET", "/v1/endpoints/shop-71") == json.loads(examples["error"])
    changed = ask("PATCH", "/v1/labels", {"endpoints": ["shop-17"], "set": {"site": "berlin", "tier": "prod"}})
    documented = json.loads(examples["labelled"])
    assert changed.keys() == documented.keys() and changed["items"][0].keys() == documented["items"][0].keys()
    found, documented = ask("POST", "/v1/targets", {"selector": "site=berlin,!retired"}), json.loads(examples["targets"])
    assert found.keys() == documented.keys() and found["items"][0].keys() == documented["items"][0].keys()
    for path, example in ("/v1/targets", "finding"), ("/v1/labels", "labelling"), \
            ("/v1/targets/settings", "manysettings"):
        ask("POST", "/v1/endpoints", {"name": "shop-18", "labels": {"site": "berlin"}})
        assert "error" not in ask("POST" if example == "finding" else "PATCH", path, json.loads(examples[example])), example
    doctor, documented = ask("GET", "/v1/doctor"), json.loads(examples["doctor"])
    assert doctor.keys() == documented.keys()
    for part in "listen", "certificate", "store", "descriptors", "connections":
        assert doctor[part].keys() == documented[part].keys()
    connection.close()


def test_the_documented_instance_has_the_keys_that_are_sent(shop):
    page = text("docs", "admin-api.md")
    documented = json.loads(re.search(r"^```json endpoint\n(.*?)^```", page, re.M | re.S)[1])["instances"][0]
    sent = shop.endpoint()["instances"][0]
    assert sent.keys() == documented.keys()
    printed = subprocess.run(["ssh-keygen", "-lf", "-"], input=sent["host-key-line"], capture_output=True, text=True, check=True)
    assert printed.stdout.split()[1] == sent["host-key"]


def test_the_documented_ping_has_the_keys_that_are_sent(shop):
    page = text("docs", "admin-api.md")
    documented = json.loads(re.search(r"^```json ping\n(.*?)^```", page, re.M | re.S)[1])
    connection = AdminConnection(shop.socket)

    def ask(method, path):
        connection.request(method, path, "{}" if method == "POST" else None)
        return json.loads(connection.getresponse().read())

    sent = ask("POST", "/v1/endpoints/shop-17/ping")
    assert sent.keys() == documented.keys() and sent["check-in"].keys() == documented["check-in"].keys()
    assert ask("GET", "/v1/endpoints/shop-17/check-in").keys() == documented["check-in"].keys() | {"apiVersion"}
    connection.close()


def test_every_request_of_the_admin_page_is_one_that_edged_has():
    page = text("docs", "admin-api.md")
    requests = re.findall(r"^\| `(GET|POST|PATCH|DELETE) (/v1/[^ `\[]*)", page, re.M)
    routes = (ROOT / "lib" / "server" / "admin" / "admin_requests.cpp").read_text()
    known = re.findall(r'\{"(GET|POST|PATCH|DELETE)", "(/v1/[^"]*)"', routes)
    assert sorted((method, re.sub(r"NAME|ID$", "*", path)) for method, path in requests) == sorted(known)
