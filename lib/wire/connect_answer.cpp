#include "wire/connect_answer.hpp"

#include <algorithm>
#include <charconv>

#include "base/encoding.hpp"
#include "base/text.hpp"

namespace edge::wire {
namespace {

constexpr std::string_view kBeginning = "HTTP/1.";
constexpr std::string_view kLineEnd = "\r\n";
constexpr std::size_t kMostReason = 96;

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

// The value of a header, compared without case; "" when there is none.
std::string_view find(std::string_view head, std::string_view name) {
  for (auto at = head.find(kLineEnd); at != std::string_view::npos; at = head.find(kLineEnd)) {
    head.remove_prefix(at + kLineEnd.size());
    const bool same = head.size() > name.size() && head[name.size()] == ':' &&
                      std::equal(name.begin(), name.end(), head.begin(),
                                 [](char a, char b) { return lower(a) == lower(b); });
    if (!same) continue;
    auto value = head.substr(name.size() + 1, head.find(kLineEnd) - name.size() - 1);
    value.remove_prefix(std::min(value.find_first_not_of(" \t"), value.size()));
    return value;
  }
  return {};
}

}  // namespace

std::string print_connect(const HostPort& to, const ProxyUrl& proxy) {
  const auto target = format_host_port(to);
  std::string text;
  text.reserve(4 * target.size() + 4 * 1024);  // no copy with the password is left behind
  text += "CONNECT " + target + " HTTP/1.1\r\nHost: " + target + "\r\n";
  if (!proxy.user.empty()) {
    std::string plain = proxy.user + ":";
    plain += proxy.password.reveal();  // Basic is the password, in other letters
    auto encoded = to_base64(plain);
    text.append("Proxy-Authorization: Basic ").append(encoded).append("\r\n");
    wipe(plain.data(), plain.size());
    wipe(encoded.data(), encoded.size());
  }
  return text + "\r\n";
}

bool may_be_http(std::string_view beginning) {
  const auto size = std::min(beginning.size(), kBeginning.size());
  return beginning.substr(0, size) == kBeginning.substr(0, size);
}

Result<ConnectAnswer> parse_connect_answer(std::string_view head) {
  const auto line = head.substr(0, head.find(kLineEnd));
  ConnectAnswer answer;
  // "HTTP/1.1 200 Connection established"
  const auto malformed = fail(Errc::usage, "does not answer as an HTTP proxy does");
  if (!line.starts_with(kBeginning) || line.size() < 12 || line[8] != ' ') return malformed;
  const auto [end, error] = std::from_chars(line.data() + 9, line.data() + 12, answer.status);
  if (error != std::errc{} || end != line.data() + 12 || answer.status < 100) return malformed;
  if (line.size() > 12 && line[12] != ' ') return malformed;
  if (line.size() > 13) answer.reason = printable(line.substr(13), kMostReason);
  const auto type = find(head, "Content-Type");
  answer.is_text = type.starts_with("text/plain");
  const auto size = find(head, "Content-Length");
  std::from_chars(size.data(), size.data() + size.size(), answer.body_size);
  return answer;
}

}  // namespace edge::wire
