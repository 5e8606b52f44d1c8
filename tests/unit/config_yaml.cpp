#include <doctest/doctest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

#include "config/settings.hpp"

using namespace edge;
using namespace edge::config;

namespace {

std::string load_error(const std::string& text) {
  EdgedConfig config;
  const auto result = load_yaml("edged.yaml", text, describe(config));
  return result ? "" : result.error().message;
}

struct Mistake {
  std::string name, text, message;  // message: a part of it
};

}  // namespace

TEST_CASE("a file sets the keys that it names and leaves the others at their defaults") {
  EdgedConfig config;
  const auto result = load_yaml("edged.yaml",
                                "poll:\n"
                                "  listen: [\"0.0.0.0:9443\", \"[::1]:9443\"]\n"
                                "  url: https://edge.example.com:9443\n"
                                "tunnel:\n"
                                "  listen: \"[::]:8022\"   # one address needs no list\n"
                                "state: /srv/edge\n"
                                "admin: {group: \"\"}\n"
                                "limits:\n"
                                "  loops: 2\n"
                                "  login-deadline: 250ms\n"
                                "log:\n"
                                "  level: debug\n",
                                describe(config));
  REQUIRE_MESSAGE(result.has_value(), (result ? "" : result.error().message));
  CHECK(config.poll_listen == std::vector<std::string>{"0.0.0.0:9443", "[::1]:9443"});
  CHECK(config.poll_url == "https://edge.example.com:9443");
  CHECK(config.tunnel_listen == std::vector<std::string>{"[::]:8022"});
  CHECK(config.state == "/srv/edge");
  CHECK(config.admin_group.empty());
  CHECK(config.loops == 2);
  CHECK(config.login_deadline == milliseconds{250});
  CHECK(config.log_level == log::Level::debug);
  CHECK(config.connections == EdgedConfig{}.connections);
}

TEST_CASE("files without any key are valid") {
  for (const std::string text :
       {"", "\n\n", "# only a comment\n", "---\n", "poll:\n", "poll: {}\n", "{}\n"}) {
    CAPTURE(text);
    CHECK(load_error(text).empty());
  }
}

TEST_CASE("a mistake in a file is told with its line and what is accepted") {
  const std::vector<Mistake> rows{
      {"unknown key", "poll:\n  lisen: x\n",
       "edged.yaml:2: poll.lisen: no such key, did you mean poll.listen?"},
      {"unknown section", "\npol:\n  url: x\n",
       "edged.yaml:3: pol.url: no such key, did you mean poll.url?"},
      {"nothing near", "colour: blue\n", "edged.yaml:1: colour: no such key"},
      {"fleet setting", "check-in:\n  interval: 5s\n",
       "edged.yaml:2: check-in.interval: is a fleet setting and not in this file, use: edgectl "
       "settings set"},
      {"section as text", "log: debug\n", "edged.yaml:1: log: is a section, its keys are level"},
      {"section as list", "poll: [a, b]\n",
       "edged.yaml:1: poll: is a section, its keys are listen, url"},
      {"list where text belongs", "state: [/a, /b]\n", "edged.yaml:1: state: must not be a list"},
      {"mapping where text belongs", "state:\n  path: /a\n",
       "edged.yaml:2: state.path: no such key"},
      {"no value", "poll:\n  url:\n", "edged.yaml:2: poll.url: has no value"},
      {"null", "state: ~\n", "edged.yaml:1: state: has no value"},
      {"wrong type", "limits:\n  loops: many\n",
       "edged.yaml:2: limits.loops: 'many' is not accepted"},
      {"out of bounds", "limits:\n  loops: 99\n", "0 to 64"},
      {"duplicate key", "state: /a\nlog:\n  level: info\nstate: /b\n",
       "edged.yaml:4: state: is there twice"},
      {"duplicate section", "poll:\n  url: a\npoll:\n  listen: b\n",
       "edged.yaml:3: poll: is there twice"},
      {"duplicate with dots", "poll:\n  url: a\npoll.url: b\n",
       "edged.yaml:3: poll.url: is there twice"},
      {"nested list", "poll:\n  listen:\n    - a\n    - [b]\n",
       "poll.listen: its entries must be plain text"},
      {"mapping in list", "poll:\n  listen:\n    - host: a\n",
       "poll.listen: its entries must be plain text"},
      {"empty list entry", "poll:\n  listen:\n    -\n", "poll.listen: holds an empty entry"},
      {"comma in list entry", "poll:\n  listen: [\"a,b\"]\n", "poll.listen: 'a,b' is not accepted"},
      {"alias", "state: &s /a\nadmin:\n  socket: *s\n", "edged.yaml:3: aliases"},
      {"alias as key", "state: &s /a\n*s : /b\n", "edged.yaml:2: aliases"},
      {"merge key", "poll: &p {url: a}\ntunnel:\n  <<: *p\n", "edged.yaml:3: aliases"},
      {"list as key", "[a, b]: c\n", "edged.yaml:1: keys are plain words"},
      {"mapping as key", "{a: b}: c\nstat: /a\n",
       "edged.yaml:2: stat: no such key, did you mean state?"},
      {"list as file", "- a\n- b\n", "edged.yaml:1: the file must hold 'key: value' lines"},
      {"text as file", "hello\n", "edged.yaml:1: the file must hold 'key: value' lines"},
      {"second document", "state: /a\n---\nstate: /b\n", "a second document"},
      {"address without quotes", "poll:\n  listen: [::]:9000\n", "edged.yaml:2: "},
      {"tab", "poll:\n\turl: a\n", "edged.yaml:2: cannot be read as YAML"},
      {"open quote", "state: \"/a\nlog:\n  level: info\n",
       "edged.yaml:1: state: '/a log: level: info ' begins or ends with a space"},
      {"open quote at the end", "state: '/a", "cannot be read as YAML: illegal EOF"},
      {"control character", "poll:\n  url: \"a\\nb\"\n", "edged.yaml:2: poll.url: "},
  };
  for (const auto& row : rows) {
    CAPTURE(row.name);
    const auto message = load_error(row.text);
    CHECK_MESSAGE(message.find(row.message) != std::string::npos, message);
  }
}

