#include <zlib.h>

#include "printing.hpp"
#include "server/gzip.hpp"

namespace edge::server {
namespace {

std::string gzip(const std::string& text, int window = 16 + MAX_WBITS) {
  z_stream stream{};
  REQUIRE(deflateInit2(&stream, 9, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string out(deflateBound(&stream, static_cast<uLong>(text.size())) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

}  // namespace

TEST_CASE("what was packed comes out") {
  for (const auto& text : {std::string(), std::string("{}"), std::string(100'000, 'x')}) {
    const auto out = inflate(gzip(text), 100'000);
    REQUIRE(out);
    CHECK(*out == text);
  }
}

TEST_CASE("a small body that becomes a large one is stopped at the limit") {
  const auto bomb = gzip(std::string(64 * 1024 * 1024, '\0'));
  CHECK(bomb.size() < 100'000);
  const auto out = inflate(bomb, 1024 * 1024);
  REQUIRE_FALSE(out);
  CHECK(out.error().code == Errc::usage);
}

TEST_CASE("the limit counts to the byte") {
  const auto packed = gzip(std::string(50'000, 'x'));
  CHECK(inflate(packed, 50'000));
  CHECK_FALSE(inflate(packed, 49'999));
}

TEST_CASE("what is no whole gzip body is refused") {
  auto broken = gzip("hello, hello, hello");
  broken[broken.size() - 6] ^= 1;  // the checksum
  const std::string bodies[] = {"",
                                "{}",
                                std::string(100, '\x1f'),
                                gzip("hello").substr(0, 12),
                                broken,
                                gzip("hello", MAX_WBITS)};
  for (const auto& body : bodies) {
    const auto out = inflate(body, 1'000);
    REQUIRE_FALSE(out);
    CHECK(out.error().code == Errc::usage);
  }
}

}  // namespace edge::server
