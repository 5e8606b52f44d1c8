#include "net/pump.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <vector>

namespace edge::net {
namespace {

// Small for a terminal, larger when reads fill it.
constexpr std::size_t kFirst = 8 * 1024, kMost = 128 * 1024;

struct Direction {
  std::function<void(std::size_t)> count;
  std::function<Task<bool>(std::size_t)> may_pass;
  std::function<std::size_t()> piece;
};

std::size_t room_of(const Direction& direction, std::size_t size) {
  return direction.may_pass && direction.piece ? std::min(size, direction.piece()) : size;
}

// Bulk goes straight from where it arrived to the kernel, as long as that takes it: no copy, and no
// waking up. The rest comes by reading; while that is being written nothing may overtake it.
Stream::Taker straight_to(const std::shared_ptr<SocketStream>& near,
                          const std::shared_ptr<bool>& is_busy,
                          std::function<void(std::size_t)> count) {
  return [weak = std::weak_ptr(near), is_busy,
          count = std::move(count)](asio::const_buffer bytes) -> std::size_t {
    const auto owner = weak.lock();
    if (!owner || *is_busy || !owner->socket().is_open()) return 0;
    const auto sent = ::send(owner->socket().native_handle(), bytes.data(), bytes.size(),
                             MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent <= 0) return 0;
    if (count) count(static_cast<std::size_t>(sent));
    return static_cast<std::size_t>(sent);
  };
}

Task<> carry(std::shared_ptr<Stream> from, std::shared_ptr<Stream> to, Direction direction,
             std::shared_ptr<bool> is_busy) {
  std::vector<char> buffer(kFirst);
  for (;;) {
    const auto room = asio::buffer(buffer.data(), room_of(direction, buffer.size()));
    const auto read = co_await from->read_some(room);
    if (read.error) break;
    bool may_pass = true;
    if (direction.may_pass) {
      may_pass = co_await direction.may_pass(read.size);
    }
    const auto bytes = asio::buffer(buffer.data(), read.size);
    error_code failed = asio::error::operation_aborted;
    if (may_pass) {
      *is_busy = true;
      failed = co_await to->write(bytes);
      *is_busy = false;
    }
    if (failed) {
      from->close();  // nobody takes it any more: the sender must learn
      co_return;
    }
    if (direction.count) direction.count(read.size);
    if (read.size == buffer.size() && read.size < kMost) buffer.resize(4 * read.size);
  }
  co_await to->shutdown_write();
}

// A socket that is only read from would not notice that the far side has closed the stream.
Task<> watch_close(std::shared_ptr<SocketStream> near, std::shared_ptr<Stream> far) {
  co_await far->closed();
  const auto state = co_await asio::this_coro::cancellation_state;
  if (state.cancelled() != asio::cancellation_type::none) co_return;  // both have ended
  error_code ignored;
  near->socket().shutdown(Socket::shutdown_receive, ignored);
  const bool late = co_await sleep(kLastBytes);
  if (late) near->close();
}

}  // namespace

Task<> pump(Socket socket, std::shared_ptr<Stream> far, PumpHooks hooks) {
  const auto executor = socket.get_executor();
  auto near = std::make_shared<SocketStream>(std::move(socket));
  TaskGroup directions(executor), watch(executor);
  Direction sent{hooks.on_sent, hooks.may_send, hooks.piece};
  Direction received{hooks.on_received, hooks.may_receive, hooks.piece};
  const auto writing_far = std::make_shared<bool>(false);
  const auto writing_near = std::make_shared<bool>(false);
  if (!received.may_pass) far->offer_to(straight_to(near, writing_near, received.count));
  directions.spawn("pump.sent", carry(near, far, std::move(sent), writing_far));
  directions.spawn("pump.received", carry(far, near, std::move(received), writing_near));
  watch.spawn("pump.watch", watch_close(near, far));
  co_await directions.join();
  far->offer_to({});
  far->close();
  near->close();
  watch.cancel();
  co_await watch.join();
}

}  // namespace edge::net
