// Text forms of bytes: hex, base64 (RFC 4648 sections 4 and 5), percent-encoding. Decoders refuse
// anything non-canonical.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace edge {

std::string to_hex(std::string_view bytes);                        // lower case
std::optional<std::string> from_hex(std::string_view text);        // lower case only, even length
std::string to_base64(std::string_view bytes);                     // with padding
std::optional<std::string> from_base64(std::string_view text);     // padding required
std::string to_base64url(std::string_view bytes);                  // no padding
std::optional<std::string> from_base64url(std::string_view text);  // no padding accepted
// Of a URL (RFC 3986 section 2.1); no zero bytes.
std::optional<std::string> percent_decoded(std::string_view text);

}  // namespace edge
