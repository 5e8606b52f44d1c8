#include "net/stream.hpp"

#include <array>
#include <memory>

namespace edge::net {
namespace {
constexpr std::size_t kChunk = 32 * 1024;  // libssh keeps what one write needs for ever: not more
}

Task<> copy(Stream& from, Stream& to, std::uint64_t& bytes, std::function<void()> on_bytes) {
  auto buffer = std::make_unique<std::array<char, kChunk>>();
  for (;;) {
    auto [error, size] = co_await from.read_some(asio::buffer(*buffer));
    if (error) break;
    bytes += size;
    if (on_bytes) on_bytes();
    if (co_await to.write(asio::buffer(buffer->data(), size))) {
      from.close();  // nobody takes it any more: the sender must learn
      co_return;
    }
  }
  co_await to.shutdown_write();
}

}  // namespace edge::net
