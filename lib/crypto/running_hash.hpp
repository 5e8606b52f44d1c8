// SHA-256 of a file's content that comes piece by piece and can be looked at on the way. Zeros cost
// nothing: a hole of gigabytes is a number.
//
// It is made of three things: the SHA-256 of the blocks of 4,096 bytes (counted from the start, the
// last one may be shorter) that are not zero throughout, one after the other; the SHA-256 of where
// each run of whole blocks that are zero begins and how long it is; and how many bytes there are.
// Numbers are 8 bytes, big-endian. So it says all of the content, does not depend on where a file
// system has its holes, and is not what sha256sum prints.
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
