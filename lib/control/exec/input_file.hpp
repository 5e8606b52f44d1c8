// What each of many far commands gets on its stdin: a file that each reads from its start. A pipe
// is read once, into a file without a name. Thread rule: one thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/error.hpp"

namespace edge::control {

class InputFile {
 public:
  // "-": what comes on our own stdin, until its end.
  static Result<std::shared_ptr<InputFile>> open(const std::string& path,
                                                 const std::string& spool_folder);
  ~InputFile();
  InputFile(const InputFile&) = delete;

  // The bytes at that place; none: the end.
  Result<std::string> read(std::uint64_t at, std::size_t most) const;

 private:
  InputFile(std::string path, int descriptor) : path_(std::move(path)), descriptor_(descriptor) {}
  const std::string path_;
  const int descriptor_;
};

}  // namespace edge::control
