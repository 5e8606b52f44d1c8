#include "base/ids.hpp"

#include <algorithm>

#include "base/encoding.hpp"
#include "base/text.hpp"

namespace edge {
namespace {

template <class IdType>
Result<IdType> parse_id(std::string_view text, std::size_t bytes, const char* kind) {
  if (text.size() == 2 * bytes && from_hex(text)) return IdType{std::string(text)};
  return fail(Errc::usage, "'" + printable(text, 64) + "' is not the id of an " + kind + ": " +
                               std::to_string(2 * bytes) + " digits of 0-9 and a-f are expected");
}

bool is_lower_hex(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

bool is_name_end(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z');
}

bool is_name_inside(char c) {
  return is_name_end(c) || c == '.' || c == '-' || c == '_';
}

}  // namespace

Result<EndpointId> parse_endpoint_id(std::string_view text) {
  return parse_id<EndpointId>(text, 16, "endpoint");
}

Result<InstanceId> parse_instance_id(std::string_view text) {
  return parse_id<InstanceId>(text, 8, "instance");
}

Result<SessionId> parse_session_id(std::string_view text) {
  return parse_id<SessionId>(text, 8, "session");
}

bool is_uuid(std::string_view text) {
  constexpr std::string_view kForm = "xxxxxxxx-xxxx-4xxx-vxxx-xxxxxxxxxxxx";
  if (text.size() != kForm.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool fits = kForm[i] == 'x'   ? is_lower_hex(c)
                      : kForm[i] == 'v' ? c == '8' || c == '9' || c == 'a' || c == 'b'
                                        : c == kForm[i];
    if (!fits) return false;
  }
  return true;
}

bool is_endpoint_name(std::string_view name) {
  return !name.empty() && name.size() <= 63 && is_name_end(name.front()) &&
         is_name_end(name.back()) && std::all_of(name.begin(), name.end(), is_name_inside);
}

bool is_pin(std::string_view text) {
  constexpr std::string_view kPrefix = "sha256/";
  if (text == "system") return true;
  if (!text.starts_with(kPrefix)) return false;
  const auto hash = from_base64(text.substr(kPrefix.size()));
  return hash && hash->size() == 32;
}

}  // namespace edge
