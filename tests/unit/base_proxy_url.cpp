#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "base/proxy_url.hpp"
#include "printing.hpp"

using namespace edge;

TEST_CASE("URLs of proxies as people and environments write them") {
  constexpr auto kHttp = ProxyUrl::Kind::http;
  constexpr auto kSocks = ProxyUrl::Kind::socks5;
  const struct {
    std::string text;
    ProxyUrl::Kind kind;
    HostPort address;
    std::string user, password;
  } rows[] = {
      {"http://proxy.example:3128", kHttp, {"proxy.example", 3128}, "", ""},
      {"http://proxy.example:3128/", kHttp, {"proxy.example", 3128}, "", ""},
      {"HTTP://Proxy.example:3128", kHttp, {"Proxy.example", 3128}, "", ""},
      {"proxy.example:8080", kHttp, {"proxy.example", 8080}, "", ""},
      {"http://192.0.2.1:1", kHttp, {"192.0.2.1", 1}, "", ""},
      {"http://[2001:db8::1]:3128", kHttp, {"2001:db8::1", 3128}, "", ""},
      {"http://alice:secret@proxy:3128", kHttp, {"proxy", 3128}, "alice", "secret"},
      {"http://alice@proxy:3128", kHttp, {"proxy", 3128}, "alice", ""},
      {"http://alice:@proxy:3128", kHttp, {"proxy", 3128}, "alice", ""},
      {"alice:secret@proxy:3128", kHttp, {"proxy", 3128}, "alice", "secret"},
      {"http://al%69ce:p%40s%2fs%3A@[::1]:3128", kHttp, {"::1", 3128}, "alice", "p@s/s:"},
      {"http://alice:p@ss@proxy:3128", kHttp, {"proxy", 3128}, "alice", "p@ss"},
      {"http://alice:a:b@proxy:3128", kHttp, {"proxy", 3128}, "alice", "a:b"},
      {"http://alice:a/b?c#d@proxy:3128", kHttp, {"proxy", 3128}, "alice", "a/b?c#d"},
      {"socks5://proxy", kSocks, {"proxy", 1080}, "", ""},
      {"socks5h://proxy:9050", kSocks, {"proxy", 9050}, "", ""},
      {"socks5://[2001:db8::1]", kSocks, {"2001:db8::1", 1080}, "", ""},
      {"socks5h://us%3Aer:pw@proxy", kSocks, {"proxy", 1080}, "us:er", "pw"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.text);
    const auto proxy = parse_proxy_url(row.text);
    REQUIRE(proxy);
    CHECK(proxy->kind == row.kind);
    CHECK(proxy->address == row.address);
    CHECK(proxy->user == row.user);
    CHECK(proxy->password.reveal() == row.password);
  }
}

TEST_CASE("what is no URL of a proxy is refused with the reason") {
  const struct {
    std::string text, reason;
  } rows[] = {
      {"", "names no port"},
      {"http://", "names no port"},
      {"http://proxy", "names no port"},
      {"http://[::1]", "names no port"},
      {"http://proxy:0", "does not end in a host and a port"},
      {"http://proxy:x", "does not end in a host and a port"},
      {"http://proxy:3128/path", "does not end in a host and a port"},
      {"http://2001:db8::1:3128", "does not end in a host and a port"},
      {"http://pro xy:3128", "does not end in a host and a port"},
      {"https://proxy:3128", "a proxy that speaks https:// is not supported"},
      {"socks4://proxy", "a proxy that speaks socks4:// is not supported"},
      {"socks://proxy", "a proxy that speaks socks:// is not supported"},
      {"se cret://proxy", "is not the URL of a proxy"},
      {"http://@proxy:3128", "has no user"},
      {"http://:secret@proxy:3128", "has no user"},
      {"http://alice:%zz@proxy:3128", "'%'"},
      {"http://alice:%4@proxy:3128", "'%'"},
      {"http://alice:a%00b@proxy:3128", "'%'"},
      {"http://al%3Aice:x@proxy:3128", "':' in a user's name"},
      {"socks5://" + std::string(256, 'u') + "@proxy", "longer than 255"},
      {"socks5://alice:" + std::string(256, 'p') + "@proxy", "longer than 255"},
      {"http://alice:" + std::string(1025, 'p') + "@proxy:3128", "longer than 1024"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.text);
    const auto proxy = parse_proxy_url(row.text);
    REQUIRE_FALSE(proxy);
    CHECK(proxy.error().code == Errc::usage);
    CHECK_MESSAGE(proxy.error().message.find(row.reason) != std::string::npos,
                  proxy.error().message);
    CHECK(proxy.error().hint.find("http://HOST:PORT") != std::string::npos);
  }
}

TEST_CASE("a proxy's password is in no error and in no text of it") {
  for (const std::string text :
       {"http://alice:hunter2", "http://alice:hunter2@", "http://alice:hunter2@proxy",
        "https://alice:hunter2@proxy:1", "http://alice:hunter2%@proxy:1", "hunter2://proxy:1",
        "http://alice:hunter2/proxy:3128", "alice:hunter2", "http://:hunter2@proxy:1"}) {
    CAPTURE(text);
    const auto proxy = parse_proxy_url(text);
    REQUIRE_FALSE(proxy);
    // The scheme is the one thing that is repeated.
    if (!text.starts_with("hunter2://"))
      CHECK((proxy.error().message + proxy.error().hint).find("hunter2") == std::string::npos);
  }
  const auto proxy = parse_proxy_url("http://alice:hunter2@[2001:db8::1]:3128");
  REQUIRE(proxy);
  CHECK(format_proxy_url(*proxy) == "http://alice@[2001:db8::1]:3128");
  CHECK(proxy_name(*proxy) == "proxy [2001:db8::1]:3128");
}

TEST_CASE("a proxy's user brings no escape into a text") {
  const auto proxy = parse_proxy_url("socks5://al%1b%5bice@proxy");
  REQUIRE(proxy);
  CHECK(format_proxy_url(*proxy) == "socks5://al\xef\xbf\xbd[ice@proxy:1080");
}
