// Names of many endpoints that are made at once.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace edge {

// "shop" and 17 are "shop-00017". Five digits at least, whatever the count, so that asking for more
// later gives the first ones the same names. Check it with is_endpoint_name().
std::string numbered_name(std::string_view prefix, std::uint64_t number);

}  // namespace edge
