// How often the calling thread has allocated with operator new so far. Not under AddressSanitizer,
// whose own operator new finds more.
#pragma once

#include <cstdint>
#include <optional>

namespace edge::test {

std::optional<std::uint64_t> allocations() noexcept;

}  // namespace edge::test
