#include <doctest/doctest.h>

#include <set>
#include <string>

#include "base/encoding.hpp"
#include "crypto/keys.hpp"
#include "printing.hpp"
#include "wire/json.hpp"
#include "wire/token.hpp"

using namespace edge;
using namespace edge::wire;

namespace {

const std::string kHostKey = "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU";
const std::string kPin = "sha256/47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";

Token example() {
  Token token;
  token.urls = {"https://edge.example.com:9000", "https://[2001:db8::1]:9000"};
  token.tunnel = "edge.example.com:8000";
  token.endpoint = EndpointId{"00112233445566778899aabbccddeeff"};
  token.name = "shop-17";
  token.host_keys = {kHostKey};
  token.pins = {kPin, "system"};
  token.secret = Secret(std::string(32, '\x5a'));
  token.expires = WallTime{std::chrono::seconds{1'795'384'323}};
  return token;
}

std::string framed(const std::string& json, const std::string& version = "edge1") {
  const auto body = version + "." + to_base64url(json);
  return body + "." + to_hex(crypto::sha256(body)).substr(0, 8);
}

// The example's JSON with one field changed; a null takes it away.
std::string with(const char* key, const Json& value) {
  const auto text = print_token(example());
  auto json = Json::parse(*from_base64url(text.substr(6, text.rfind('.') - 6)));
  if (value.is_null()) {
    json.erase(key);
  } else {
    json[key] = value;
  }
  return framed(json.dump());
}

std::string message_of(const std::string& text) {
  const auto token = parse_token(text);
  REQUIRE_FALSE(token);
  CHECK(token.error().code == Errc::usage);
  return token.error().message;
}

bool has(const std::string& text, const char* part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a token is read as it was printed") {
  for (const bool expires : {true, false}) {
    auto token = example();
    if (!expires) token.expires.reset();
    const auto read = parse_token(print_token(token));
    REQUIRE(read);
    CHECK(read->urls == token.urls);
    CHECK(read->tunnel == token.tunnel);
    CHECK(read->endpoint == token.endpoint);
    CHECK(read->name == token.name);
    CHECK(read->host_keys == token.host_keys);
    CHECK(read->pins == token.pins);
    CHECK(read->secret == token.secret);
    CHECK(read->expires == token.expires);
  }
}

TEST_CASE("a token has the frame that was agreed on") {
  const auto text = print_token(example());
  const auto last = text.rfind('.');
  CHECK(text.starts_with("edge1."));
  CHECK(text.substr(last + 1) == to_hex(crypto::sha256(text.substr(0, last))).substr(0, 8));
  const auto json = Json::parse(*from_base64url(text.substr(6, last - 6)));
  CHECK(json["expires"] == 1'795'384'323);
  CHECK(json["secret"] == "WlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlo");
  CHECK(
      text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.") ==
      std::string::npos);  // pastes into any shell as it is
}

TEST_CASE("white space around a token is ignored, inside it is explained") {
  const auto text = print_token(example());
  CHECK(parse_token(" \t\r\n" + text + "\r\n "));
  CHECK(has(message_of(text.substr(0, 100) + "\n" + text.substr(100)), "white space inside"));
  CHECK(has(message_of(text + " " + text), "white space inside"));
}

TEST_CASE("a token cut off at any length is refused and says so") {
  const auto text = print_token(example());
  for (std::size_t size = 0; size < text.size(); ++size) {
    const auto token = parse_token(std::string_view(text).substr(0, size));
    REQUIRE_FALSE(token);
    const auto& message = token.error().message;
    if (size < 6) {
      REQUIRE(has(message, "not a join token"));
    } else {
      REQUIRE(has(message, "cut off"));
    }
  }
  for (std::size_t from = 1; from < text.size(); ++from) {
    REQUIRE_FALSE(parse_token(std::string_view(text).substr(from)));
  }
}

TEST_CASE("a token with any one character changed is refused") {
  const auto text = print_token(example());
  for (std::size_t i = 0; i < text.size(); ++i) {
    for (const char other :
         {'A', 'a', '0', '9', 'f', '.', '-', '_', ' ', '=', '\0', '\n', '\xff'}) {
      if (text[i] == other) continue;
      auto changed = text;
      changed[i] = other;
      REQUIRE_FALSE(parse_token(changed));
    }
    auto changed = text;
    changed[i] = static_cast<char>(changed[i] ^ 0x20);  // the other case
    REQUIRE_FALSE(parse_token(changed));
    changed.erase(i, 1);
    REQUIRE_FALSE(parse_token(changed));
  }
}

TEST_CASE("each way to be no token has its own message") {
  const auto text = print_token(example());
  auto mistyped = text;
  mistyped[50] = mistyped[50] == 'x' ? 'y' : 'x';
  const struct {
    const char* what;
    std::string text;
    const char* expected;
  } rows[] = {
      {"nothing", "", "not a join token"},
      {"a word", "hello", "not a join token"},
      {"an edge ID", "6fa459ea-ee8a-4ca4-894e-db77e160355e", "not a join token"},
      {"another family", "ssh1.abc.def", "not a join token"},
      {"no digits", "edge.abc.def", "not a join token"},
      {"letters", "edgeX.abc.def", "not a join token"},
      {"very long", std::string(1 << 20, 'e'), "not a join token"},
      {"version 2", "edge2.", "another version (edge2)"},
      {"version 2, whole", framed("{}", "edge2"), "another version (edge2)"},
      {"version 10", "edge10.abc", "another version (edge10)"},
      {"only the frame", "edge1.", "cut off"},
      {"no checksum", text.substr(0, text.rfind('.')), "cut off"},
      {"mistyped", mistyped, "mistyped"},
      {"too much", text + "0", "mistyped"},
      {"checksum over what is not base64url",
       [] {
         const std::string body = "edge1.a+b/";
         return body + "." + to_hex(crypto::sha256(body)).substr(0, 8);
       }(),
       "not base64url"},
      {"no JSON", framed("hello"), "does not parse"},
      {"empty object", framed("{}"), "'url' is missing"},
      {"key twice", framed("{\"url\":1,\"url\":2}"), "key twice"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.what);
    CHECK(has(message_of(row.text), row.expected));
  }
}

TEST_CASE("every field of a token is needed and checked") {
  for (const char* key : {"url", "tunnel", "endpoint", "name", "host-keys", "pins", "secret"}) {
    CAPTURE(key);
    CHECK(message_of(with(key, nullptr)) ==
          "the join token is not complete: '" + std::string(key) + "' is missing");
    for (const Json& value :
         {Json(1), Json(true), Json(Json::object()), Json(Json::array()), Json(""), Json("x"),
          Json::array({1}), Json::array({"\n"}), Json(1e300), Json(std::string(400, 'a')),
          Json::array({std::string(400, 'a')}), Json(std::vector<std::string>(17, "system"))}) {
      if (key == std::string("name") && value == "x") continue;
      CAPTURE(value.dump());
      CHECK(has(message_of(with(key, value)), key));
    }
  }
}

TEST_CASE("a token's values must be what they stand for") {
  CHECK_FALSE(parse_token(with("url", {"http://edge.example.com"})));
  CHECK_FALSE(parse_token(with("url", {"https://edge.example.com", "https://a/b"})));
  CHECK_FALSE(parse_token(with("tunnel", "edge.example.com")));
  CHECK_FALSE(parse_token(with("name", "../shop")));
  CHECK_FALSE(parse_token(with("endpoint", std::string(32, 'G'))));
  CHECK_FALSE(parse_token(with("host-keys", {"MD5:00"})));
  CHECK_FALSE(parse_token(with("host-keys", {kHostKey + "="})));
  CHECK_FALSE(parse_token(with("pins", {kPin.substr(0, kPin.size() - 1)})));
  CHECK_FALSE(parse_token(with("pins", {"System"})));
  CHECK_FALSE(parse_token(with("secret", to_base64url(std::string(31, 'x')))));
  CHECK_FALSE(parse_token(with("secret", to_base64url(std::string(33, 'x')))));
  for (const Json& expires :
       {Json("never"), Json(-1), Json(1.5), Json(253'402'300'800), Json(UINT64_MAX)}) {
    CHECK(has(message_of(with("expires", expires)), "'expires'"));
  }
  CHECK(parse_token(with("expires", 0))->expires == WallTime{});
  CHECK(parse_token(with("from-the-future", {1, 2})));  // newer daemons may say more
}

TEST_CASE("no error about a token repeats the token") {
  const auto text = print_token(example());
  std::set<std::string> messages;
  for (const auto& broken :
       {text.substr(0, 200), "x" + text, text + "x", with("secret", "c2VjcmV0"),
        text.substr(0, 60) + " " + text.substr(60)}) {
    const auto error = parse_token(broken).error();
    messages.insert(error.message + error.hint);
  }
  for (const auto& message : messages) {
    CHECK_FALSE(has(message, "c2VjcmV0"));
    CHECK_FALSE(has(message, text.substr(6, 20).c_str()));
  }
}
