#include "wire/plain_get.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace edge::wire {
namespace {

constexpr std::string_view kEnd = "\r\n\r\n";
constexpr std::size_t kMostHead = 4096;

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

// RFC 9110 section 5.6.2: what a field's name may consist of.
bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (lower(c) >= 'a' && lower(c) <= 'z') || (c >= '0' && c <= '9') ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  });
}

bool is_visible(std::string_view text, bool blanks) {
  return std::all_of(text.begin(), text.end(), [blanks](char c) {
    return (c > ' ' && c < '\x7f') || (blanks && (c == ' ' || c == '\t'));
  });
}

bool equals(std::string_view text, std::string_view lower_case) {
  return text.size() == lower_case.size() &&
         std::equal(text.begin(), text.end(), lower_case.begin(),
                    [](char c, char l) { return lower(c) == l; });
}

std::string_view trimmed(std::string_view text) {
  const auto is_blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

// What changes how a message is read or answered, and is the whole parser's to deal with.
bool needs_more_care(std::string_view name) {
  static constexpr std::array<std::string_view, 6> kNames{
      "content-length", "transfer-encoding", "expect", "upgrade", "te", "trailer"};
  return std::any_of(kNames.begin(), kNames.end(),
                     [name](auto known) { return equals(name, known); });
}

// False: the field is not plain.
bool take_field(PlainGet& get, std::string_view& connection, std::string_view line) {
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return false;
  const auto name = line.substr(0, colon);
  const auto value = trimmed(line.substr(colon + 1));
  if (!is_token(name) || !is_visible(value, true) || needs_more_care(name)) return false;
  const auto once = [value](std::string_view& into) {
    if (!into.empty() || value.empty()) return false;
    into = value;
    return true;
  };
  if (equals(name, "authorization")) return once(get.authorization);
  if (equals(name, "prefer")) return once(get.prefer);
  if (equals(name, "x-forwarded-for")) return once(get.forwarded_for);
  if (equals(name, "connection")) {
    get.keep_alive = equals(value, "keep-alive");
    return (get.keep_alive || equals(value, "close")) && once(connection);
  }
  return true;
}

}  // namespace

std::optional<PlainGet> parse_plain_get(std::string_view bytes) {
  constexpr std::string_view kMethod = "GET ", kVersion = " HTTP/1.1";
  if (bytes.size() > kMostHead || !bytes.starts_with(kMethod) || !bytes.ends_with(kEnd)) {
    return std::nullopt;
  }
  PlainGet get;
  auto line_end = bytes.find("\r\n");
  auto line = bytes.substr(kMethod.size(), line_end - kMethod.size());
  if (!line.ends_with(kVersion)) return std::nullopt;
  get.target = line.substr(0, line.size() - kVersion.size());
  if (!get.target.starts_with('/') || !is_visible(get.target, false)) return std::nullopt;
  bool has_host = false;  // without it HTTP/1.1 is malformed
  std::string_view connection;
  bytes.remove_prefix(line_end + 2);
  while (bytes != "\r\n") {
    line_end = bytes.find("\r\n");
    line = bytes.substr(0, line_end);
    if (!take_field(get, connection, line))
      return std::nullopt;  // an empty line, too: a second message
    if (line.size() >= 5 && equals(line.substr(0, 5), "host:")) {
      if (std::exchange(has_host, true)) return std::nullopt;
    }
    bytes.remove_prefix(line_end + 2);
  }
  if (!has_host) return std::nullopt;
  return get;
}

}  // namespace edge::wire
