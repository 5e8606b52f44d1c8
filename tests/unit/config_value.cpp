#include <doctest/doctest.h>

#include "config/settings.hpp"
#include "config/value.hpp"

using namespace edge;
using namespace edge::config;

namespace {

const Key& key_of(const std::vector<Key>& keys, std::string_view path) {
  const auto* key = find_key(keys, path);
  REQUIRE(key != nullptr);
  return *key;
}

struct Row {
  std::string path, text, shown;  // shown: what get_value() gives afterwards
};

struct Refusal {
  std::string path, text, message;  // message: a part of it
};

}  // namespace

TEST_CASE("a value set from text is given back in its shortest form") {
  EdgedConfig edged;
  AgentConfig agent;
  FleetSettings fleet;
  std::vector<Key> keys = describe(edged);
  for (auto& part : {describe(agent), describe(fleet)}) {
    for (auto& key : part) {
      if (!find_key(keys, key.path)) keys.push_back(key);
    }
  }
  const std::vector<Row> rows{
      {"check-in.interval", "30s", "30s"},
      {"check-in.interval", "100ms", "100ms"},
      {"check-in.interval", "24h", "1d"},
      {"check-in.hold", "off", "off"},
      {"check-in.hold", "1m", "1m"},
      {"session.bandwidth", "1.5M", "1500K"},
      {"session.bandwidth", "80Mbit/s", "10M"},
      {"session.bandwidth", "off", "off"},
      {"tunnel.idle", "300s", "5m"},
      {"limits.loops", "0", "0"},
      {"limits.connections", "20000", "20000"},
      {"log.level", "debug", "debug"},
      {"log.level", "error", "error"},
      {"poll.listen", "0.0.0.0:9000,[::1]:9001", "0.0.0.0:9000, [::1]:9001"},
      {"session.allow-users", " root ,  deploy-* ", "root, deploy-*"},
      {"session.allow-users", "", ""},
      {"session.shell", "", ""},
      {"poll.url", "https://edge.example.com", "https://edge.example.com"},
      {"state", "/srv/edge", "/srv/edge"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.path);
    CAPTURE(row.text);
    const auto& key = key_of(keys, row.path);
    const auto result = set_value(key, row.text);
    REQUIRE_MESSAGE(result.has_value(), (result ? "" : result.error().message));
    CHECK(get_value(key) == row.shown);
    CHECK(set_value(key, get_value(key)).has_value());
    CHECK(get_value(key) == row.shown);
  }
}

TEST_CASE(
    "a value that is not accepted changes nothing, and the error names the key and what is "
    "accepted") {
  const std::vector<Refusal> rows{
      {"check-in.interval", "5", "100ms to 1d"},
      {"check-in.interval", "99ms", "100ms to 1d"},
      {"check-in.interval", "25h", "100ms to 1d"},
      {"check-in.interval", "off", "100ms to 1d"},
      {"check-in.interval", "-5s", "a duration with its unit"},
      {"check-in.interval", "", "a duration with its unit"},
      {"check-in.hold", "0s", "or off"},
      {"check-in.hold", "2h", "100ms to 1h, or off"},
      {"tunnel.idle", "31d", "100ms to 30d"},
      {"session.bandwidth", "10m", "'m' is no unit"},
      {"session.bandwidth", "0", "less than 1K"},
      {"limits.loops", "65", "0 to 64"},
      {"limits.loops", "-1", "0 to 64"},
      {"limits.loops", "4 ", "0 to 64"},
      {"limits.loops", "0x4", "0 to 64"},
      {"limits.loops", "4294967296", "0 to 64"},
      {"limits.connections", "0", "1 to 500000"},
      {"log.level", "verbose", "debug, info, warning or error"},
      {"state", "edge", "starts with /"},
      {"state", "", "starts with /"},
      {"poll.url", "https://x\nlisten: y", "control character"},
      {"poll.listen", "a:1,,b:2", "empty entry"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.path);
    CAPTURE(row.text);
    EdgedConfig edged;
    FleetSettings fleet;
    auto keys = describe(edged);
    for (auto& key : describe(fleet)) keys.push_back(key);
    const auto& key = key_of(keys, row.path);
    const auto before = get_value(key);
    const auto result = set_value(key, row.text);
    REQUIRE(!result);
    CHECK(result.error().code == Errc::usage);
    CHECK(result.error().message.starts_with(row.path + ": "));
    CHECK_MESSAGE(result.error().message.find(row.message) != std::string::npos,
                  result.error().message);
    CHECK(result.error().message.find('\n') == std::string::npos);
    CHECK(get_value(key) == before);
  }
}

