#include "server/admin/new_token.hpp"

#include "base/address.hpp"
#include "crypto/keys.hpp"
#include "crypto/random.hpp"
#include "net/socket_stream.hpp"
#include "wire/json.hpp"

namespace edge::server {
namespace {

using nlohmann::json;

constexpr milliseconds kDefaultExpiry = std::chrono::hours(24);
constexpr milliseconds kLookUp{2000};

}  // namespace

Result<json> body_object(const net::Request& request) {
  return wire::parse_json_object(request.body.empty() ? "{}" : request.body);
}

Result<std::optional<WallTime>> expiry(const json& body, WallTime now) {
  auto text = wire::optional_text_field(body, "expires", {1, 32});
  if (!text) return text.error();
  if (!*text) return std::optional(now + kDefaultExpiry);
  if (**text == "never") return std::optional<WallTime>();
  const auto duration = parse_duration(**text);
  if (!duration || duration->count() <= 0) {
    return fail(Errc::usage, "expires: a duration such as 24h or 90d, or never");
  }
  return std::optional(now + *duration);
}

Result<TokenWish> token_wish(const json& body, WallTime now) {
  auto expires = expiry(body, now);
  if (!expires) return expires.error();
  auto url = wire::optional_text_field(body, "url", {1, 512});
  if (!url) return url.error();
  if (*url) {
    if (auto parsed = parse_https_url(**url); !parsed) return parsed.error();
  }
  return TokenWish{url->value_or(""), *expires};
}

net::Task<json> name_warnings(std::string url) {
  json warnings = json::array();
  auto parsed = parse_https_url(url);
  if (!parsed) co_return warnings;
  auto found = co_await net::look_up(parsed->address, kLookUp);
  if (!found) {
    warnings.push_back(parsed->address.host +
                       " does not resolve on this machine: agents must be able to");
  }
  co_return warnings;
}

NewToken make_token(const Parts& parts, store::EndpointRecord& record) {
  NewToken made;
  made.token.urls = {record.url.empty() ? parts.config.poll_url : record.url};
  made.token.tunnel = parts.config.tunnel_address;
  made.token.endpoint = record.id;
  made.token.name = record.name;
  made.token.host_keys = {parts.host_key_fingerprint};
  made.token.pins = parts.token_pins();
  made.token.secret = crypto::random_secret(32);
  made.token.expires = record.token_expires;
  made.edge_id = crypto::random_uuid();
  record.token_hash = crypto::sha256(made.token.secret.reveal());
  return made;
}

json token_view(const NewToken& made, json endpoint) {
  return {{"apiVersion", "edge/v1"},
          {"endpoint", std::move(endpoint)},
          {"token", wire::print_token(made.token)},
          {"edge-id", made.edge_id},
          {"url", made.token.urls.front()},
          {"tunnel", made.token.tunnel}};
}

}  // namespace edge::server
