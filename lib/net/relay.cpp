#include "net/relay.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>

#include "net/notify.hpp"
#include "net/send_pace.hpp"

namespace edge::net {
namespace {

// A session's buffer begins small, as most need no more, and grows when a read fills it.
constexpr std::size_t kFirst = 8 * 1024, kMost = 128 * 1024;
constexpr RelayTimes kBridgeTimes{milliseconds{1'000}, milliseconds{15'000}};
// Of the socket pair of a bridge: what lies in it cannot be overtaken either.
constexpr int kPairBuffer = 64 * 1024;

class Buffer {
 public:
  asio::mutable_buffer space() { return asio::buffer(bytes_.get(), size_); }
  asio::const_buffer filled(std::size_t size) const { return asio::buffer(bytes_.get(), size); }
  // After a read's bytes went on.
  void passed_on(std::size_t size) {
    if (size < size_ || size_ == kMost) return;
    size_ = std::min(kMost, 4 * size_);
    bytes_ = std::make_unique<char[]>(size_);
  }

 private:
  std::size_t size_ = kFirst;
  std::unique_ptr<char[]> bytes_ = std::make_unique<char[]>(kFirst);
};

// What the parts of one relay share; each part owns it for as long as it runs.
struct State {
  State(std::shared_ptr<Stream> the_near, Socket* the_socket, std::shared_ptr<Stream> the_far,
        RelayHooks the_hooks)
      : near(std::move(the_near)),
        socket(the_socket),
        far(std::move(the_far)),
        hooks(std::move(the_hooks)),
        bell(std::make_shared<Notify>(near->executor())) {}
  std::shared_ptr<Stream> near;
  Socket* socket;  // of near
  std::shared_ptr<Stream> far;
  RelayHooks hooks;
  RelayCounts counts;
  std::shared_ptr<Notify> bell;
  bool to_far_ended = false, to_near_ended = false;
  bool near_gone = false, far_gone = false;
  bool half_closed = false;  // by the near side
  bool writing_near = false;
  bool over = false;
};

bool is_on(const std::shared_ptr<RateLimit>& limit) {
  return limit && limit->is_on();
}

// What a limit lets pass at once, and never so little that it cannot be told from something small.
asio::mutable_buffer space_within(const std::shared_ptr<RateLimit>& limit, Buffer& buffer) {
  if (!is_on(limit)) return buffer.space();
  return asio::buffer(buffer.space(), std::max(limit->piece(), TokenBucket::kSmall + 1));
}

// In pieces, each when its time has come. What is small, and all that there was to read, was typed,
// or answers that: it goes ahead.
Task<error_code> write_within(std::shared_ptr<RateLimit> limit, Stream& to,
                              asio::const_buffer bytes) {
  if (limit->take_small(bytes.size())) {
    const auto failed = co_await to.write(bytes);
    co_return failed;
  }
  while (bytes.size() > 0) {
    const auto piece = asio::buffer(bytes, limit->piece());
    const bool go_on = co_await limit->take(piece.size());
    if (!go_on) co_return asio::error::operation_aborted;
    const auto failed = co_await to.write(piece);
    if (failed) co_return failed;
    bytes += piece.size();
  }
  co_return error_code{};
}

Task<error_code> pass_on(const std::shared_ptr<RateLimit>& limit, Stream& to,
                         asio::const_buffer bytes) {
  return is_on(limit) ? write_within(limit, to, bytes) : to.write(bytes);
}

// poll(2), POLLHUP: a Unix socket's peer has closed it wholly.
bool is_hung_up(Socket& socket) {
  pollfd about{socket.native_handle(), 0, 0};
  return ::poll(&about, 1, 0) == 1 && (about.revents & (POLLHUP | POLLERR)) != 0;
}

// After a half-close nobody reads, so somebody must watch. (Not before: while a wait for errors is
// pending asio asks epoll before each read.)
Task<> watch_half_closed(std::shared_ptr<State> state) {
  state->near_gone = is_hung_up(*state->socket);
  if (!state->near_gone) {
    auto [error] = co_await state->socket->async_wait(Socket::wait_error, as_values);
    state->near_gone = !error && !state->over;
  }
  if (state->near_gone) state->bell->ring();
}

Task<> to_far(std::shared_ptr<State> state) {
  Buffer buffer;
  for (;;) {
    std::size_t piece = kMost;
    if (state->hooks.may_send) piece = co_await state->hooks.may_send();
    const auto space = asio::buffer(space_within(state->hooks.limit_to_far, buffer), piece);
    auto [error, size] = co_await state->near->read_some(space);
    if (error == asio::error::eof) {
      co_await state->far->shutdown_write();
      state->half_closed = true;
      break;
    }
    if (error) {
      state->near_gone = true;
      break;
    }
    state->counts.from_near += size;
    if (state->hooks.on_bytes) state->hooks.on_bytes(state->counts);
    // What the far side has sent before it stopped to read is still on its way to us.
    const auto failed =
        co_await pass_on(state->hooks.limit_to_far, *state->far, buffer.filled(size));
    if (failed) break;
    buffer.passed_on(size);
  }
  state->to_far_ended = true;
  state->bell->ring();
  if (state->half_closed && !state->over) co_await watch_half_closed(state);
}

// Bulk goes straight from where it arrived to the kernel, as long as that takes it: no copy, and no
// waking up. The rest comes by reading; while that is being written nothing may overtake it.
Stream::Taker straight_to_near(const std::shared_ptr<State>& state) {
  return [weak = std::weak_ptr(state)](asio::const_buffer bytes) -> std::size_t {
    const auto owner = weak.lock();
    if (!owner || owner->over || owner->writing_near || !owner->socket->is_open()) return 0;
    if (is_on(owner->hooks.limit_to_near)) return 0;
    const auto sent = ::send(owner->socket->native_handle(), bytes.data(), bytes.size(),
                             MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent <= 0) return 0;
    owner->counts.from_far += static_cast<std::size_t>(sent);
    if (owner->hooks.on_bytes) owner->hooks.on_bytes(owner->counts);
    return static_cast<std::size_t>(sent);
  };
}

Task<> to_near(std::shared_ptr<State> state) {
  Buffer buffer;
  bool far_ended = false;
  state->far->offer_to(straight_to_near(state));
  for (;;) {
    const auto space = space_within(state->hooks.limit_to_near, buffer);
    auto [error, size] = co_await state->far->read_some(space);
    if (error == asio::error::eof) {
      co_await state->near->shutdown_write();
      far_ended = true;
      break;
    }
    if (error) {
      state->far_gone = true;
      break;
    }
    state->counts.from_far += size;
    if (state->hooks.on_bytes) state->hooks.on_bytes(state->counts);
    state->writing_near = true;
    const auto failed =
        co_await pass_on(state->hooks.limit_to_near, *state->near, buffer.filled(size));
    state->writing_near = false;
    if (failed) {
      state->near_gone = true;
      break;
    }
    buffer.passed_on(size);
  }
  state->to_near_ended = true;
  state->bell->ring();
  if (!far_ended || state->over) co_return;
  // An end of what it says, or of all of it? Nobody may write any more then.
  const bool is_closed = co_await state->far->closed();
  if (!is_closed || state->over) co_return;
  state->far_gone = true;
  state->bell->ring();
}

}  // namespace

Task<RelayEnd> relay(std::shared_ptr<Stream> near, Socket& socket, std::shared_ptr<Stream> far,
                     RelayHooks hooks, RelayTimes times) {
  auto state = std::make_shared<State>(std::move(near), &socket, std::move(far), std::move(hooks));
  auto& now = *state;
  TaskGroup parts(now.near->executor());
  parts.spawn("relay.to-far", to_far(state));
  parts.spawn("relay.to-near", to_near(state));
  while (!(now.to_far_ended && now.to_near_ended) && !now.near_gone && !now.far_gone) {
    const bool rung = co_await now.bell->wait(times.stuck_look);
    const auto cancelled = co_await asio::this_coro::cancellation_state;
    if (cancelled.cancelled() != asio::cancellation_type::none) break;
    // Who is stuck in a write to the far side does not read, and would not see the near one's end.
    if (!rung && !now.to_far_ended && is_hung_up(socket)) now.near_gone = true;
  }
  // Who has closed its end wants nothing any more, but what it has sent goes on to the far side.
  const auto until = std::chrono::steady_clock::now() + times.last_bytes;
  while (now.near_gone && !now.far_gone && !now.to_far_ended &&
         std::chrono::steady_clock::now() < until)
    co_await now.bell->wait(times.last_bytes);
  const RelayEnd end{now.near_gone, now.far_gone};
  now.over = true;
  now.far->offer_to({});
  now.near->close();
  now.far->close();
  parts.cancel();  // who waits for a limit waits for none of the two
  co_await parts.join();
  co_return end;
}

namespace {

// What a piece may have, when there is room for one.
Task<std::size_t> wait_for_room(std::shared_ptr<SendPace> pace) {
  auto room = pace->room();
  while (room == Room::none) {
    const bool go_on = co_await sleep(pace->next_look());
    if (!go_on) break;
    room = pace->room();
  }
  if (room == Room::little) co_return kLittlePiece;
  co_return room == Room::plenty ? kMost : kUsualPiece;
}

Task<> run_bridge(std::shared_ptr<SocketStream> near, std::shared_ptr<Stream> far, int pace_of) {
  RelayHooks hooks;
  if (pace_of >= 0) {
    hooks.may_send = [pace = std::make_shared<SendPace>(pace_of)] { return wait_for_room(pace); };
  }
  auto& socket = near->socket();
  co_await relay(near, socket, far, std::move(hooks), kBridgeTimes);
}

}  // namespace

Result<Bridge> bridge(std::shared_ptr<Stream> stream, int pace_of) {
  auto ends = socket_pair();
  if (!ends) return ends.error();
  for (const int end : {ends->first, ends->second}) {
    ::setsockopt(end, SOL_SOCKET, SO_SNDBUF, &kPairBuffer, sizeof kPairBuffer);
  }
  if (pace_of >= 0) keep_unsent_short(pace_of);
  auto near = std::make_shared<SocketStream>(adopt_socket(stream->executor(), ends->first));
  Bridge made;
  made.descriptor = ends->second;
  made.work = run_bridge(std::move(near), std::move(stream), pace_of);
  return made;
}

}  // namespace edge::net
