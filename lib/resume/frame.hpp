// How a lasting stream lies on its carrier: frames of a kind, a length and a payload, printed and
// parsed. docs/tunnel-protocol.md, section 4, is the contract. Pure.
//
//   +------+----------------+---------+
//   | kind | length, 24 bit | payload |
//   +------+----------------+---------+
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace edge::resume {

enum class FrameKind : std::uint8_t {
  bytes = 0,  // of the stream
  ack = 1,    // 8 bytes: how much of the stream has been taken, its end included
  end = 2,    // nothing: no more bytes come. It counts as one
  bye = 3,    // words: the sender is done with the stream for good
  hello = 4,  // the four of a resumption, lib/resume/proof.hpp
  welcome = 5,
  proof = 6,
  refused = 7,  // words: why not
};

inline constexpr std::size_t kFrameHead = 4;
inline constexpr std::size_t kMostFrameBytes = 128 * 1024;  // payload of `bytes`
inline constexpr std::size_t kMostWords = 256;

struct Frame {
  FrameKind kind = FrameKind::bytes;
  std::string_view payload;  // valid until the next call
};

void print_head(char* to, FrameKind kind, std::size_t size);  // kFrameHead bytes
std::string print_frame(FrameKind kind, std::string_view payload);
std::string print_count(std::uint64_t count);             // 8 bytes, big-endian
std::uint64_t parse_count(std::string_view eight_bytes);  // REQUIRES: eight

// Takes frames off a stream of bytes, however that is cut into pieces. Payloads of `bytes` come in
// pieces as they arrive; all others whole. What is no frame breaks it for good: a kind that is
// none, a length that the kind does not have.
class FrameReader {
 public:
  // The next one of `input`, whose front is taken; nothing: more is needed, or it is broken.
  std::optional<Frame> next(std::string_view& input);
  bool broken() const noexcept { return broken_; }

 private:
  bool read_head(std::string_view& input);

  std::string head_, payload_;
  FrameKind kind_ = FrameKind::bytes;
  std::size_t left_ = 0;
  bool in_frame_ = false, broken_ = false;
};

}  // namespace edge::resume
