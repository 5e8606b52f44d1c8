#include <doctest/doctest.h>

#include <string>

#include "base/encoding.hpp"

using namespace edge;

namespace {

std::string all_bytes(std::size_t count) {
  std::string bytes;
  for (std::size_t i = 0; i < count; ++i) bytes += static_cast<char>(i * 7 + 251);
  return bytes;
}

}  // namespace

TEST_CASE("the examples of RFC 4648 encode and decode") {
  const struct {
    std::string bytes, base64, base64url, hex;
  } rows[] = {
      {"", "", "", ""},
      {"f", "Zg==", "Zg", "66"},
      {"fo", "Zm8=", "Zm8", "666f"},
      {"foo", "Zm9v", "Zm9v", "666f6f"},
      {"foob", "Zm9vYg==", "Zm9vYg", "666f6f62"},
      {"fooba", "Zm9vYmE=", "Zm9vYmE", "666f6f6261"},
      {"foobar", "Zm9vYmFy", "Zm9vYmFy", "666f6f626172"},
      {"\xfb\xff\xbf", "+/+/", "-_-_", "fbffbf"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.base64);
    CHECK(to_base64(row.bytes) == row.base64);
    CHECK(to_base64url(row.bytes) == row.base64url);
    CHECK(to_hex(row.bytes) == row.hex);
    CHECK(from_base64(row.base64) == row.bytes);
    CHECK(from_base64url(row.base64url) == row.bytes);
    CHECK(from_hex(row.hex) == row.bytes);
  }
}

TEST_CASE("bytes of every length come back from every encoding") {
  for (std::size_t count = 0; count < 300; ++count) {
    const auto bytes = all_bytes(count);
    REQUIRE(from_hex(to_hex(bytes)) == bytes);
    REQUIRE(from_base64(to_base64(bytes)) == bytes);
    REQUIRE(from_base64url(to_base64url(bytes)) == bytes);
  }
}

TEST_CASE("decoders refuse what is not the one canonical text") {
  for (const std::string text : {"0", "0g", "AB", " 0", "0x00", "\xc3\xa9"}) {
    CAPTURE(text);
    CHECK_FALSE(from_hex(text));
  }
  for (const std::string text : {"Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "====", "=",
                                 "Z===", "Zg==Zg==", "Zm 9v", "Zm9v\n", "-_-_", "Zm=v", "Z=g="}) {
    CAPTURE(text);
    CHECK_FALSE(from_base64(text));
  }
  for (const std::string text : {"Z", "Zg==", "Zh", "Zm9", "+/+/", "Zm9v ", "Zm9v.", "Zm9vY"}) {
    CAPTURE(text);
    CHECK_FALSE(from_base64url(text));
  }
  CHECK_FALSE(from_base64url(std::string("Zm9\0", 4)));
}

TEST_CASE("a percent-encoded text is decoded, and refused where it is none") {
  CHECK(percent_decoded("a%20b%C3%a9") == "a b\xC3\xA9");
  CHECK(percent_decoded("") == "");
  for (const char* bad : {"%", "%2", "a%zz", "%00", "%-1"}) {
    CAPTURE(bad);
    CHECK_FALSE(percent_decoded(bad));
  }
}
