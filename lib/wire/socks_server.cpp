#include "wire/socks_server.hpp"

#include <algorithm>

#include "base/address_set.hpp"

namespace edge::wire {
namespace {

constexpr std::uint8_t kConnect = 1;
constexpr std::uint8_t kIpv4 = 1, kName = 3, kIpv6 = 4;
constexpr char kNoAuthentication = 0;
constexpr std::uint8_t kUnknownCommand = 7, kUnknownAddress = 8;
constexpr std::size_t kPortSize = 2;
constexpr std::size_t kOldHead = 8;  // version, command, port, address

std::uint8_t byte(std::string_view text, std::size_t at) {
  return static_cast<std::uint8_t>(text[at]);
}

std::uint16_t port_at(std::string_view text, std::size_t at) {
  return static_cast<std::uint16_t>(byte(text, at) << 8 | byte(text, at + 1));
}

std::string ipv4_at(std::string_view text, std::size_t at) {
  std::string address;
  for (std::size_t i = 0; i < 4; ++i)
    address += (i == 0 ? "" : ".") + std::to_string(byte(text, at + i));
  return address;
}

std::string ipv6_at(std::string_view text, std::size_t at) {
  IpAddress address;
  for (std::size_t i = 0; i < address.bytes.size(); ++i) address.bytes[i] = byte(text, at + i);
  return format_ip(address);
}

// The bound address that nobody reads is 0.0.0.0:0.
std::string reply5(std::uint8_t code) {
  std::string text{5, static_cast<char>(code), 0, kIpv4};
  return text.append(6, '\0');
}

std::string reply4(bool granted) {
  std::string text{0, static_cast<char>(granted ? 90 : 91)};
  return text.append(6, '\0');
}

SocksDialogue::Step mistaken(std::string reply, std::string mistake) {
  SocksDialogue::Step step;
  step.reply = std::move(reply);
  step.mistake = std::move(mistake);
  return step;
}

SocksDialogue::Step more_or_too_long(std::string_view bytes) {
  if (bytes.size() >= SocksDialogue::kMost) return mistaken("", "a SOCKS request without an end");
  return {};
}

}  // namespace

SocksDialogue::Step SocksDialogue::take(std::string_view bytes) {
  if (bytes.empty()) return {};
  if (version_ == 5) return take_request(bytes);
  if (byte(bytes, 0) == 5) return take_greeting(bytes);
  if (byte(bytes, 0) == 4) return take_old_request(bytes);
  return mistaken("", "this port speaks SOCKS 4 and 5 only");
}

SocksDialogue::Step SocksDialogue::take_greeting(std::string_view bytes) {
  if (bytes.size() < 2 || bytes.size() < 2u + byte(bytes, 1)) return {};
  const auto methods = bytes.substr(2, byte(bytes, 1));
  if (methods.find(kNoAuthentication) == std::string_view::npos)
    return mistaken("\x05\xff", "its client insists on a password");
  version_ = 5;
  Step step;
  step.taken = 2 + methods.size();
  step.reply = std::string{5, kNoAuthentication};
  return step;
}

SocksDialogue::Step SocksDialogue::take_request(std::string_view bytes) {
  if (byte(bytes, 0) != 5) return mistaken("", "a SOCKS 5 request of another version");
  constexpr std::size_t kHead = 4;
  if (bytes.size() < kHead + 1) return {};
  if (byte(bytes, 1) != kConnect)
    return mistaken(reply5(kUnknownCommand), "a SOCKS command other than CONNECT");
  const auto kind = byte(bytes, 3);
  std::size_t at = kHead, size = 0;
  if (kind == kIpv4) size = 4;
  if (kind == kIpv6) size = 16;
  if (kind == kName) {
    size = byte(bytes, at);
    ++at;
  }
  if (size == 0) return mistaken(reply5(kUnknownAddress), "a SOCKS address of an unknown kind");
  if (bytes.size() < at + size + kPortSize) return {};
  HostPort target;
  target.port = port_at(bytes, at + size);
  target.host = kind == kName   ? std::string(bytes.substr(at, size))
                : kind == kIpv4 ? ipv4_at(bytes, at)
                                : ipv6_at(bytes, at);
  Step step;
  step.taken = at + size + kPortSize;
  step.target = std::move(target);
  return step;
}

// 4a: an address 0.0.0.x, and the name after the user's.
SocksDialogue::Step SocksDialogue::take_old_request(std::string_view bytes) {
  if (bytes.size() < kOldHead) return {};
  const auto user_end = bytes.find('\0', kOldHead);
  if (user_end == std::string_view::npos) return more_or_too_long(bytes);
  if (byte(bytes, 1) != kConnect)
    return mistaken(reply4(false), "a SOCKS command other than CONNECT");
  version_ = 4;
  Step step;
  HostPort target{ipv4_at(bytes, 4), port_at(bytes, 2)};
  step.taken = user_end + 1;
  if (bytes.substr(4, 3) == std::string_view("\0\0\0", 3) && bytes[7] != 0) {
    const auto name_end = bytes.find('\0', user_end + 1);
    if (name_end == std::string_view::npos) return more_or_too_long(bytes);
    target.host = bytes.substr(user_end + 1, name_end - user_end - 1);
    if (target.host.empty()) return mistaken(reply4(false), "a SOCKS request for no host");
    step.taken = name_end + 1;
  }
  step.target = std::move(target);
  return step;
}

std::string SocksDialogue::answer(SocksOutcome outcome) const {
  if (version_ == 4) return reply4(outcome == SocksOutcome::connected);
  switch (outcome) {
    case SocksOutcome::connected:
      return reply5(0);
    case SocksOutcome::not_allowed:
      return reply5(2);
    case SocksOutcome::unreachable:
      return reply5(4);
    case SocksOutcome::refused:
      return reply5(5);
    case SocksOutcome::timed_out:
      return reply5(6);
    case SocksOutcome::failed:
      break;
  }
  return reply5(1);
}

}  // namespace edge::wire
