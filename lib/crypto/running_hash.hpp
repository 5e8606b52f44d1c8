// SHA-256 of what comes piece by piece, which can be looked at on the way.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "crypto/hash.hpp"

namespace edge::crypto {

// Thread rule: one thread at a time.
class RunningHash {
 public:
  RunningHash();
  ~RunningHash();
  RunningHash(const RunningHash&) = delete;

  void add(std::string_view bytes);
  void add_zeros(std::uint64_t count);  // of a hole in a file
  // Of all so far; more may follow.
  Hash value() const;
  std::uint64_t size() const noexcept { return size_; }
  void start_anew();

 private:
  struct State;
  std::unique_ptr<State> state_;
  std::uint64_t size_ = 0;
};

}  // namespace edge::crypto
