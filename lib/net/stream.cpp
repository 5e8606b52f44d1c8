#include "net/stream.hpp"

#include <vector>

namespace edge::net {
namespace {
// Small for a terminal, larger when reads fill it.
constexpr std::size_t kFirst = 8 * 1024, kMost = 128 * 1024;
}  // namespace

Task<> copy(Stream& from, Stream& to, std::uint64_t& bytes, std::function<void()> on_bytes) {
  std::vector<char> buffer(kFirst);
  for (;;) {
    auto [error, size] = co_await from.read_some(asio::buffer(buffer));
    if (error) break;
    bytes += size;
    if (on_bytes) on_bytes();
    if (co_await to.write(asio::buffer(buffer.data(), size))) {
      from.close();  // nobody takes it any more: the sender must learn
      co_return;
    }
    if (size == buffer.size() && size < kMost) buffer.resize(4 * size);
  }
  co_await to.shutdown_write();
}

}  // namespace edge::net