TEST_CASE("every mistake is told, in the order of lines, and nothing of such a file counts") {
  EdgedConfig config;
  const auto result =
      load_yaml("e.yaml", "log:\n  level: loud\nstate: /srv\nadmin:\n  sockt: /a\nstate: /b\n",
                describe(config));
  REQUIRE(!result);
  CHECK(result.error().code == Errc::usage);
  CHECK(result.error().message ==
        "e.yaml:2: log.level: 'loud' is not accepted, write debug, info, warning or error\n"
        "e.yaml:5: admin.sockt: no such key, did you mean admin.socket?\n"
        "e.yaml:6: state: is there twice, keep one of them");
  CHECK(config.state == EdgedConfig{}.state);
}

TEST_CASE("hostile files end in a bounded error") {
  std::string nested, flow, many;
  for (int i = 0; i < 5000; ++i) flow += "{a: ";
  for (int i = 0; i < 400; ++i) nested += std::string(static_cast<std::size_t>(i), ' ') + "a:\n";
  for (int i = 0; i < 20000; ++i) many += "k" + std::to_string(i) + ": 1\n";
  const std::string escapes = "poll:\n  url: \"\\e[31m\"\n\"\\e]0;x\": 1\n";
  for (const auto& text :
       {nested, flow, many, escapes, std::string("\xff\xfe\x00\xd8", 4), std::string(64, '\0')}) {
    const auto message = load_error(text);
    CHECK(!message.empty());
    CHECK(message.size() < 64 * 1024);
    CHECK(message.find('\x1b') == std::string::npos);
  }
  CHECK(load_error(std::string((1 << 20) + 1, '#')).find("larger than") != std::string::npos);
  CHECK(load_error(std::string(1 << 20, '#')).empty());
}

TEST_CASE("a printed file with nothing set loads and changes nothing") {
  EdgedConfig edged;
  AgentConfig agent;
  const auto edged_text = print_yaml(describe(edged), {}, "Settings of edged.");
  const auto agent_text = print_yaml(describe(agent), {}, "Settings of edge-agent.");
  CHECK(edged_text.starts_with("# Settings of edged.\n\npoll:\n  # Addresses of the poll port"));
  CHECK(edged_text.find("\n  #listen: [\"[::]:9000\"]\n") != std::string::npos);
  CHECK(edged_text.find("\n#state: /var/lib/edged\n") != std::string::npos);

  edged.loops = 7;
  agent.sessions = 7;
  CHECK(load_yaml("a", edged_text, describe(edged)).has_value());
  CHECK(load_yaml("b", agent_text, describe(agent)).has_value());
  CHECK(edged.loops == 7);
  CHECK(agent.sessions == 7);
}

TEST_CASE("a printed file with every key live gives every value back") {
  EdgedConfig edged;
  edged.poll_listen = {"0.0.0.0:1", "[::1]:2"};
  edged.poll_url = "https://e.example:1";
  edged.admin_group = "null";
  edged.host_key = "/a \"quoted\\\" #path: x";
  edged.loops = 3;
  edged.log_level = log::Level::warning;
  std::vector<std::string> set, wanted;
  for (const auto& key : describe(edged)) {
    set.push_back(key.path);
    wanted.push_back(get_value(key));
  }
  const auto text = print_yaml(describe(edged), set, "t");
  EdgedConfig read;
  const auto result = load_yaml("edged.yaml", text, describe(read));
  REQUIRE_MESSAGE(result.has_value(), (result ? "" : result.error().message));
  std::vector<std::string> got;
  for (const auto& key : describe(read)) got.push_back(get_value(key));
  CHECK(got == wanted);
  CHECK(read.host_key == edged.host_key);
}

TEST_CASE("deleting the '#' of a printed key makes it live") {
  AgentConfig agent;
  auto text = print_yaml(describe(agent), {}, "t");
  const auto place = text.find("#limit: 32");
  REQUIRE(place != std::string::npos);
  text.replace(place, 10, "limit: 5");
  CHECK(load_yaml("a", text, describe(agent)).has_value());
  CHECK(agent.sessions == 5);
}

TEST_CASE("printed prose fits a terminal") {
  EdgedConfig edged;
  const auto text = print_yaml(describe(edged), {}, "t");
  for (std::size_t start = 0; start < text.size();) {
    const auto end = text.find('\n', start);
    CHECK(end - start <= 80);
    start = end + 1;
  }
}

TEST_CASE("a file on disk is loaded, and one that is missing is named") {
  char folder[] = "/tmp/edge-config-XXXXXX";
  REQUIRE(mkdtemp(folder) != nullptr);
  const std::filesystem::path file = std::filesystem::path(folder) / "edge-agent.yaml";
  std::ofstream(file) << "session:\n  limit: 2\n  allow-users: []\n";
  AgentConfig agent;
  CHECK(load_yaml_file(file, describe(agent)).has_value());
  CHECK(agent.sessions == 2);
  CHECK(agent.allow_users.empty());
  std::filesystem::remove_all(folder);

  const auto missing = load_yaml_file(file, describe(agent));
  REQUIRE(!missing);
  CHECK(missing.error().message.find(file.string()) != std::string::npos);
}
