// SHA-256 as a value, for what is looked up by its hash thousands of times a second.
#pragma once

#include <array>
#include <cstring>
#include <string_view>

namespace edge::crypto {

using Hash = std::array<unsigned char, 32>;

// Any thread; allocates nothing after a thread's first call.
Hash hash_of(std::string_view bytes);

struct HashOfHash {  // for unordered containers: every part of a hash is as good as another
  std::size_t operator()(const Hash& hash) const noexcept {
    std::size_t part = 0;
    std::memcpy(&part, hash.data(), sizeof part);
    return part;
  }
};

}  // namespace edge::crypto
