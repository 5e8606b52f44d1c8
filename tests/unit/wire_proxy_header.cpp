#include <doctest/doctest.h>

#include <vector>

#include "wire/proxy_header.hpp"

using namespace edge::wire;
using State = ProxyHeader::State;

namespace {

constexpr std::string_view kSignature("\r\n\r\n\0\r\nQUIT\n", 12);

std::string v2(unsigned char command, unsigned char family, const std::string& block) {
  std::string bytes(kSignature);
  bytes += static_cast<char>(command);
  bytes += static_cast<char>(family);
  bytes += static_cast<char>(block.size() >> 8);
  bytes += static_cast<char>(block.size() & 0xff);
  return bytes + block;
}

const std::string kIpv4("\xc0\x00\x02\x01\xc0\x00\x02\x09\xdc\x04\x23\x28", 12);  // 192.0.2.1:56324
const std::string kIpv6 = std::string("\x20\x01\x0d\xb8", 4) + std::string(11, '\0') + "\x01" +
                          std::string("\x20\x01\x0d\xb8", 4) + std::string(11, '\0') + "\x09" +
                          std::string("\xff\xff\x00\x00", 4);
const std::string kMapped = std::string(10, '\0') + std::string("\xff\xff\xc0\x00\x02\x01", 6) +
                            std::string(16, '\0') + std::string("\x00\x01\x00\x00", 4);
const std::string kTlv("\x04\x00\x03xyz", 6);

struct Valid {
  std::string name, header, address;
  std::uint16_t port;
};

const std::vector<Valid>& valid_headers() {
  static const std::vector<Valid> rows{
      {"v1 IPv4", "PROXY TCP4 192.0.2.1 192.0.2.9 56324 443\r\n", "192.0.2.1", 56324},
      {"v1 ports at their ends", "PROXY TCP4 192.0.2.1 192.0.2.9 0 65535\r\n", "192.0.2.1", 0},
      {"v1 IPv6", "PROXY TCP6 2001:db8::1 2001:db8::9 1 2\r\n", "2001:db8::1", 1},
      {"v1 IPv6 in capitals", "PROXY TCP6 2001:DB8:0::1 ::1 1 2\r\n", "2001:db8::1", 1},
      {"v1 IPv4-mapped", "PROXY TCP6 ::ffff:192.0.2.1 ::1 1 2\r\n", "192.0.2.1", 1},
      {"v1 longest",
       "PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
       "65535 65535\r\n",
       "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 65535},
      {"v1 unknown", "PROXY UNKNOWN\r\n", "", 0},
      {"v1 unknown, longest", "PROXY UNKNOWN " + std::string(91, 'f') + "\r\n", "", 0},
      {"v2 IPv4", v2(0x21, 0x11, kIpv4), "192.0.2.1", 56324},
      {"v2 IPv6", v2(0x21, 0x21, kIpv6), "2001:db8::1", 65535},
      {"v2 IPv4-mapped", v2(0x21, 0x21, kMapped), "192.0.2.1", 1},
      {"v2 with TLVs", v2(0x21, 0x11, kIpv4 + kTlv + kTlv), "192.0.2.1", 56324},
      {"v2 with TLVs that do not add up", v2(0x21, 0x11, kIpv4 + "\xff\xff\xff\xff"), "192.0.2.1",
       56324},
      {"v2 longest", v2(0x21, 0x11, kIpv4 + std::string(kMaxProxyHeader - 28, 'x')), "192.0.2.1",
       56324},
      {"v2 local", v2(0x20, 0x00, ""), "", 0},
      {"v2 local with an address", v2(0x20, 0x11, kIpv4), "", 0},
      {"v2 local of any family", v2(0x20, 0xff, "abc"), "", 0},
      {"v2 unspecified", v2(0x21, 0x00, ""), "", 0},
      {"v2 unspecified with TLVs", v2(0x21, 0x00, kTlv), "", 0},
      {"v2 Unix", v2(0x21, 0x31, std::string(216, '/')), "", 0},
  };
  return rows;
}

// Never reads beyond `bytes`: the copy has no byte more, so that the sanitizer would see it.
ProxyHeader parse(std::string_view bytes) {
  const std::vector<char> exact(bytes.begin(), bytes.end());
  auto header = parse_proxy_header({exact.data(), exact.size()});
  CHECK((header.state == State::complete) == (header.size != 0));
  CHECK(header.size <= bytes.size());
  CHECK((header.state == State::complete || header.address.empty()));
  return header;
}

}  // namespace

TEST_CASE("a PROXY header names the client, and what follows it stays") {
  for (const auto& row : valid_headers()) {
    CAPTURE(row.name);
    for (const std::string rest : {"", "\x16\x03\x01", "\r\nSSH-2.0-x\r\n"}) {
      const auto header = parse(row.header + rest);
      CHECK(header.state == State::complete);
      CHECK(header.size == row.header.size());
      CHECK(header.address == row.address);
      CHECK(header.port == row.port);
    }
  }
}

TEST_CASE("every beginning of a PROXY header asks for more") {
  for (const auto& row : valid_headers()) {
    CAPTURE(row.name);
    for (std::size_t size = 0; size < row.header.size(); ++size) {
      CAPTURE(size);
      CHECK(parse(std::string_view(row.header).substr(0, size)).state == State::need_more);
    }
  }
}

TEST_CASE("TLS and SSH begin no PROXY header") {
  for (const std::string bytes : {"\x16", "\x16\x03\x01\x02", "S", "SSH-2.0-libssh\r\n",
                                  "GET / HTTP/1.1", "p", "\n", " PROXY"}) {
    CHECK(parse(bytes).state == State::absent);
  }
  CHECK(parse(std::string_view("\0", 1)).state == State::absent);
}

TEST_CASE("what begins like a PROXY header and is none is malformed") {
  const std::vector<std::string> rows{
      "PROXX",
      "PUT / HTTP/1.1\r\n",
      "PROXY\r\n",
      "PROXY \r\n",
      "PROXY  \r\n",
      "PROXY TCP4\r\n",
      "PROXY TCP4 \r\n",
      "PROXY TCP4    \r\n",
      "PROXY TCP5 192.0.2.1 192.0.2.9 1 2\r\n",
      "PROXY tcp4 192.0.2.1 192.0.2.9 1 2\r\n",
      "PROXY UNKNOWNS\r\n",
      "PROXY TCP4 192.0.2.1 192.0.2.9 1\r\n",
      "PROXY TCP4 192.0.2.1 192.0.2.9 1 \r\n",
      "PROXY TCP4 192.0.2.1 192.0.2.9 1 2 3\r\n",
      "PROXY TCP4 192.0.2.1 192.0.2.9 1 2 \r\n",
      "PROXY TCP4  192.0.2.1 192.0.2.9 1 2\r\n",
      "PROXY TCP4 192.0.2.1  192.0.2.9 1 2\r\n",
      "PROXY TCP4 192.0.2.1 192.0.2.9 65536 2\r\n",
      "PROXY TCP4 192.0.2.1 192.0.2.9 1 65536\r\n",
      "PROXY TCP4 192.0.2.1 192.0.2.9 01 2\r\n",
      "PROXY TCP4 192.0.2.1 192.0.2.9 -1 2\r\n",
      "PROXY TCP4 192.0.2.1 192.0.2.9 +1 2\r\n",
      "PROXY TCP4 192.0.2.1 192.0.2.9 1x 2\r\n",
      "PROXY TCP4 192.0.2.256 192.0.2.9 1 2\r\n",
      "PROXY TCP4 192.0.2.1 nowhere 1 2\r\n",
      "PROXY TCP4 2001:db8::1 2001:db8::9 1 2\r\n",
      "PROXY TCP6 192.0.2.1 192.0.2.9 1 2\r\n",
      "PROXY TCP6 2001:db8::1 192.0.2.9 1 2\r\n",
      "PROXY TCP6 fe80::1%eth0 fe80::2 1 2\r\n",
      "PROXY TCP4 192.0.2.1 192.0.2.9 1 2\n\r\n",
      std::string("PROXY TCP4 192.0.2.1\0 192.0.2.9 1 2\r\n", 37),
      "PROXY UNKNOWN " + std::string(92, 'f') + "\r\n",
      "PROXY " + std::string(101, 'x'),
      "\r\n\r\n ",
      "\r\nSSH",
      std::string("\r\n\r\n\0\r\nQUIT\r", 12),
      v2(0x22, 0x11, kIpv4),
      v2(0x11, 0x11, kIpv4),
      v2(0x01, 0x11, kIpv4),
      v2(0x21, 0x12, kIpv4),
      v2(0x21, 0x22, kIpv6),
      v2(0x21, 0x32, std::string(216, '/')),
      v2(0x21, 0x10, kIpv4),
      v2(0x21, 0x01, kIpv4),
      v2(0x21, 0x41, kIpv4),
      v2(0x21, 0x11, ""),
      v2(0x21, 0x11, kIpv4.substr(1)),
      v2(0x21, 0x21, kIpv6.substr(1)),
      v2(0x21, 0x31, std::string(215, '/')),
  };
  for (const auto& bytes : rows) {
    CAPTURE(bytes);
    CHECK(parse(bytes).state == State::malformed);
  }
}

TEST_CASE("a PROXY header that is too long is refused at once") {
  CHECK(parse(v2(0x20, 0x00, std::string(kMaxProxyHeader - 15, 'x')).substr(0, 16)).state ==
        State::malformed);
  CHECK(parse(v2(0x21, 0x11, std::string(65'535, 'x')).substr(0, 16)).state == State::malformed);
  CHECK(parse(std::string(kSignature) + "\x31").state == State::malformed);
  CHECK(parse("PROXY " + std::string(100, ' ')).state == State::need_more);
}

TEST_CASE("a PROXY header with any one byte changed stays within its bounds") {
  std::size_t complete = 0, refused = 0;
  for (const auto& row : valid_headers()) {
    // The TLVs of the longest one are never looked at.
    for (std::size_t at = 0; at < std::min<std::size_t>(row.header.size(), 256); ++at) {
      for (int value = 0; value < 256; ++value) {
        auto bytes = row.header.substr(0, 512);
        bytes[at] = static_cast<char>(value);
        const auto header = parse(bytes);
        complete += header.state == State::complete;
        refused += header.state == State::malformed;
        // Whoever waits for more must not wait for ever.
        if (header.state == State::need_more) CHECK(bytes.size() < kMaxProxyHeader);
      }
    }
  }
  CHECK(complete > 1000);
  CHECK(refused > 1000);
}
