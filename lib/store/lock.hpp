// One edged per state folder: an exclusive flock on FOLDER/lock, held as long as the object lives.
// The kernel drops it when the process dies, however it dies, so there are no stale locks.
#pragma once

#include <filesystem>
#include <memory>

#include "base/error.hpp"

namespace edge::store {

class FolderLock {
 public:
  // Never waits. Errc::conflict: another process has it (its pid is named when the file tells);
  // Errc::failure: the folder is missing or cannot be written.
  static Result<std::unique_ptr<FolderLock>> take(const std::filesystem::path& folder);

  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;
  ~FolderLock();

 private:
  explicit FolderLock(int file) : file_(file) {}

  int file_;
};

}  // namespace edge::store
