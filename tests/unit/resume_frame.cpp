#include <doctest/doctest.h>

#include <vector>

#include "resume/frame.hpp"
#include "resume/proof.hpp"

namespace edge::resume::test {
namespace {

struct Whole {
  FrameKind kind;
  std::string payload;
  bool operator==(const Whole&) const = default;
};

// Bytes that come in pieces are one frame again.
std::vector<Whole> read_in_pieces(const std::string& text, std::size_t piece, bool& broken) {
  FrameReader reader;
  std::vector<Whole> frames;
  for (std::size_t at = 0; at < text.size(); at += piece) {
    std::string_view input = std::string_view(text).substr(at, piece);
    while (const auto frame = reader.next(input)) {
      const bool goes_on = frame->kind == FrameKind::bytes && !frames.empty() &&
                           frames.back().kind == FrameKind::bytes;
      if (goes_on) {
        frames.back().payload += frame->payload;
      } else {
        frames.push_back({frame->kind, std::string(frame->payload)});
      }
    }
  }
  broken = reader.broken();
  return frames;
}

TEST_CASE("frames are the same however the stream is cut into pieces") {
  const std::vector<Whole> sent{{FrameKind::bytes, std::string(70'000, 'x')},
                                {FrameKind::ack, print_count(0x0102030405060708)},
                                {FrameKind::end, ""},
                                {FrameKind::bye, "killed"},
                                {FrameKind::hello, std::string(kHelloBytes, 'h')},
                                {FrameKind::welcome, std::string(kWelcomeBytes, 'w')},
                                {FrameKind::proof, std::string(kProofBytes, 'p')},
                                {FrameKind::refused, ""}};
  std::string text;
  for (const auto& frame : sent) text += print_frame(frame.kind, frame.payload);
  for (const std::size_t piece : {std::size_t{1}, std::size_t{3}, std::size_t{1000}, text.size()}) {
    CAPTURE(piece);
    bool broken = true;
    CHECK((read_in_pieces(text, piece, broken) == sent));
    CHECK_FALSE(broken);
  }
  CHECK(parse_count(print_count(0x0102030405060708)) == 0x0102030405060708);
}

TEST_CASE("what is no frame breaks the reader for good") {
  struct Row {
    const char* name;
    std::string text;
  };
  const std::vector<Row> rows{
      {"a kind that is none", print_frame(static_cast<FrameKind>(8), "x")},
      {"no bytes", print_frame(FrameKind::bytes, "")},
      {"more bytes than a frame takes", std::string("\x00\x02\x00\x01", 4)},
      {"the longest length", std::string("\x00\xff\xff\xff", 4)},
      {"a short count", print_frame(FrameKind::ack, "1234567")},
      {"a long count", print_frame(FrameKind::ack, "123456789")},
      {"an end with something in it", print_frame(FrameKind::end, "x")},
      {"many words", print_frame(FrameKind::bye, std::string(kMostWords + 1, 'x'))},
      {"a short hello", print_frame(FrameKind::hello, "x")},
      {"SSH", "SSH-2.0-libssh\r\n"}};
  for (const auto& row : rows) {
    CAPTURE(row.name);
    bool broken = false;
    const auto frames = read_in_pieces(row.text + print_frame(FrameKind::end, ""), 1, broken);
    CHECK(broken);
    CHECK(frames.empty());
  }
}

}  // namespace
}  // namespace edge::resume::test
