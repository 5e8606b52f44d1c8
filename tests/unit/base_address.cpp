#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "base/address.hpp"
#include "printing.hpp"

using namespace edge;

TEST_CASE("addresses as people write them") {
  const struct {
    std::string text, host;
    std::uint16_t port;
  } rows[] = {
      {"edge.example.com:8000", "edge.example.com", 8000},
      {"Edge_1.example:1", "Edge_1.example", 1},
      {"localhost:65535", "localhost", 65535},
      {"192.0.2.1:8000", "192.0.2.1", 8000},
      {"127.0.0.1:0", "127.0.0.1", 0},
      {"[2001:db8::1]:8000", "2001:db8::1", 8000},
      {"[::]:9000", "::", 9000},
      {"[::ffff:192.0.2.1]:9000", "::ffff:192.0.2.1", 9000},
  };
  for (const auto& row : rows) {
    CAPTURE(row.text);
    const auto address = parse_host_port(row.text);
    REQUIRE(address);
    CHECK(*address == HostPort{row.host, row.port});
    CHECK(format_host_port(*address) == row.text);
  }
}

TEST_CASE("addresses that are none are refused with the form that is expected") {
  const std::vector<std::string> refused{"",
                                         ":8000",
                                         "host",
                                         "host:",
                                         "host:65536",
                                         "host:99999",
                                         "host:100000",
                                         "host:-1",
                                         "host:+1",
                                         "host:8x",
                                         "host: 80",
                                         "ho st:80",
                                         "host:80 ",
                                         "host:80:80",
                                         "2001:db8::1:8000",
                                         "[2001:db8::1]",
                                         "[2001:db8::1]8000",
                                         "[2001:db8::1:8000",
                                         "[]:80",
                                         "[host]:80",
                                         "[192.0.2.1]:80",
                                         "[fe80::1%eth0]:80",
                                         "192.0.2.300:80",
                                         "192.0.2:80",
                                         "-a.b:80",
                                         "a..b:80",
                                         ".a:80",
                                         "a.:80",
                                         "user@host:80",
                                         "host/:80",
                                         std::string("h\0st:80", 7),
                                         std::string("192.0.2.1\0:80", 13),
                                         std::string(64, 'a') + ":80"};
  for (const auto& text : refused) {
    CAPTURE(text);
    const auto address = parse_host_port(text);
    REQUIRE_FALSE(address);
    CHECK(address.error().code == Errc::usage);
    CHECK(address.error().hint.find("HOST:PORT") != std::string::npos);
  }
}

TEST_CASE("a host name has at most 253 bytes") {
  std::string name = "a";
  while (name.size() < 253) name += ".a";
  CHECK(name.size() == 253);
  CHECK(is_host_name(name));
  CHECK_FALSE(is_host_name("a" + name));
}

TEST_CASE("URLs are https, a host, and perhaps a port") {
  const struct {
    std::string text, host;
    std::uint16_t port;
    std::string printed;
  } rows[] = {
      {"https://edge.example.com", "edge.example.com", 443, "https://edge.example.com:443"},
      {"https://edge.example.com/", "edge.example.com", 443, "https://edge.example.com:443"},
      {"https://edge.example.com:9000", "edge.example.com", 9000, "https://edge.example.com:9000"},
      {"https://edge.example.com:9000/", "edge.example.com", 9000, "https://edge.example.com:9000"},
      {"https://[2001:db8::1]", "2001:db8::1", 443, "https://[2001:db8::1]:443"},
      {"https://[2001:db8::1]:9000", "2001:db8::1", 9000, "https://[2001:db8::1]:9000"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.text);
    const auto url = parse_https_url(row.text);
    REQUIRE(url);
    CHECK(url->address == HostPort{row.host, row.port});
    CHECK(format_url(*url) == row.printed);
    CHECK(*parse_https_url(row.printed) == *url);
  }
}

TEST_CASE("URLs with more than that are refused") {
  for (const std::string text :
       {"", "https://", "https:///", "http://edge.example.com", "edge.example.com:9000",
        "https://edge.example.com:0", "https://edge.example.com:", "https://edge.example.com//",
        "https://edge.example.com/path", "https://edge.example.com?q", "https://edge.example.com#f",
        "https://user@edge.example.com", "https://user:secret@edge.example.com",
        "https://edge.example.com:9000/v1", "https://a b", " https://a", "https://[::1",
        "https://2001:db8::1", "https://edge.example.com\r\nHost: x"}) {
    CAPTURE(text);
    const auto url = parse_https_url(text);
    REQUIRE_FALSE(url);
    CHECK(url.error().code == Errc::usage);
  }
}
