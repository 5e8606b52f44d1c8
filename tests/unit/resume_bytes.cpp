#include <doctest/doctest.h>

#include <algorithm>
#include <random>

#include "resume/arrived_bytes.hpp"
#include "resume/frame.hpp"
#include "resume/sent_bytes.hpp"

namespace edge::resume::test {
namespace {

// What the frames of one turn carry.
struct Sent {
  std::string bytes;
  bool end = false;
};
Sent send_all(SentBytes& sent) {
  Sent all;
  FrameReader reader;
  for (auto next = sent.next(); !next.frame.empty(); next = sent.next()) {
    std::string_view input = next.frame;
    while (const auto frame = reader.next(input)) {
      all.bytes += frame->payload;
      all.end = all.end || frame->kind == FrameKind::end;
    }
  }
  REQUIRE_FALSE(reader.broken());
  return all;
}

std::string text_of(std::size_t size) {
  std::string text(size, '\0');
  for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>(i * 7 + i / 251);
  return text;
}

TEST_CASE("what was sent is sent again from wherever the other end is") {
  const auto text = text_of(300'000);
  for (const std::size_t from : {0, 1, 5, 511, 512, 100'000, 131'072, 299'999, 300'000}) {
    CAPTURE(from);
    SentBytes sent;
    for (std::size_t at = 0; at < text.size();) {  // writes of all sizes
      const auto size = std::min<std::size_t>(text.size() - at, at % 9'000 + 1);
      sent.append(std::string_view(text).substr(at, size));
      at += size;
      if (at % 3 == 0) send_all(sent);
    }
    sent.end();
    send_all(sent);
    REQUIRE(sent.can_rewind(from));
    sent.rewind(from);
    const auto again = send_all(sent);
    CHECK((again.bytes == text.substr(from)));
    CHECK(again.end);
    CHECK(send_all(sent).bytes.empty());
  }
}

TEST_CASE("an end that did not arrive is sent again, and one that did is not") {
  SentBytes sent;
  sent.append("x");
  sent.end();
  send_all(sent);
  sent.rewind(1);
  CHECK(send_all(sent).end);
  sent.rewind(2);
  CHECK_FALSE(send_all(sent).end);
  CHECK_FALSE(sent.all_taken());
  REQUIRE(sent.taken(2));
  CHECK(sent.all_taken());
}

TEST_CASE("nothing is sent again that the other end has acknowledged, nor taken back") {
  SentBytes sent;
  sent.append(text_of(100));
  send_all(sent);
  REQUIRE(sent.taken(60));
  CHECK_FALSE(sent.can_rewind(59));
  CHECK(sent.can_rewind(60));
  CHECK(sent.can_rewind(100));
  CHECK_FALSE(sent.can_rewind(101));
  CHECK_FALSE(sent.taken(59));
  CHECK_FALSE(sent.taken(101));
}

TEST_CASE("who has not sent a thing cannot be told that it arrived") {
  SentBytes sent;
  sent.append("waiting");
  CHECK_FALSE(sent.taken(1));
  CHECK_FALSE(sent.can_rewind(1));
}

TEST_CASE("a frame that is being sent keeps its memory, whatever the other end says meanwhile") {
  SentBytes sent;
  const auto text = text_of(kMostFrameBytes);
  sent.append(text);
  const auto sending = sent.next();
  REQUIRE(sent.taken(text.size()));  // before it can have arrived: a lie, or very quick
  for (int i = 0; i < 4; ++i) sent.append(std::string(kMostFrameBytes, 'x'));
  CHECK(sending.frame.substr(kFrameHead) == text);
}

TEST_CASE("the window is full until the other end has taken something") {
  SentBytes sent;
  CHECK(sent.room() == kWindow);
  sent.append(std::string(kWindow, 'x'));
  CHECK(sent.room() == 0);
  send_all(sent);
  sent.rewind(kWindow);  // it has them all, but its reader has not
  CHECK(sent.room() == 0);
  REQUIRE(sent.taken(1000));
  CHECK(sent.room() == 1000);
}

TEST_CASE("bytes that come twice are read once") {
  ArrivedBytes arrived;
  REQUIRE(arrived.append(0, "hello "));
  REQUIRE(arrived.append(3, "lo wor"));
  REQUIRE(arrived.append(0, "hello"));
  REQUIRE(arrived.append(9, "ld"));
  REQUIRE(arrived.end(11));
  REQUIRE(arrived.end(11));
  REQUIRE(arrived.append(2, "llo"));
  CHECK(arrived.received() == 12);
  char text[32];
  CHECK(std::string(text, arrived.read(text, sizeof text)) == "hello world");
}

TEST_CASE("a gap, more than the window and bytes behind the end are refused") {
  ArrivedBytes arrived;
  CHECK_FALSE(arrived.append(1, "x"));
  CHECK_FALSE(arrived.end(1));
  REQUIRE(arrived.append(0, std::string(kWindow, 'x')));
  CHECK_FALSE(arrived.append(kWindow, "x"));
  std::string text(kWindow, '\0');
  REQUIRE(arrived.read(text.data(), text.size()) == kWindow);
  REQUIRE(arrived.end(kWindow));
  CHECK_FALSE(arrived.append(kWindow, "x"));
  CHECK_FALSE(arrived.end(kWindow + 1));
}

TEST_CASE("an acknowledgement is due for much, for many, for the end and on a new carrier") {
  char text[4096];
  ArrivedBytes much;
  REQUIRE(much.append(0, std::string(kWindow / 16, 'x')));
  CHECK_FALSE(much.ack_is_due());  // not read yet
  while (!much.is_empty()) much.read(text, sizeof text);
  CHECK(much.ack_is_due());
  CHECK(much.ack() == kWindow / 16);
  CHECK_FALSE(much.ack_is_due());
  much.tell_anew();
  CHECK(much.ack_is_due());
  CHECK(much.ack() == kWindow / 16);

  ArrivedBytes many;
  for (std::uint64_t i = 0; i < 300; ++i) {
    REQUIRE(many.append(i, "x"));
    many.read(text, sizeof text);
  }
  CHECK(many.ack_is_due());

  ArrivedBytes few;
  REQUIRE(few.append(0, "x"));
  few.read(text, sizeof text);
  CHECK_FALSE(few.ack_is_due());
  REQUIRE(few.end(1));
  CHECK_FALSE(few.ack_is_due());
  few.read_end();
  CHECK(few.ack_is_due());
  CHECK(few.ack() == 2);
}

// Both ends of one direction against each other: any writes, any loss, any reads.
TEST_CASE("whatever is lost in between, the reader reads what the writer wrote") {
  for (unsigned seed = 1; seed <= 40; ++seed) {
    CAPTURE(seed);
    std::mt19937 random(seed);
    auto any = [&random](std::size_t most) { return std::size_t{random() % (most + 1)}; };
    const auto text = text_of(200'000 + any(3'000'000));
    SentBytes sent;
    ArrivedBytes arrived;
    std::string got;
    std::size_t written = 0;
    std::uint64_t position = 0;
    std::string buffer(300'000, '\0');
    bool ended = false;
    for (int turn = 0; !ended; ++turn) {
      REQUIRE(turn < 200'000);
      const auto size = std::min<std::size_t>(
          {sent.room(), any(any(4) == 0 ? 200'000 : 40), text.size() - written});
      sent.append(std::string_view(text).substr(written, size));
      written += size;
      if (written == text.size() && !sent.has_ended()) sent.end();
      if (const auto next = sent.next(); !next.frame.empty()) {
        const auto payload = next.frame.substr(kFrameHead);
        if (any(9) == 0) {  // cut in the middle of it
          REQUIRE(arrived.append(position, payload.substr(0, any(payload.size()))));
          REQUIRE(sent.can_rewind(arrived.received()));
          position = arrived.received();
          sent.rewind(position);
          arrived.tell_anew();
        } else if (payload.empty()) {
          REQUIRE(arrived.end(position++));
        } else {
          REQUIRE(arrived.append(position, payload));
          position += payload.size();
        }
      }
      got.append(buffer.data(), arrived.read(buffer.data(), any(buffer.size())));
      if (arrived.is_empty() && arrived.has_ended()) arrived.read_end();
      if (arrived.ack_is_due() && any(2) == 0) REQUIRE(sent.taken(arrived.ack()));
      ended = sent.all_taken();
    }
    CHECK((got == text));
  }
}

}  // namespace
}  // namespace edge::resume::test
