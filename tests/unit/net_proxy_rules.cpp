#include <doctest/doctest.h>

#include "net/proxy_rules.hpp"
#include "printing.hpp"

namespace edge::net::test {
namespace {

const HostPort kEdge{"edge.example.com", 9000};

ProxyWishes wishes(const char* url, std::vector<ProxyWishes::Variable> variables = {}) {
  ProxyWishes wanted;
  wanted.url = Secret(url);
  wanted.variables = std::move(variables);
  return wanted;
}

ProxyWishes::Variable variable(const char* name, const char* value) {
  return {name, Secret(value)};
}

}  // namespace

TEST_CASE("the configuration's proxy counts, then the first variable that is set") {
  const auto https = variable("HTTPS_PROXY", "http://one:1");
  const auto all = variable("ALL_PROXY", "socks5://two:2");
  const auto unset = variable("https_proxy", "");
  const struct {
    const char* name;
    ProxyWishes wishes;
    std::string proxy, origin;  // "": none
  } rows[] = {
      {"nothing", wishes(""), "", ""},
      {"empty variables", wishes("", {unset}), "", ""},
      {"configuration", wishes("http://own:3"), "http://own:3", "proxy.url"},
      {"environment", wishes("", {unset, https, all}), "http://one:1", "HTTPS_PROXY"},
      {"fallback", wishes("", {unset, all}), "socks5://two:2", "ALL_PROXY"},
      {"both", wishes("socks5://own:3", {https}), "socks5://own:3", "proxy.url"},
      {"none", wishes("none", {https, all}), "", ""},
  };
  for (const auto& row : rows) {
    CAPTURE(row.name);
    const auto rules = ProxyRules::make(row.wishes);
    REQUIRE(rules);
    CHECK((*rules != nullptr) == !row.proxy.empty());
    if (!*rules) continue;
    const auto* proxy = (*rules)->proxy_for(kEdge);
    REQUIRE(proxy);
    CHECK(format_proxy_url(*proxy) == row.proxy);
    CHECK((*rules)->origin() == row.origin);
  }
}

TEST_CASE("the configuration's exceptions stand in place of the environment's") {
  auto wanted = wishes("http://proxy:1");
  wanted.no_proxy = "example.com";
  auto rules = ProxyRules::make(wanted);
  REQUIRE(rules);
  CHECK((*rules)->proxy_for(kEdge) == nullptr);
  CHECK((*rules)->proxy_for({"192.0.2.1", 1}) != nullptr);
  wanted.except = {"192.0.2.0/24"};
  rules = ProxyRules::make(wanted);
  REQUIRE(rules);
  CHECK((*rules)->proxy_for(kEdge) != nullptr);
  CHECK((*rules)->proxy_for({"192.0.2.1", 1}) == nullptr);
}

TEST_CASE("what cannot be read is named by where it is written, without its password") {
  const struct {
    ProxyWishes wishes;
    std::string begins;
  } rows[] = {
      {wishes("https://alice:hunter2@proxy:1"), "proxy.url: a proxy that speaks https://"},
      {wishes("", {variable("all_proxy", "http://alice:hunter2@proxy")}),
       "all_proxy: names no port"},
  };
  for (const auto& row : rows) {
    const auto rules = ProxyRules::make(row.wishes);
    REQUIRE_FALSE(rules);
    CHECK(rules.error().code == Errc::usage);
    CHECK_MESSAGE(rules.error().message.starts_with(row.begins), rules.error().message);
    CHECK(rules.error().message.find("hunter2") == std::string::npos);
  }
  auto wanted = wishes("http://proxy:1");
  wanted.except = {"10.0.0.0/99"};
  const auto rules = ProxyRules::make(wanted);
  REQUIRE_FALSE(rules);
  CHECK(rules.error().message.starts_with("proxy.except: '10.0.0.0/99'"));
}

TEST_CASE("a variable that the configuration overrules is not even read") {
  CHECK(ProxyRules::make(wishes("none", {variable("HTTPS_PROXY", "https://x")})));
  CHECK(ProxyRules::make(wishes("http://own:3", {variable("HTTPS_PROXY", "https://x")})));
}

}  // namespace edge::net::test
