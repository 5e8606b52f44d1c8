// What creating an endpoint and giving it a new token share: the request's fields and the token.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "net/http.hpp"
#include "server/parts.hpp"
#include "wire/token.hpp"

namespace edge::server {

Result<nlohmann::json> body_object(const net::Request& request);

// "expires": "24h", "never", or absent.
Result<std::optional<WallTime>> expiry(const nlohmann::json& body, WallTime now);

// The fields that every creation may have.
struct TokenWish {
  std::string url;                  // "": edged's
  std::optional<WallTime> expires;  // nothing: never
};
Result<TokenWish> token_wish(const nlohmann::json& body, WallTime now);

// Agents will look the name up themselves; one that means nothing here is worth a word. A list, for
// the answer.
net::Task<nlohmann::json> name_warnings(std::string url);

struct NewToken {
  wire::Token token;
  std::string edge_id;  // a suggestion
};
// Also makes the record's hash of it. Thread rule: any thread.
NewToken make_token(const Parts& parts, store::EndpointRecord& record);

nlohmann::json token_view(const NewToken& made, nlohmann::json endpoint);

}  // namespace edge::server
