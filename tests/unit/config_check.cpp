#include <doctest/doctest.h>

#include <functional>

#include "config/settings.hpp"

using namespace edge;
using namespace edge::config;

namespace {

struct Row {
  std::string name;
  std::function<void(EdgedConfig&)> change;
  std::string message;  // a part of it; empty: accepted
};

}  // namespace

TEST_CASE("edged's configuration is checked as a whole") {
  const std::vector<Row> rows{
      {"defaults", [](EdgedConfig&) {}, ""},
      {"complete",
       [](EdgedConfig& c) {
         c.poll_url = "https://edge.example.com:9000";
         c.tunnel_address = "[2001:db8::1]:8000";
         c.poll_listen = {"127.0.0.1:0", "[::1]:0"};
       },
       ""},
      {"no listener", [](EdgedConfig& c) { c.poll_listen.clear(); },
       "poll.listen: must not be empty"},
      {"no port", [](EdgedConfig& c) { c.tunnel_listen = {"127.0.0.1"}; }, "tunnel.listen: "},
      {"many listeners", [](EdgedConfig& c) { c.tunnel_listen.assign(17, "a:1"); },
       "tunnel.listen: more than 16"},
      {"plain http", [](EdgedConfig& c) { c.poll_url = "http://edge.example.com"; }, "poll.url: "},
      {"port of an address", [](EdgedConfig& c) { c.tunnel_address = "edge.example.com:0"; },
       "tunnel.address: "},
      {"long socket path", [](EdgedConfig& c) { c.admin_socket = "/" + std::string(107, 'a'); },
       "admin.socket: longer than"},
      {"pins",
       [](EdgedConfig& c) {
         c.poll_pins = {"sha256/47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", "system"};
       },
       ""},
      {"a pin of another length", [](EdgedConfig& c) { c.poll_pins = {"sha256/AAAA"}; },
       "poll.pins: 'sha256/AAAA' is no pin, write sha256/"},
      {"a pin in hex", [](EdgedConfig& c) { c.poll_pins = {std::string(64, 'a')}; },
       "poll.pins: '"},
      {"many pins", [](EdgedConfig& c) { c.poll_pins.assign(9, "system"); },
       "poll.pins: more than 8"},
      {"trusted proxies",
       [](EdgedConfig& c) {
         c.trusted_proxies = {"192.0.2.1", "10.0.0.0/8", "2001:db8::/32"};
       },
       ""},
      {"a proxy's name", [](EdgedConfig& c) { c.trusted_proxies = {"haproxy.example.com"}; },
       "proxy.trusted: 'haproxy.example.com' is no IP address or range of them, write an address"},
      {"a proxy's range with a slip", [](EdgedConfig& c) { c.trusted_proxies = {"10.1.2.3/8"}; },
       "did you mean 10.0.0.0/8?"},
      {"many proxies", [](EdgedConfig& c) { c.trusted_proxies.assign(257, "::1"); },
       "proxy.trusted: more than 256"},
      {"one file for both", [](EdgedConfig& c) { c.certificate_key = c.certificate; }, "tls.key: "},
  };
  for (const auto& row : rows) {
    CAPTURE(row.name);
    EdgedConfig config;
    row.change(config);
    const auto result = check(config);
    CHECK(result.has_value() == row.message.empty());
    if (!result) {
      CHECK(result.error().code == Errc::usage);
      CHECK_MESSAGE(result.error().message.find(row.message) != std::string::npos,
                    result.error().message);
    }
  }
}

TEST_CASE("all mistakes of a configuration are told at once") {
  EdgedConfig config;
  config.poll_listen.clear();
  config.poll_url = "ftp://x";
  config.trusted_proxies = {"::1", "a", "b"};
  const auto result = check(config);
  REQUIRE(!result);
  CHECK(result.error().message.find("\nproxy.trusted: 'a'") != std::string::npos);
  CHECK(result.error().message.find("\nproxy.trusted: 'b'") != std::string::npos);
  CHECK(result.error().message.starts_with("poll.listen: "));
  CHECK(result.error().message.find("\npoll.url: ") != std::string::npos);
}

TEST_CASE("the agent's configuration is checked as a whole") {
  AgentConfig config;
  CHECK(check(config).has_value());
  config.shell = "/bin/sh";
  CHECK(check(config).has_value());
  config.shell = "bash";
  config.backoff_least = config.backoff_most + milliseconds{1};
  const auto result = check(config);
  REQUIRE(!result);
  CHECK(result.error().message.starts_with("session.shell: 'bash'"));
  CHECK(result.error().message.find("\ncheck-in.backoff-least: ") != std::string::npos);
}

TEST_CASE("where an agent's forwards may go is checked, and so is its sftp-server") {
  AgentConfig config;
  config.sftp_server = "sftp-server";
  config.allow_targets = {"10.0.0.0/8:22", "db.internal"};
  config.allow_listen = {"10.0.0.1/8"};
  const auto result = check(config);
  REQUIRE(!result);
  CHECK(result.error().message.starts_with("session.sftp-server: 'sftp-server'"));
  CHECK(result.error().message.find("\nsession.allow-targets: 'db.internal'") != std::string::npos);
  CHECK(result.error().message.find("\nsession.allow-listen: '10.0.0.1/8'") != std::string::npos);
  config = {};
  config.sftp_server = "/opt/it's/sftp-server";
  CHECK_FALSE(check(config).has_value());
}

TEST_CASE("an agent's proxy is checked with the rest, and its password is in no error") {
  AgentConfig config;
  config.proxy_except = {"example.com", "10.0.0.0/8", "*"};
  for (const char* good : {"", "none", "http://alice:hunter2@proxy:3128", "socks5h://proxy"}) {
    config.proxy_url = Secret(good);
    CHECK(check(config).has_value());
  }
  config.proxy_url = Secret("https://alice:hunter2@proxy:3128");
  config.proxy_except.push_back("10.0.0.0/33");
  const auto result = check(config);
  REQUIRE(!result);
  CHECK(result.error().message.starts_with("proxy.url: a proxy that speaks https://"));
  CHECK(result.error().message.find("\nproxy.except: '10.0.0.0/33'") != std::string::npos);
  CHECK(result.error().message.find("hunter2") == std::string::npos);
}
