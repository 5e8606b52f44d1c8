// A regular file here that is read to be copied. Blocks as long as its disk does.
#pragma once

#include <sys/stat.h>

#include <optional>
#include <string>

#include "base/descriptor.hpp"
#include "base/error.hpp"
#include "crypto/running_hash.hpp"
#include "net/task.hpp"
#include "wire/sums.hpp"

namespace edge::control {

// errno's words about a path; the code that belongs to it.
Error local_error(const std::string& what, int error);

class LocalSource {
 public:
  // Below the folder that is open as `folder` (AT_FDCWD: a path). Errors are errno's words alone.
  static Result<LocalSource> open(int folder, const std::string& name, bool follow_link);

  std::uint64_t size() const { return static_cast<std::uint64_t>(about_.st_size); }
  const struct stat& about() const { return about_; }

  // The next stretch with data, not before `at`; nothing: only a hole follows, if anything.
  std::optional<wire::DataRange> next_data(std::uint64_t at) const;
  // All of it, or an error: the file became shorter, the disk is broken.
  Result<void> read(std::uint64_t at, char* to, std::size_t size) const;
  // Adds what is between, holes included; lets others run meanwhile.
  net::Task<Result<void>> hash(crypto::RunningHash& hash, std::uint64_t to) const;

  // An error when it is another one than it was when it was opened. A file that only grew is not.
  Result<void> is_unchanged() const;

 private:
  LocalSource(Descriptor file, const struct stat& about) : file_(std::move(file)), about_(about) {}
  Descriptor file_;
  struct stat about_;
};

// A hole's zeros; lets others run meanwhile.
net::Task<> hash_hole(crypto::RunningHash& hash, std::uint64_t size);

}  // namespace edge::control
