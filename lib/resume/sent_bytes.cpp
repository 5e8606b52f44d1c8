#include "resume/sent_bytes.hpp"

#include <algorithm>
#include <cstring>

#include "resume/arrived_bytes.hpp"
#include "resume/frame.hpp"

namespace edge::resume {
namespace {

// What is written before an earlier write was sent joins it: a block has room for that, little
// behind a keystroke and as much as a frame takes in a bulk.
constexpr std::size_t kSmallBlock = 512, kBulk = 8 * 1024;

// A page that is new to the process costs more than the copy into it.
constexpr std::size_t kSpare = 2;

std::size_t space_for(std::size_t bytes) {
  return bytes >= kBulk ? kMostFrameBytes : std::max(bytes, kSmallBlock);
}

}  // namespace

std::size_t SentBytes::room() const noexcept {
  const auto waiting = static_cast<std::size_t>(length_ - std::min(taken_, length_));
  return kWindow - std::min(kWindow, waiting);
}

void SentBytes::append(std::string_view bytes) {
  while (!bytes.empty()) {
    // What has been sent is a frame already: it takes no more.
    const bool joins = !blocks_.empty() && blocks_.back().first >= most_ &&
                       blocks_.back().size < blocks_.back().space;
    if (!joins) {
      Block block;
      block.first = length_;
      block.space = space_for(bytes.size());
      block.memory = memory_for(block.space);
      blocks_.push_back(std::move(block));
    }
    auto& block = blocks_.back();
    const auto size = std::min(bytes.size(), block.space - block.size);
    std::memcpy(block.memory.get() + kFrameHead + block.size, bytes.data(), size);
    block.size += size;
    length_ += size;
    bytes.remove_prefix(size);
  }
}

SentBytes::Outgoing SentBytes::next() {
  if (sent_ == length()) return {};
  if (sent_ == length_) {  // the end alone
    sent_ = most_ = length();
    auto memory = std::shared_ptr<char[]>(new char[kFrameHead]);
    print_head(memory.get(), FrameKind::end, 0);
    return {memory, {memory.get(), kFrameHead}};
  }
  const auto after = std::upper_bound(
      blocks_.begin(), blocks_.end(), sent_,
      [](std::uint64_t position, const Block& block) { return position < block.first; });
  const auto& block = *std::prev(after);
  // In the middle of a block: what is before has arrived, and its place takes the head.
  const auto skipped = static_cast<std::size_t>(sent_ - block.first);
  const auto size = block.size - skipped;
  char* const frame = block.memory.get() + skipped;
  print_head(frame, FrameKind::bytes, size);
  sent_ += size;
  most_ = std::max(most_, sent_);
  return {block.memory, {frame, kFrameHead + size}};
}

std::shared_ptr<char[]> SentBytes::memory_for(std::size_t space) {
  if (space < kMostFrameBytes || spare_.empty())
    return std::shared_ptr<char[]>(new char[kFrameHead + space]);
  auto memory = std::move(spare_.back());
  spare_.pop_back();
  return memory;
}

void SentBytes::free_until(std::uint64_t position) {
  freed_ = std::max(freed_, position);
  while (!blocks_.empty() && blocks_.front().first + blocks_.front().size <= freed_) {
    auto& block = blocks_.front();
    const bool again = block.space == kMostFrameBytes && spare_.size() < kSpare;
    if (again && block.memory.use_count() == 1) spare_.push_back(std::move(block.memory));
    blocks_.pop_front();
  }
}

bool SentBytes::taken(std::uint64_t count) {
  if (count < taken_ || count > most_) return false;
  taken_ = count;
  free_until(count);
  return true;
}

void SentBytes::rewind(std::uint64_t received) {
  sent_ = received;
  free_until(received);
}

}  // namespace edge::resume
