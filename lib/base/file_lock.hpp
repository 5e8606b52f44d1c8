// One process at a time where a file is read, changed and replaced whole: an exclusive flock on a
// file of its own, which stays (removing it would let two lock two files of one name). The kernel
// drops the lock when its holder ends, however it ends.
#pragma once

#include <filesystem>

#include "base/error.hpp"
#include "base/time.hpp"

namespace edge {

class FileLock {
 public:
  // Blocks the thread until nobody else has it, at most that long (Errc::unavailable). REQUIRES:
  // its folder exists.
  static Result<FileLock> take(const std::filesystem::path& file, milliseconds patience);

  FileLock(FileLock&& other) noexcept;
  FileLock& operator=(FileLock&&) = delete;
  ~FileLock();

 private:
  explicit FileLock(int descriptor) noexcept : descriptor_(descriptor) {}
  int descriptor_;
};

}  // namespace edge
