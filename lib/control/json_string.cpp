#include "control/json_string.hpp"

#include <array>
#include <cstdint>
#include <cstdio>
#include <utility>

#include "base/encoding.hpp"

namespace edge::control {
namespace {

constexpr const char* kReplacement = "\\ufffd";

// How many bytes a character with this first byte has; 0: none begins so.
std::size_t length_of(unsigned char lead) {
  if (lead < 0x80) return 1;
  if (lead < 0xC2 || lead > 0xF4) return 0;
  return lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
}

bool is_continuation(char c) {
  return (static_cast<unsigned char>(c) & 0xC0U) == 0x80;
}

// The second byte tells overlong forms, surrogates and what is beyond U+10FFFF.
bool may_follow(unsigned char lead, unsigned char second) {
  if (lead == 0xE0) return second >= 0xA0;
  if (lead == 0xED) return second < 0xA0;
  if (lead == 0xF0) return second >= 0x90;
  if (lead == 0xF4) return second < 0x90;
  return true;
}

// How many of these bytes are the start of a character; 0: none is. REQUIRES: not empty
std::size_t started(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text.front());
  const auto length = length_of(lead);
  std::size_t have = length == 0 ? 0 : 1;
  while (have > 0 && have < length && have < text.size()) {
    const bool fits = is_continuation(text[have]) &&
                      (have > 1 || may_follow(lead, static_cast<unsigned char>(text[1])));
    if (!fits) return 0;
    ++have;
  }
  return have;
}

void add_unit(std::uint32_t unit, std::string& out) {
  std::array<char, 8> text{};
  std::snprintf(text.data(), text.size(), "\\u%04x", unit & 0xFFFFU);
  out += text.data();
}

void add_ascii(char c, std::string& out) {
  switch (c) {
    case '"':
    case '\\':
      out += '\\';
      out += c;
      return;
    case '\n':
      out += "\\n";
      return;
    case '\t':
      out += "\\t";
      return;
    case '\r':
      out += "\\r";
      return;
    default:
      if (c < 0x20 || c == 0x7F) return add_unit(static_cast<unsigned char>(c), out);
      out += c;
  }
}

void add_character(std::string_view bytes, std::string& out) {
  if (bytes.size() == 1) return add_ascii(bytes.front(), out);
  std::uint32_t code = static_cast<unsigned char>(bytes.front()) & (0xFFU >> (bytes.size() + 1));
  for (const char c : bytes.substr(1)) code = code << 6U | (static_cast<unsigned char>(c) & 0x3FU);
  if (code < 0x10000) return add_unit(code, out);
  code -= 0x10000;
  add_unit(0xD800U + (code >> 10U), out);
  add_unit(0xDC00U + (code & 0x3FFU), out);
}

}  // namespace

void JsonString::add(std::string_view bytes, std::string& out) {
  std::string joined;
  if (!half_.empty()) {
    joined = std::exchange(half_, {}) + std::string(bytes);
    bytes = joined;
  }
  while (!bytes.empty()) {
    const auto have = started(bytes);
    if (have == 0) {
      out += kReplacement;
      exact_ = false;
      bytes.remove_prefix(1);
    } else if (have < length_of(static_cast<unsigned char>(bytes.front()))) {
      half_ = bytes;  // it ends here: the rest may come
      return;
    } else {
      add_character(bytes.substr(0, have), out);
      bytes.remove_prefix(have);
    }
  }
}

void JsonString::finish(std::string& out) {
  for (std::size_t i = 0; i < half_.size(); ++i) out += kReplacement;
  exact_ = exact_ && half_.empty();
  half_.clear();
}

void Base64::add(std::string_view bytes, std::string& out) {
  rest_.append(bytes);
  const auto whole = rest_.size() - rest_.size() % 3;
  out += to_base64(std::string_view(rest_).substr(0, whole));
  rest_.erase(0, whole);
}

void Base64::finish(std::string& out) {
  out += to_base64(rest_);
  rest_.clear();
}

}  // namespace edge::control
