#include "wire/proxy_header.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "base/address_set.hpp"

namespace edge::wire {
namespace {

using State = ProxyHeader::State;

constexpr std::string_view kV1 = "PROXY ";
constexpr std::size_t kMaxV1 = 107;  // with its CRLF
constexpr std::string_view kV2("\r\n\r\n\0\r\nQUIT\n", 12);
constexpr std::size_t kV2Head = 16;

ProxyHeader malformed() {
  return {State::malformed, 0, {}, 0};
}

ProxyHeader own_address(std::size_t size) {
  return {State::complete, size, {}, 0};
}

// True when the bytes so far agree with the beginning, however few they are.
bool may_begin_with(std::string_view bytes, std::string_view beginning) {
  const auto size = std::min(bytes.size(), beginning.size());
  return bytes.substr(0, size) == beginning.substr(0, size);
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  if (text.empty() || (text.size() > 1 && text.front() == '0')) return std::nullopt;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return port;
}

// "TCP4 192.0.2.1 192.0.2.9 56324 443": fields with one space in between.
ProxyHeader parse_v1_line(std::string_view line, std::size_t size) {
  std::array<std::string_view, 5> fields;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const auto space = line.find(' ');
    const bool last = i + 1 == fields.size();
    if ((space == std::string_view::npos) != last) return malformed();
    fields[i] = line.substr(0, space);
    if (!last) line.remove_prefix(space + 1);
  }
  const bool ipv4 = fields[0] == "TCP4";
  if (!ipv4 && fields[0] != "TCP6") return malformed();
  const auto is_of_family = [ipv4](std::string_view address) {
    return (address.find(':') == std::string_view::npos) == ipv4;
  };
  const auto source = parse_ip(fields[1]);
  const auto port = parse_port(fields[3]);
  if (!source || !is_of_family(fields[1]) || !parse_ip(fields[2]) || !is_of_family(fields[2]) ||
      !port || !parse_port(fields[4])) {
    return malformed();
  }
  return {State::complete, size, format_ip(*source), *port};
}

ProxyHeader parse_v1(std::string_view bytes) {
  if (!may_begin_with(bytes, kV1)) return malformed();
  const auto end = bytes.substr(0, kMaxV1).find("\r\n");
  if (end == std::string_view::npos) {
    return bytes.size() < kMaxV1 ? ProxyHeader{} : malformed();
  }
  const auto line = bytes.substr(kV1.size(), end - kV1.size());
  // Whatever follows UNKNOWN must be ignored.
  if (line == "UNKNOWN" || line.starts_with("UNKNOWN ")) return own_address(end + 2);
  if (line.empty()) return malformed();
  return parse_v1_line(line, end + 2);
}

std::size_t number16(std::string_view bytes) {
  return static_cast<std::size_t>(static_cast<unsigned char>(bytes[0])) << 8 |
         static_cast<unsigned char>(bytes[1]);
}

// Source and destination address, then both ports; TLVs may follow.
ProxyHeader parse_v2_addresses(std::string_view block, std::size_t address_size, std::size_t size) {
  if (block.size() < 2 * address_size + 4) return malformed();
  IpAddress source;
  const auto text = block.substr(0, address_size);
  if (address_size == 4) source.bytes[10] = source.bytes[11] = 0xff;
  std::copy(text.begin(), text.end(), source.bytes.end() - static_cast<long>(address_size));
  const auto port = number16(block.substr(2 * address_size));
  return {State::complete, size, format_ip(source), static_cast<std::uint16_t>(port)};
}

ProxyHeader parse_v2(std::string_view bytes) {
  constexpr std::size_t kUnixAddresses = 216;
  if (!may_begin_with(bytes, kV2)) return malformed();
  // Each of the fixed bytes is judged as soon as it is there, so that a stranger cannot make us
  // wait for what could only be refused.
  if (bytes.size() <= 12) return {};
  const auto command = static_cast<unsigned char>(bytes[12]);
  if (command != 0x20 && command != 0x21) return malformed();
  if (bytes.size() < kV2Head) return {};
  const auto family = static_cast<unsigned char>(bytes[13]);
  const auto size = kV2Head + number16(bytes.substr(14));
  if (size > kMaxProxyHeader) return malformed();
  if (bytes.size() < size) return {};
  const auto block = bytes.substr(kV2Head, size - kV2Head);
  if (command == 0x20) return own_address(size);  // LOCAL, a health check for one
  switch (family) {
    case 0x00:  // AF_UNSPEC
      return own_address(size);
    case 0x11:  // TCP over IPv4
      return parse_v2_addresses(block, 4, size);
    case 0x21:  // TCP over IPv6
      return parse_v2_addresses(block, 16, size);
    case 0x31:  // a Unix stream
      return block.size() < kUnixAddresses ? malformed() : own_address(size);
    default:  // datagrams cannot come over TCP, anything else must be refused
      return malformed();
  }
}

}  // namespace

ProxyHeader parse_proxy_header(std::string_view bytes) {
  if (bytes.empty()) return {};
  if (bytes.front() == kV1.front()) return parse_v1(bytes);
  if (bytes.front() == kV2.front()) return parse_v2(bytes);
  return {State::absent, 0, {}, 0};
}

}  // namespace edge::wire
