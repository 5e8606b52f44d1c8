// A secret: wiped when it dies, compared in constant time, and never printed (there is no
// operator<<, and log::field() does not take one).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace edge {

// Overwrites memory in a way that the compiler may not drop.
void wipe(void* memory, std::size_t size) noexcept;

// True when both are equal; takes the same time wherever they differ. Lengths are not secret.
bool equal_in_constant_time(std::string_view left, std::string_view right) noexcept;

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string_view bytes) : bytes_(bytes.begin(), bytes.end()) {}
  Secret(const Secret&) = default;
  Secret(Secret&& other) noexcept : bytes_(std::move(other.bytes_)) { other.bytes_.clear(); }
  Secret& operator=(const Secret& other);
  Secret& operator=(Secret&& other) noexcept;
  ~Secret() { wipe(bytes_.data(), bytes_.size()); }

  // The bytes themselves: name the reason where you call it. The view dies with the secret.
  std::string_view reveal() const noexcept { return {bytes_.data(), bytes_.size()}; }
  bool empty() const noexcept { return bytes_.empty(); }
  friend bool operator==(const Secret& left, const Secret& right) noexcept {
    return equal_in_constant_time(left.reveal(), right.reveal());
  }

 private:
  std::vector<char>
      bytes_;  // not std::string: its small buffer would be copied by moves and left behind
};

}  // namespace edge
