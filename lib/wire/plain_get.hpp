// The head of a GET, taken apart without a copy: what a check-in looks like thousands of times a
// second (RFC 9112). It knows the plain form only. Anything else (a body, an upgrade, a field
// twice, an unfinished or an odd head) is nothing, and the caller reads it with the whole parser:
// what both accept they understand alike. Pure.
#pragma once

#include <optional>
#include <string_view>

namespace edge::wire {

struct PlainGet {  // views into the bytes
  std::string_view target;
  std::string_view authorization, prefer, forwarded_for;  // "" when absent
  bool keep_alive = true;
};

// REQUIRES nothing of the bytes; they must be one whole head and no byte more to be known.
std::optional<PlainGet> parse_plain_get(std::string_view bytes);

}  // namespace edge::wire
