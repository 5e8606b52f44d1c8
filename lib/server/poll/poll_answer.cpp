// The answers of a connection: sent at once, held back, or finished by a coroutine when the socket
// is full.
#include <array>

#include "net/deadline.hpp"
#include "server/poll/poll_connection.hpp"
#include "server/poll/poll_port.hpp"

namespace edge::server {
namespace {

constexpr int kRefusals = 50;  // in a row: nobody comes right after so many

}  // namespace

void PollConnection::respond(net::Response response, milliseconds held_back) {
  // A proxy's connection carries the refusals of many.
  refusals_ = response.status == 401 && !origin_.is_proxy ? refusals_ + 1 : 0;
  keep_ = keep_ && response.keep_alive && refusals_ < kRefusals && !parts_.draining;
  response.keep_alive = keep_;
  auto bytes = net::print_response(response);
  if (held_back.count() == 0) return send(std::move(bytes), keep_);
  state_ = State::refusing;
  refusal_ = std::move(bytes);
  due_at(from_now(held_back));
}

// At once, if the socket takes it, as it does: an answer is small.
void PollConnection::send(std::string bytes, bool keep) {
  const auto done = stream_.try_write(net::asio::buffer(bytes));
  const bool blocked = done.error == net::asio::error::would_block;
  if (done.error && !blocked) return end();
  if (!blocked && done.size == bytes.size()) return sent(keep);
  state_ = State::busy;
  due_ = SteadyTime::max();
  bytes.erase(0, done.size);
  spawn("poll.answer", finish_sending(std::move(bytes), keep));
}

void PollConnection::sent(bool keep) {
  if (!keep) {
    stream_.say_goodbye();
    return end();
  }
  state_ = State::idle;
  due_ = on_a_tick(from_now(limits().idle));
  if (armed_ && armed_until_ <= due_) return;
  // Who was held is held again in a moment, as a rule: the timer is set for that one's end already.
  const bool was_held = told_.hold.count() > 0;
  arm(was_held ? std::min(due_, on_a_tick(from_now(told_.hold))) : due_);
}

net::Task<> PollConnection::finish_sending(std::string rest, bool keep) {
  net::Deadline bound(stream_.executor(), limits().body_deadline, [this] { end(); });
  const auto failed = co_await stream_.write(net::asio::buffer(rest));
  if (state_ == State::closed) co_return;
  if (failed) {
    end();
    co_return;
  }
  sent(keep);
  go_on();
}

// Lets a peer that is still sending read why it was refused: a socket closed with unread bytes
// resets, and the answer would be lost. Bounded in bytes and time.
net::Task<> PollConnection::linger() {
  constexpr std::size_t kMostDiscarded = 1024 * 1024;
  net::Deadline bound(stream_.executor(), milliseconds{1000}, [this] { stream_.close(); });
  co_await stream_.shutdown_write();
  std::array<char, 4096> waste;
  for (std::size_t discarded = 0; discarded < kMostDiscarded;) {
    const auto read = co_await stream_.read_some(net::asio::buffer(waste));
    if (read.error) co_return;
    discarded += read.size;
  }
}

}  // namespace edge::server
