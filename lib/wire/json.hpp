// JSON from strangers: parsed within bounds, and read field by field with the type and size that
// are expected. Errors are Errc::usage and name the field ("'edge-id' is missing"); they never
// quote a value.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "base/secret.hpp"

namespace edge::wire {

using Json = nlohmann::json;

inline constexpr std::size_t kMostJsonBytes = 16 * 1024;
inline constexpr int kMostJsonDepth = 8;

// One JSON object, at most so large and kMostJsonDepth deep, no key twice in one object, no NUL
// byte.
Result<Json> parse_json_object(std::string_view text, std::size_t most_bytes = kMostJsonBytes);

// As text. Invalid UTF-8 in a value becomes U+FFFD, since a message must not fail over a host's odd
// name.
std::string print_json(const Json& json);

struct Bounds {
  std::size_t least = 0, most = 0;  // bytes of a text, items of a list
};

// A field that is there, of that type, in these bounds; texts have no NUL in them. Unknown fields
// are nobody's business: newer programs may send more.
Result<std::string> text_field(const Json& object, const char* key, Bounds bytes);
Result<std::optional<std::string>> optional_text_field(const Json& object, const char* key,
                                                       Bounds bytes);
Result<std::int64_t> number_field(const Json& object, const char* key, std::int64_t least,
                                  std::int64_t most);
Result<std::vector<std::string>> text_list_field(const Json& object, const char* key, Bounds items,
                                                 Bounds bytes);
// A list of texts that may be absent: then it is empty.
Result<std::vector<std::string>> optional_text_list_field(const Json& object, const char* key,
                                                          Bounds items, Bounds bytes);
// An object whose values are texts; absent: empty.
Result<std::map<std::string, std::string>> optional_text_map_field(const Json& object,
                                                                   const char* key, Bounds items,
                                                                   Bounds bytes);
Result<bool> optional_flag_field(const Json& object, const char* key);  // absent: false
// base64url of exactly so many bytes.
Result<Secret> secret_field(const Json& object, const char* key, std::size_t bytes);

// Reads several results in a row: take(a, x, error) && take(b, y, error) stops at the first error
// and keeps it.
template <class Value, class Target>
bool take(Result<Value> from, Target& into, Error& error) {
  if (!from) {
    error = from.error();
    return false;
  }
  into = static_cast<Target>(std::move(*from));
  return true;
}

// The error with what was being read before it: "join token: 'pins' is missing".
Error within(const char* what, Error error);

// "'KEY' REASON"
Error wrong_field(const char* key, const std::string& reason);

}  // namespace edge::wire
