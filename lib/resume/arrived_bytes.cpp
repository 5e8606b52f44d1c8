#include "resume/arrived_bytes.hpp"

#include <algorithm>
#include <cstring>

namespace edge::resume {
namespace {

constexpr std::uint64_t kAckBytes = kWindow / 16;
constexpr unsigned kAckPieces = 256;
// A buffer that a bulk has made larger is given back when it is empty.
constexpr std::size_t kKept = 256 * 1024;

}  // namespace

bool ArrivedBytes::append(std::uint64_t position, std::string_view bytes, char* to,
                          std::size_t most, std::size_t& taken) {
  taken = 0;
  const auto known = received_ - (ended_ ? 1 : 0);
  if (position > known) return false;
  const auto again = std::min<std::uint64_t>(known - position, bytes.size());
  bytes.remove_prefix(static_cast<std::size_t>(again));
  if (bytes.empty()) return true;
  if (!ended_ && is_empty() && most > 0) {
    taken = std::min(most, bytes.size());
    std::memcpy(to, bytes.data(), taken);
    received_ += taken;
    taken_ += taken;
    ++pieces_;
    bytes.remove_prefix(taken);
    if (bytes.empty()) return true;
  }
  if (ended_ || waiting_.size() - front_ + bytes.size() > kWindow) return false;
  if (front_ > waiting_.size() / 2) {
    waiting_.erase(0, front_);
    front_ = 0;
  }
  waiting_ += bytes;
  received_ += bytes.size();
  ++pieces_;
  return true;
}

bool ArrivedBytes::end(std::uint64_t position) {
  if (ended_) return position + 1 == received_;
  if (position != received_) return false;
  ended_ = true;
  ++received_;
  return true;
}

std::size_t ArrivedBytes::read(char* to, std::size_t most) {
  const auto size = std::min(most, waiting_.size() - front_);
  std::memcpy(to, waiting_.data() + front_, size);
  front_ += size;
  taken_ += size;
  if (front_ == waiting_.size()) {
    front_ = 0;
    waiting_.clear();
    if (waiting_.capacity() > kKept) waiting_ = {};
  }
  return size;
}

void ArrivedBytes::read_end() noexcept {
  taken_ = received_;
}

bool ArrivedBytes::ack_is_due() const noexcept {
  if (taken_ == acked_) return told_anew_ && acked_ > 0;
  const bool has_read_end = ended_ && taken_ == received_;
  return told_anew_ || has_read_end || taken_ - acked_ >= kAckBytes || pieces_ >= kAckPieces;
}

std::uint64_t ArrivedBytes::ack() {
  told_anew_ = false;
  pieces_ = 0;
  acked_ = taken_;
  return acked_;
}

}  // namespace edge::resume
