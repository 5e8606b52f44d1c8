#include "server/gzip.hpp"

#include <zlib.h>

#include <array>

namespace edge::server {

Result<std::string> inflate(std::string_view gzip, std::size_t max_bytes) {
  z_stream stream{};
  constexpr int kGzipOnly = 16 + MAX_WBITS;
  if (inflateInit2(&stream, kGzipOnly) != Z_OK)
    return fail(Errc::unavailable, "no memory to inflate");
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(gzip.data()));
  stream.avail_in = static_cast<uInt>(gzip.size());
  std::string out;
  std::array<char, 16 * 1024> chunk;
  int rc = Z_OK;
  while (rc == Z_OK && out.size() <= max_bytes) {
    stream.next_out = reinterpret_cast<Bytef*>(chunk.data());
    stream.avail_out = static_cast<uInt>(chunk.size());
    rc = ::inflate(&stream, Z_NO_FLUSH);
    out.append(chunk.data(), chunk.size() - stream.avail_out);
  }
  inflateEnd(&stream);
  if (out.size() > max_bytes) return fail(Errc::usage, "the inflated body is over its limit");
  if (rc != Z_STREAM_END) return fail(Errc::usage, "not a whole gzip body");
  return out;
}

}  // namespace edge::server
