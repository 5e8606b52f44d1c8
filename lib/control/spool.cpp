#include "control/spool.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace edge::control {
namespace {

// A file that never had a name, or had one for a moment where the file system cannot do that.
int open_nameless(const std::string& folder) {
  const int descriptor = ::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (descriptor >= 0 || (errno != EOPNOTSUPP && errno != EISDIR)) return descriptor;
  auto name = folder + "/edgectl.XXXXXX";
  const int named = ::mkostemp(name.data(), O_CLOEXEC);
  if (named >= 0) ::unlink(name.c_str());
  return named;
}

}  // namespace

SpoolFile::~SpoolFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

Error SpoolFile::broken(const char* step, int error) const {
  return fail(Errc::unavailable,
              std::string("cannot keep the output: ") + step + " a temporary file in " + folder_ +
                  ": " + std::strerror(error),
              "TMPDIR=FOLDER edgectl ..., or --log-dir");
}

Result<std::uint32_t> SpoolFile::write(std::string_view block) {
  if (descriptor_ < 0) descriptor_ = open_nameless(folder_);
  if (descriptor_ < 0) return broken("making", errno);
  const auto number = free_.empty() ? blocks_ : free_.back();
  auto at = static_cast<off_t>(number) * static_cast<off_t>(kBlock);
  while (!block.empty()) {
    const auto size = ::pwrite(descriptor_, block.data(), block.size(), at);
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return broken("writing", size < 0 ? errno : ENOSPC);
    block.remove_prefix(static_cast<std::size_t>(size));
    at += size;
  }
  if (free_.empty()) {
    ++blocks_;
  } else {
    free_.pop_back();
  }
  return number;
}

Result<void> SpoolFile::read(std::uint32_t block, char* into) const {
  auto at = static_cast<off_t>(block) * static_cast<off_t>(kBlock);
  for (std::size_t got = 0; got < kBlock;) {
    const auto size = ::pread(descriptor_, into + got, kBlock - got, at);
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return broken("reading", size < 0 ? errno : EIO);
    got += static_cast<std::size_t>(size);
    at += size;
  }
  return {};
}

Spool::Spool(Spool&& other) noexcept
    : file_(other.file_),
      blocks_(std::exchange(other.blocks_, {})),
      tail_(std::exchange(other.tail_, {})) {}

Spool::~Spool() {
  for (const auto number : blocks_) file_->free(number);
}

Result<void> Spool::append(std::string_view bytes) {
  while (tail_.size() + bytes.size() >= SpoolFile::kBlock) {
    const auto part = SpoolFile::kBlock - tail_.size();
    tail_.append(bytes.substr(0, part));
    bytes.remove_prefix(part);
    auto block = file_->write(tail_);
    if (!block) {
      tail_.resize(tail_.size() - part);
      return block.error();
    }
    blocks_.push_back(*block);
    tail_ = std::string();
  }
  tail_.append(bytes);
  return {};
}

}  // namespace edge::control
