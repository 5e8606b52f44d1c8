#include "wire/token.hpp"

#include <algorithm>

#include "base/address.hpp"
#include "base/encoding.hpp"
#include "crypto/keys.hpp"
#include "wire/json.hpp"

namespace edge::wire {
namespace {

constexpr std::string_view kVersion = "edge1";
constexpr std::size_t kSecretBytes = 32;
constexpr std::size_t kMostTokenBytes = 24 * 1024;     // base64url of the largest JSON, and some
constexpr std::int64_t kLastSecond = 253'402'300'799;  // of the year 9999
constexpr Bounds kItems{1, 16};
constexpr Bounds kUrlBytes{1, 300};
constexpr const char* kPasteAgain =
    "copy the whole line again; edgectl endpoint token NAME makes a new one";

bool is_space(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

std::string checksum(std::string_view body) {
  return to_hex(crypto::sha256(body).substr(0, 4));
}

Error broken(const char* why) {
  return fail(Errc::usage, std::string("the join token ") + why, kPasteAgain);
}

// "edge2": of this family, not of this version.
bool is_other_version(std::string_view word) {
  return word.starts_with("edge") && word.size() > 4 && word.size() <= 8 && word != kVersion &&
         std::all_of(word.begin() + 4, word.end(), is_digit);
}

// The JSON text inside, once the frame around it is whole.
Result<std::string> unwrap(std::string_view text) {
  const auto not_one = fail(Errc::usage, "this is not a join token: one begins with \"edge1.\"",
                            "edgectl endpoint create NAME prints one");
  const auto first = text.find('.');
  if (text.size() > kMostTokenBytes || first == std::string_view::npos) return not_one;
  const auto word = text.substr(0, first);
  if (is_other_version(word)) {
    return fail(Errc::usage,
                "the join token is of another version (" + std::string(word) +
                    "), and this program knows edge1 only",
                "install the release of edge-agent that matches edged");
  }
  if (word != kVersion) return not_one;
  if (std::any_of(text.begin(), text.end(), is_space)) {
    return broken("has white space inside: it is one line without spaces");
  }
  const auto last = text.rfind('.');
  if (last == first) return broken("is cut off: its end is missing");
  const auto body = text.substr(0, last);
  if (!equal_in_constant_time(checksum(body), text.substr(last + 1))) {
    return broken("is cut off or mistyped: its checksum does not match");
  }
  auto json = from_base64url(body.substr(first + 1));
  if (!json) return broken("is mistyped: it is not base64url");
  return *json;
}

bool is_host_key(std::string_view text) {  // as ssh-keygen -l prints: base64 without its padding
  constexpr std::string_view kPrefix = "SHA256:";
  if (!text.starts_with(kPrefix)) return false;
  const auto hash = from_base64(std::string(text.substr(kPrefix.size())) + "=");
  return hash && hash->size() == 32;
}

bool is_url(const std::string& text) {
  return parse_https_url(text).has_value();
}

Result<void> check(const Token& token) {
  const auto all = [](const std::vector<std::string>& items, auto is_valid) {
    return std::all_of(items.begin(), items.end(), is_valid);
  };
  if (!all(token.urls, is_url)) return wrong_field("url", "has an item that is no https URL");
  if (!parse_host_port(token.tunnel)) return wrong_field("tunnel", "is not HOST:PORT");
  if (!parse_endpoint_id(token.endpoint.text)) return wrong_field("endpoint", "is no endpoint id");
  if (!is_endpoint_name(token.name)) return wrong_field("name", "is no endpoint name");
  if (!all(token.host_keys, is_host_key)) {
    return wrong_field("host-keys", "has an item that is no SHA256 fingerprint");
  }
  if (!all(token.pins, is_pin)) return wrong_field("pins", "has an item that is no pin");
  return {};
}

Result<Token> read(std::string_view text) {
  const auto json = parse_json_object(text);
  if (!json) return json.error();
  Token token;
  Error error;
  const bool taken =
      take(text_list_field(*json, "url", kItems, kUrlBytes), token.urls, error) &&
      take(text_field(*json, "tunnel", kUrlBytes), token.tunnel, error) &&
      take(text_field(*json, "endpoint", {32, 32}), token.endpoint.text, error) &&
      take(text_field(*json, "name", {1, 63}), token.name, error) &&
      take(text_list_field(*json, "host-keys", kItems, {1, 64}), token.host_keys, error) &&
      take(text_list_field(*json, "pins", kItems, {1, 64}), token.pins, error) &&
      take(secret_field(*json, "secret", kSecretBytes), token.secret, error);
  if (!taken) return error;
  if (json->contains("expires")) {
    const auto seconds = number_field(*json, "expires", 0, kLastSecond);
    if (!seconds) return seconds.error();
    token.expires = WallTime{std::chrono::seconds{*seconds}};
  }
  if (const auto checked = check(token); !checked) return checked.error();
  return token;
}

}  // namespace

std::string print_token(const Token& token) {
  Json json{{"url", token.urls},
            {"tunnel", token.tunnel},
            {"endpoint", token.endpoint.text},
            {"name", token.name},
            {"host-keys", token.host_keys},
            {"pins", token.pins},
            {"secret", to_base64url(token.secret.reveal())}};  // the token is how it travels
  if (token.expires) {
    const auto since_epoch = token.expires->time_since_epoch();
    json["expires"] = std::chrono::floor<std::chrono::seconds>(since_epoch).count();
  }
  const auto body = std::string(kVersion) + "." + to_base64url(print_json(json));
  return body + "." + checksum(body);
}

Result<Token> parse_token(std::string_view text) {
  const auto json = unwrap(trimmed(text));
  if (!json) return json.error();
  auto token = read(*json);
  if (!token) return within("the join token is not complete", token.error());
  return token;
}

}  // namespace edge::wire
