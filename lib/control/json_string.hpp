// A JSON string of bytes that come in pieces, however many there are. Pure.
#pragma once

#include <string>
#include <string_view>

namespace edge::control {

// Everything outside of ASCII comes out as \u escapes, so that a terminal meets none of it; bytes
// that are no UTF-8 as \ufffd each, and is_exact() says so.
class JsonString {
 public:
  void add(std::string_view bytes, std::string& out);
  void finish(std::string& out);  // after the last piece: half a character is none
  bool is_exact() const noexcept { return exact_; }

 private:
  std::string half_;  // the start of a character whose rest has not come yet
  bool exact_ = true;
};

// The same for base64 (RFC 4648 section 4), whose groups do not care where pieces end.
class Base64 {
 public:
  void add(std::string_view bytes, std::string& out);
  void finish(std::string& out);

 private:
  std::string rest_;  // less than three bytes
};

}  // namespace edge::control
