// X-Forwarded-For: whom an HTTP proxy speaks for. Pure. Anybody can send the header, and proxies
// append to what they were sent, so it is read from its end and only as far as those who wrote it
// are trusted.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/address_set.hpp"

namespace edge::wire {

inline constexpr std::size_t kMaxForwardedHops = 16;

// The address that the request came from. `peer` when it is not trusted, or nothing useful was
// sent; else the first from the end of the list that is not trusted. An entry that is no address
// ends the walk at the last good one, so does the bound on hops.
// REQUIRES: every X-Forwarded-For line of the request in its order: HAProxy adds a line of its own
// below the one that the client made up.
std::string forwarded_source(std::string_view peer, const std::vector<std::string_view>& lines,
                             const AddressSet& trusted);

}  // namespace edge::wire
