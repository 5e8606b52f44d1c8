#include "control/exec/spool.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "control/exec/nameless_file.hpp"

namespace edge::control {
namespace {

constexpr std::size_t kALittle = 1024;

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
      tail_(std::exchange(other.tail_, {})),
      settled_(other.settled_) {}

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

std::uint64_t Spool::size() const noexcept {
  const auto unused = settled_ == 0 ? 0 : SpoolFile::kBlock - settled_;
  return blocks_.size() * SpoolFile::kBlock - unused + tail_.size();
}

Result<std::string> Spool::piece(std::size_t number) const {
  if (number == blocks_.size()) return tail_;
  std::string block(SpoolFile::kBlock, '\0');
  if (auto got = file_->read(blocks_[number], block.data()); !got) return got.error();
  if (settled_ > 0 && number + 1 == blocks_.size()) block.resize(settled_);
  return block;
}

void Spool::settle() {
  if (tail_.size() <= kALittle) return;
  const auto size = tail_.size();
  tail_.resize(SpoolFile::kBlock);
  if (const auto block = file_->write(tail_)) {
    blocks_.push_back(*block);
    settled_ = size;
    tail_ = std::string();
  } else {
    tail_.resize(size);  // the disk is full: then in memory
  }
}

}  // namespace edge::control
