#include <doctest/doctest.h>

#include <set>

#include "base/address_set.hpp"
#include "printing.hpp"

using namespace edge;

namespace {

AddressSet set_of(const std::vector<std::string>& entries) {
  auto set = AddressSet::parse(entries);
  REQUIRE(set);
  return *set;
}

}  // namespace

TEST_CASE("an address set holds what its entries say and nothing beside it") {
  const struct {
    std::string entry;
    std::vector<std::string> inside, outside;
  } rows[] = {
      {"192.0.2.1", {"192.0.2.1", "::ffff:192.0.2.1", "::ffff:c000:201"}, {"192.0.2.0", "::1"}},
      {"::ffff:192.0.2.1", {"192.0.2.1"}, {"192.0.2.2"}},
      {"10.0.0.0/8",
       {"10.0.0.0", "10.255.255.255", "::ffff:10.1.2.3"},
       {"9.255.255.255", "11.0.0.0"}},
      {"10.1.2.128/25", {"10.1.2.128", "10.1.2.255"}, {"10.1.2.127", "10.1.3.128"}},
      {"10.1.2.252/30", {"10.1.2.252", "10.1.2.255"}, {"10.1.2.251", "10.1.3.0"}},
      {"192.0.2.7/32", {"192.0.2.7"}, {"192.0.2.6", "192.0.2.8"}},
      {"::ffff:192.0.2.0/120", {"192.0.2.0", "192.0.2.255"}, {"192.0.3.0"}},
      {"0.0.0.0/0", {"0.0.0.0", "255.255.255.255"}, {"::1", "2001:db8::1"}},
      {"::/0", {"::", "::1", "2001:db8::1"}, {"0.0.0.0", "192.0.2.1", "::ffff:192.0.2.1"}},
      {"2001:db8::/32",
       {"2001:db8::", "2001:db8:ffff::1"},
       {"2001:db7::", "2001:db9::", "32.1.13.184"}},
      {"2001:db8::8/125", {"2001:db8::8", "2001:db8::f"}, {"2001:db8::7", "2001:db8::10"}},
      {"2001:DB8:0::1", {"2001:db8::1"}, {"2001:db8::2"}},
      {"::1/128", {"::1"}, {"::", "::2"}},
  };
  for (const auto& row : rows) {
    const auto set = set_of({row.entry});
    for (const auto& address : row.inside) {
      CHECK_MESSAGE(set.contains(address), row.entry << " holds " << address);
    }
    for (const auto& address : row.outside) {
      CHECK_MESSAGE(!set.contains(address), row.entry << " does not hold " << address);
    }
  }
}

TEST_CASE("an address set of several entries holds each, the empty one nothing") {
  const auto set = set_of({"192.0.2.1", "2001:db8::/64"});
  CHECK(set.contains("192.0.2.1"));
  CHECK(set.contains("2001:db8::77"));
  CHECK_FALSE(set.contains("192.0.2.2"));
  CHECK_FALSE(set.empty());
  CHECK(AddressSet().empty());
  CHECK_FALSE(AddressSet().contains("192.0.2.1"));
}

TEST_CASE("an address set holds nothing that is no address") {
  const auto set = set_of({"0.0.0.0/0", "::/0"});
  for (const std::string& text :
       {std::string(), std::string("localhost"), std::string("192.0.2.1 "), std::string("[::1]"),
        std::string("fe80::1%eth0"), std::string("192.0.2.1\0", 10), std::string("\0", 1),
        std::string(45, '1'), std::string(46, ':'), std::string(5000, '1')}) {
    CAPTURE(text);
    CHECK_FALSE(set.contains(text));
  }
}

TEST_CASE("entries of an address set that are none are refused") {
  const struct {
    std::string entry, message;
  } rows[] = {
      {"", "is no IP address"},
      {"localhost", "is no IP address"},
      {"edge.example.com/24", "is no IP address"},
      {"192.0.2", "is no IP address"},
      {"192.0.2.256", "is no IP address"},
      {"192.0.2.01", "is no IP address"},
      {"[2001:db8::1]", "is no IP address"},
      {"192.0.2.1:9000", "is no IP address"},
      {"192.0.2.1/", "no valid prefix length"},
      {"192.0.2.1/33", "no valid prefix length"},
      {"192.0.2.1/-1", "no valid prefix length"},
      {"192.0.2.1/+1", "no valid prefix length"},
      {"192.0.2.1/8 ", "no valid prefix length"},
      {"192.0.2.0/24/24", "no valid prefix length"},
      {"192.0.2.0/255.255.255.0", "no valid prefix length"},
      {"2001:db8::/129", "no valid prefix length"},
      {"2001:db8::/0032", "no valid prefix length"},
      {"10.1.2.3/8", "did you mean 10.0.0.0/8?"},
      {"2001:db8::1/32", "did you mean 2001:db8::/32?"},
      {"0.0.0.1/0", "did you mean 0.0.0.0/0?"},
      {"::ffff:192.0.2.1/64", "has bits set beyond its prefix"},
      {std::string("10.0.0.0\0/8", 11), "is no IP address"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.entry);
    const auto set = AddressSet::parse({"192.0.2.1", row.entry});
    REQUIRE_FALSE(set);
    CHECK(set.error().code == Errc::usage);
    CHECK(set.error().hint.find("10.0.0.0/8") != std::string::npos);
    CHECK_MESSAGE(set.error().message.find(row.message) != std::string::npos, set.error().message);
  }
}

TEST_CASE("an address set tells all its mistakes and has a bound") {
  const auto set = AddressSet::parse({"a", "192.0.2.1", "b"});
  REQUIRE_FALSE(set);
  CHECK(set.error().message ==
        "'a' is no IP address or range of them\n'b' is no IP address or range of them");
  CHECK(AddressSet::parse(std::vector<std::string>(AddressSet::kMostEntries, "::1")));
  CHECK_FALSE(AddressSet::parse(std::vector<std::string>(AddressSet::kMostEntries + 1, "::1")));
}

TEST_CASE("an address is printed in its shortest form, IPv4-mapped as IPv4") {
  for (const auto& [text, printed] :
       std::vector<std::pair<std::string, std::string>>{{"192.0.2.1", "192.0.2.1"},
                                                        {"::ffff:192.0.2.1", "192.0.2.1"},
                                                        {"2001:DB8:0:0::1", "2001:db8::1"},
                                                        {"::", "::"}}) {
    const auto address = parse_ip(text);
    REQUIRE(address);
    CHECK(format_ip(*address) == printed);
  }
}

TEST_CASE("one source is an IPv4 address or an IPv6 /64") {
  CHECK(source_key("192.0.2.1") == source_key("::ffff:192.0.2.1"));
  CHECK(source_key("192.0.2.1") != source_key("192.0.2.2"));
  CHECK(source_key("2001:db8:1:2::1") == source_key("2001:db8:1:2:ffff:ffff:ffff:ffff"));
  CHECK(source_key("2001:db8:1:2::1") != source_key("2001:db8:1:3::1"));
  for (const std::string address : {"::1", "::", "0.0.0.0"}) CHECK(source_key(address) != 0);
  CHECK(source_key("") == 0);
  CHECK(source_key("not an address") == 0);
  const std::set<std::uint64_t> keys{source_key("192.0.2.1"), source_key("2001:db8::1"),
                                     source_key("fe80::1"), source_key("::1"),
                                     source_key("1.2.0.192")};
  CHECK(keys.size() == 5);
}
