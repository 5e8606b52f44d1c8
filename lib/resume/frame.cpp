#include "resume/frame.hpp"

#include <algorithm>

#include "resume/proof.hpp"

namespace edge::resume {
namespace {

struct Bounds {
  std::size_t least, most;
};

std::optional<Bounds> bounds_of(std::uint8_t kind) {
  switch (static_cast<FrameKind>(kind)) {
    case FrameKind::bytes:
      return Bounds{1, kMostFrameBytes};
    case FrameKind::ack:
      return Bounds{8, 8};
    case FrameKind::end:
      return Bounds{0, 0};
    case FrameKind::bye:
    case FrameKind::refused:
      return Bounds{0, kMostWords};
    case FrameKind::hello:
      return Bounds{kHelloBytes, kHelloBytes};
    case FrameKind::welcome:
      return Bounds{kWelcomeBytes, kWelcomeBytes};
    case FrameKind::proof:
      return Bounds{kProofBytes, kProofBytes};
  }
  return std::nullopt;
}

std::size_t byte_at(std::string_view bytes, std::size_t index) {
  return static_cast<unsigned char>(bytes[index]);
}

std::string_view take(std::string_view& input, std::size_t most) {
  const auto taken = input.substr(0, most);
  input.remove_prefix(taken.size());
  return taken;
}

}  // namespace

void print_head(char* to, FrameKind kind, std::size_t size) {
  to[0] = static_cast<char>(kind);
  to[1] = static_cast<char>(size >> 16);
  to[2] = static_cast<char>(size >> 8);
  to[3] = static_cast<char>(size);
}

std::string print_frame(FrameKind kind, std::string_view payload) {
  std::string frame(kFrameHead, '\0');
  print_head(frame.data(), kind, payload.size());
  return frame.append(payload);
}

std::string print_count(std::uint64_t count) {
  std::string text(8, '\0');
  for (std::size_t i = 0; i < 8; ++i) text[i] = static_cast<char>(count >> (56 - 8 * i));
  return text;
}

std::uint64_t parse_count(std::string_view eight_bytes) {
  std::uint64_t count = 0;
  for (std::size_t i = 0; i < 8; ++i) count = count << 8 | byte_at(eight_bytes, i);
  return count;
}

bool FrameReader::read_head(std::string_view& input) {
  head_ += take(input, kFrameHead - head_.size());
  if (head_.size() < kFrameHead) return false;
  left_ = byte_at(head_, 1) << 16 | byte_at(head_, 2) << 8 | byte_at(head_, 3);
  const auto kind = static_cast<std::uint8_t>(head_[0]);
  const auto bounds = bounds_of(kind);
  head_.clear();
  if (!bounds || left_ < bounds->least || left_ > bounds->most) {
    broken_ = true;
    return false;
  }
  kind_ = static_cast<FrameKind>(kind);
  payload_.clear();
  in_frame_ = true;
  return true;
}

std::optional<Frame> FrameReader::next(std::string_view& input) {
  if (broken_ || (!in_frame_ && !read_head(input))) return std::nullopt;
  const auto piece = take(input, left_);
  left_ -= piece.size();
  if (left_ == 0) in_frame_ = false;
  if (kind_ == FrameKind::bytes) {
    if (piece.empty()) return std::nullopt;
    return Frame{kind_, piece};
  }
  payload_ += piece;
  if (left_ > 0) return std::nullopt;
  return Frame{kind_, payload_};
}

}  // namespace edge::resume
