// Output that has to be kept until its command has ended, or all have: a little of it in memory,
// more in a temporary file without a name, which is gone with this process however it ends.
// Thread rule: one thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace edge::control {

// The file that many spools share, in blocks that are used again.
class SpoolFile {
 public:
  static constexpr std::size_t kBlock = 64 * 1024;

  // Made when the first block is needed, in that folder.
  explicit SpoolFile(std::string folder) : folder_(std::move(folder)) {}
  SpoolFile(const SpoolFile&) = delete;
  ~SpoolFile();

  // The number of a block that holds these bytes now. REQUIRES: kBlock bytes
  Result<std::uint32_t> write(std::string_view block);
  Result<void> read(std::uint32_t block, char* into) const;
  void free(std::uint32_t block) { free_.push_back(block); }
  std::size_t blocks() const noexcept { return blocks_; }  // in use or used once

 private:
  Error broken(const char* step, int error) const;
  const std::string folder_;
  int descriptor_ = -1;
  std::uint32_t blocks_ = 0;
  std::vector<std::uint32_t> free_;
};

// One stream of one command.
class Spool {
 public:
  explicit Spool(SpoolFile& file) : file_(&file) {}
  Spool(Spool&& other) noexcept;
  Spool& operator=(Spool&&) = delete;
  ~Spool();

  Result<void> append(std::string_view bytes);  // Errc::unavailable: the disk is full
  std::uint64_t size() const noexcept;
  // The bytes in their order, in pieces of a block and what is left.
  std::size_t pieces() const noexcept { return blocks_.size() + (tail_.empty() ? 0 : 1); }
  Result<std::string> piece(std::size_t number) const;
  // Nothing is added any more: what is more than a little goes to the file, too.
  void settle();

 private:
  SpoolFile* file_;
  std::vector<std::uint32_t> blocks_;
  std::string tail_;         // less than a block
  std::size_t settled_ = 0;  // bytes of the last block that count; 0: all of them
};

}  // namespace edge::control
