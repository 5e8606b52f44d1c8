// gzip, bounded on both sides: a small body must not become a large one.
#pragma once

#include <string>
#include <string_view>

#include "base/error.hpp"

namespace edge::server {

Result<std::string> inflate(std::string_view gzip, std::size_t max_bytes);

}  // namespace edge::server