TEST_CASE("text and lists are bounded") {
  EdgedConfig edged;
  const auto keys = describe(edged);
  CHECK(!set_value(key_of(keys, "poll.url"), std::string(4097, 'a')));
  CHECK(set_value(key_of(keys, "poll.url"), std::string(4096, 'a')).has_value());
  std::string list = "a:1";
  for (int i = 1; i < 256; ++i) list += ",a:1";
  CHECK(set_value(key_of(keys, "poll.listen"), list).has_value());
  CHECK(!set_value(key_of(keys, "poll.listen"), list + ",a:1"));
}

TEST_CASE("a secret is taken as it is, and neither its text nor its mistakes show it") {
  AgentConfig agent;
  const auto keys = describe(agent);
  const auto& key = key_of(keys, "proxy.url");
  CHECK(get_value(key).empty());
  CHECK(to_yaml(key) == "\"\"");
  REQUIRE(set_value(key, "http://alice:hunter2@proxy:3128").has_value());
  CHECK(agent.proxy_url.reveal() == "http://alice:hunter2@proxy:3128");
  CHECK(get_value(key) == "***");
  CHECK(to_yaml(key) == "\"***\"");
  const std::string too_long = "hunter2" + std::string(4096, 'x');
  for (const std::string& bad : {std::string(" hunter2"), std::string("hunter2\n"), too_long}) {
    const auto result = set_value(key, bad);
    REQUIRE(!result);
    CHECK(result.error().message.starts_with("proxy.url: "));
    CHECK(result.error().message.find("hunter2") == std::string::npos);
  }
}

TEST_CASE("every key has a path, prose that is a sentence, and a default within its own bounds") {
  EdgedConfig edged;
  AgentConfig agent;
  FleetSettings fleet;
  for (const auto& keys : {describe(edged), describe(agent), describe(fleet)}) {
    REQUIRE(!keys.empty());
    for (const auto& key : keys) {
      CAPTURE(key.path);
      CHECK(key.path.find_first_not_of("abcdefghijklmnopqrstuvwxyz-.") == std::string::npos);
      CHECK(key.prose.size() > 60);
      CHECK(key.prose.ends_with('.'));
      CHECK(find_key(keys, key.path) == &key);
      CHECK(set_value(key, get_value(key)).has_value());
    }
  }
  CHECK(edged.poll_listen == EdgedConfig{}.poll_listen);
  CHECK(agent.accept_env == AgentConfig{}.accept_env);
  CHECK(fleet == FleetSettings{});
}

TEST_CASE("no fleet setting is in a file too") {
  EdgedConfig edged;
  AgentConfig agent;
  FleetSettings fleet;
  for (const auto& key : describe(fleet)) {
    CHECK(find_key(describe(edged), key.path) == nullptr);
    CHECK(find_key(describe(agent), key.path) == nullptr);
  }
}

TEST_CASE("only some settings may differ between endpoints, and each of them exists") {
  FleetSettings fleet;
  std::vector<std::string> found;
  for (const auto& key : describe(fleet)) {
    if (is_per_endpoint(key.path)) found.push_back(key.path);
  }
  CHECK(found == std::vector<std::string>{"check-in.interval", "check-in.hold", "tunnel.idle",
                                          "session.resume-for", "session.bandwidth"});
  CHECK(!is_per_endpoint("session.keep-alive"));
  CHECK(!is_per_endpoint(""));
}

TEST_CASE("a key that does not exist is not found") {
  FleetSettings fleet;
  CHECK(find_key(describe(fleet), "check-in") == nullptr);
  CHECK(find_key(describe(fleet), "") == nullptr);
}
