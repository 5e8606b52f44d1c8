#include "wire/socks.hpp"

#include <array>

#include "base/address_set.hpp"

namespace edge::wire {
namespace {

constexpr std::uint8_t kVersion = 5;
constexpr std::uint8_t kLoginVersion = 1;
constexpr std::uint8_t kNoAuthentication = 0, kPassword = 2, kNothingTaken = 0xff;
constexpr std::uint8_t kIpv4 = 1, kName = 3, kIpv6 = 4;
constexpr std::uint8_t kConnect = 1;

// RFC 1928, section 6.
constexpr std::array<const char*, 9> kReplies{"",
                                              "general failure",
                                              "its rules do not allow it",
                                              "network unreachable",
                                              "host unreachable",
                                              "connection refused",
                                              "on the way for too long",
                                              "it does not know this command",
                                              "it does not know this kind of address"};

std::uint8_t byte(std::string_view text, std::size_t at) {
  return static_cast<std::uint8_t>(text[at]);
}

void append(std::string& text, std::size_t number) {
  text += static_cast<char>(number);
}

Error no_socks() {
  return fail(Errc::usage, "does not answer as a SOCKS5 proxy does");
}

}  // namespace

std::string print_socks_greeting(bool with_password) {
  std::string text;
  append(text, kVersion);
  append(text, with_password ? 2 : 1);
  append(text, kNoAuthentication);
  if (with_password) append(text, kPassword);
  return text;
}

Result<SocksMethod> parse_socks_method(std::string_view answer, bool with_password) {
  if (answer.size() != kSocksMethodSize || byte(answer, 0) != kVersion) return no_socks();
  if (byte(answer, 1) == kNoAuthentication) return SocksMethod::none;
  if (byte(answer, 1) == kPassword && with_password) return SocksMethod::password;
  if (byte(answer, 1) != kNothingTaken) return no_socks();
  return fail(Errc::not_allowed, with_password ? "takes neither no authentication nor a password"
                                               : "asks for a user and a password");
}

std::string print_socks_login(const std::string& user, const Secret& password) {
  std::string text;
  text.reserve(3 + user.size() + password.reveal().size());  // no copy is left behind
  append(text, kLoginVersion);
  append(text, user.size());
  text += user;
  append(text, password.reveal().size());
  text += password.reveal();  // RFC 1929 sends it as it is
  return text;
}

bool parse_socks_login(std::string_view answer) {
  return answer.size() == kSocksLoginSize && byte(answer, 1) == 0;
}

std::string print_socks_connect(const HostPort& to) {
  std::string text;
  append(text, kVersion);
  append(text, kConnect);
  append(text, 0);
  if (const auto address = parse_ip(to.host)) {
    const bool ipv4 = address->is_ipv4();
    append(text, ipv4 ? kIpv4 : kIpv6);
    for (std::size_t i = ipv4 ? 12 : 0; i < address->bytes.size(); ++i)
      append(text, address->bytes[i]);
  } else {
    append(text, kName);
    append(text, to.host.size());
    text += to.host;
  }
  append(text, to.port >> 8);
  append(text, to.port & 0xff);
  return text;
}

Result<std::size_t> parse_socks_reply(std::string_view beginning) {
  if (beginning.size() != kSocksReplySize || byte(beginning, 0) != kVersion) return no_socks();
  const auto code = byte(beginning, 1);
  if (code >= kReplies.size())
    return fail(Errc::unreachable, "unknown reply " + std::to_string(code));
  if (code != 0) return fail(Errc::unreachable, kReplies[code]);
  constexpr std::size_t kPortSize = 2;
  switch (byte(beginning, 3)) {
    case kIpv4:
      return 4 - 1 + kPortSize;
    case kIpv6:
      return 16 - 1 + kPortSize;
    case kName:
      return byte(beginning, 4) + kPortSize;
    default:
      return no_socks();
  }
}

}  // namespace edge::wire
