// One running agent for each state folder: two would be a clone of each other. The kernel drops the
// lock when the process ends, however it ends, and tells others who has it.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>

#include "base/descriptor.hpp"
#include "base/error.hpp"

namespace edge::agent {

class RunLock {
 public:
  // Never waits. Errc::conflict: another process runs with this folder, and which.
  static Result<RunLock> take(const std::filesystem::path& folder);
  // The process that has it; nothing: no agent runs with this folder.
  static std::optional<pid_t> holder(const std::filesystem::path& folder);

 private:
  explicit RunLock(Descriptor file) : file_(std::move(file)) {}
  // A lock of the process (fcntl), not of the open file: the programs that it starts do not have
  // it. It is gone as soon as any descriptor of the file is closed, so nobody else here opens it.
  Descriptor file_;
};

}  // namespace edge::agent
