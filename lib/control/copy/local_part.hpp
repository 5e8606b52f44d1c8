// A .NAME.part here from its opening to its rename. Blocks as long as its disk does.
#pragma once

#include <sys/stat.h>

#include <memory>
#include <optional>
#include <string>

#include "base/descriptor.hpp"
#include "base/error.hpp"

namespace edge::control {

// A place for a file: a name in an open folder. Through the folder nothing leads elsewhere,
// whatever links lie in it.
struct LocalTarget {
  int folder = -1;  // its owner keeps it open
  std::string name;
  std::optional<struct stat> existing;
};

// What is there already. A link is not followed: it will be replaced.
Result<LocalTarget> look_at_target(int folder, std::string name);

class LocalPart {
 public:
  explicit LocalPart(LocalTarget target);

  // Opens what an earlier run left, if it is a file of ours that nobody writes: its size. 0: none.
  Result<std::uint64_t> open_again();
  Result<void> open_new(mode_t mode);  // an earlier one is removed, unless another copy writes it

  Result<void> write(std::uint64_t at, const char* bytes, std::size_t size);
  Result<void> read(std::uint64_t at, char* to, std::size_t size) const;

  struct Seal {
    std::uint64_t size = 0;  // for a hole at its end
    std::optional<mode_t> mode;
    std::optional<std::pair<timespec, timespec>> times;  // accessed, modified
  };
  Result<void> finish(const Seal& seal);
  void abandon(bool keep);

 private:
  LocalTarget target_;
  std::string part_;
  Descriptor file_;
};

}  // namespace edge::control
