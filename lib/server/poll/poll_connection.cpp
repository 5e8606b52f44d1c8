#include "server/poll/poll_connection.hpp"

#include <array>

#include "base/log.hpp"
#include "net/deadline.hpp"
#include "server/poll/hold_bell.hpp"
#include "server/poll/poll_port.hpp"
#include "server/poll/poll_requests.hpp"
#include "wire/plain_get.hpp"

namespace edge::server {
namespace {

constexpr int kRefusals = 50;           // in a row: nobody comes right after so many
constexpr milliseconds kIdle{120'000};  // of a known agent, between two requests
constexpr std::size_t kMostPending = 16 * 1024;
constexpr milliseconds kLongestAnswer{60'000};

std::uint64_t next_connection() {
  static std::atomic<std::uint64_t> last{0};
  return ++last;
}

SteadyTime in(milliseconds time) {
  return std::chrono::steady_clock::now() + time;
}

}  // namespace

PollConnection::PollConnection(PollPort& port, Parts& parts, net::TlsStream stream, Origin origin,
                               SourceSlot source, ConnectionSlot slot)
    : port_(port),
      parts_(parts),
      stream_(std::move(stream)),
      timer_(port.executor()),
      origin_(std::move(origin)),
      address_(origin_.address),
      id_(next_connection()),
      source_(std::move(source)),
      slot_(std::move(slot)) {}

PollConnection::~PollConnection() = default;

void PollConnection::start() {
  parts_.sources.add_stranger(source_.source(), shared_from_this());
  sent(/*keep=*/true);
  go_on();
}

void PollConnection::make_room() {
  net::asio::post(port_.executor(), [self = shared_from_this()] {
    if (!self->known_) self->end();
  });
}

void PollConnection::now_known() {
  if (!std::exchange(known_, true)) parts_.sources.remove_stranger(source_.source(), this);
}

void PollConnection::end() {
  if (state_ == State::closed) return;
  state_ = State::closed;
  const auto self = shared_from_this();
  stream_.close();
  timer_.cancel();
  if (bell_) bell_->forget();
  if (!known_) parts_.sources.remove_stranger(source_.source(), this);
  if (visit_) parts_.registry.leave(*visit_);
  port_.forget(*this);
}

net::HttpLimits PollConnection::limits() const {
  net::HttpLimits limits;
  limits.head_deadline = parts_.config.header_deadline;
  const bool trusted = known_ || origin_.is_proxy;
  limits.body = trusted ? PollRequests::kBodyLimit : PollRequests::kStrangerBody;
  limits.idle = trusted ? kIdle : parts_.config.header_deadline;
  if (!trusted) limits.body_deadline = parts_.config.header_deadline;
  return limits;
}

// Plain check-ins are answered one after the other, a few in a row; then others have their turn.
void PollConnection::go_on() {
  constexpr int kInARow = 8;
  for (int turn = 0; state_ == State::idle && turn < kInARow; ++turn) {
    std::string_view bytes;
    const auto earlier = std::exchange(pending_, {});
    if (!earlier.empty()) {
      bytes = earlier;
    } else {
      if (listening_) return;
      // A request has just been answered: the next one is not there yet, as a rule.
      if (turn > 0 && !stream_.has_pending()) return listen();
      const auto buffer = port_.buffer();
      const auto read = stream_.try_read(buffer);
      if (read.error == net::asio::error::would_block) return listen();
      if (read.error) return end();
      bytes = {static_cast<const char*>(buffer.data()), read.size};
    }
    read_at_ = std::chrono::steady_clock::now();
    const auto get = wire::parse_plain_get(bytes);
    if (get && get->target == PollRequests::kCheckIn) {
      CheckIn request{get->authorization, get->prefer, {}, get->keep_alive};
      if (!get->forwarded_for.empty()) request.forwarded_for = {get->forwarded_for};
      check_in(request);
    } else {
      state_ = State::busy;
      due_ = SteadyTime::max();
      port_.spawn("poll.request", serve(shared_from_this(), std::string(bytes)));
      return;
    }
  }
  if ((state_ == State::held || state_ == State::refusing) && !listening_) return listen();
  if (state_ == State::idle)
    net::asio::post(port_.executor(), [self = shared_from_this()] { self->go_on(); });
}

void PollConnection::listen() {
  listening_ = true;
  stream_.socket().async_wait(net::Socket::wait_read,
                              [self = shared_from_this()](net::error_code error) {
                                self->listening_ = false;
                                if (!error) self->readable();
                              });
}

void PollConnection::readable() {
  if (state_ == State::idle) return go_on();
  if (state_ == State::held || state_ == State::refusing) look_while_held();
}

// The peer has gone, or it sends its next request without having waited for this one's answer.
void PollConnection::look_while_held() {
  const auto buffer = port_.buffer();
  const auto read = stream_.try_read(buffer);
  if (read.error == net::asio::error::would_block) return listen();
  if (read.error || pending_.size() + read.size > kMostPending) return end();
  pending_.append(static_cast<const char*>(buffer.data()), read.size);
}

net::Task<> PollConnection::serve(std::shared_ptr<PollConnection> self, std::string first) {
  const auto bounds = limits();
  net::HttpReader reader(stream_, std::move(first));
  auto request = co_await reader.request(bounds);
  if (state_ == State::closed) co_return;
  if (!request) {
    if (request.error().code == Errc::usage) {
      auto refusal = error_response(request.error());
      refusal.keep_alive = false;
      net::Deadline bound(stream_.executor(), bounds.body_deadline, [self] { self->end(); });
      co_await net::write_response(stream_, std::move(refusal));
      co_await linger();
    }
    end();
    co_return;
  }
  pending_ = reader.take_rest();
  read_at_ = std::chrono::steady_clock::now();
  const auto forwarded_for = net::find_headers(request->headers, "X-Forwarded-For");
  if (request->method == "GET" && request->target == PollRequests::kCheckIn) {
    state_ = State::idle;
    check_in({net::find_header(request->headers, "Authorization"),
              net::find_header(request->headers, "Prefer"), forwarded_for, request->keep_alive});
  } else {
    keep_ = request->keep_alive;
    comes_from(forwarded_for);
    net::Deadline bound(stream_.executor(), kLongestAnswer, [self] { self->end(); });
    PollRequests requests(parts_, address_, connection_);
    auto response = co_await requests.answer(std::move(*request));
    if (state_ == State::closed) co_return;
    if (requests.known()) now_known();
    respond(std::move(response));
  }
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

// One timer for all bounds. It is set anew only when it would fire too late: what was put off is
// noticed when it fires.
void PollConnection::due_at(SteadyTime time) {
  due_ = time;
  if (!armed_ || due_ < armed_until_) arm(due_);
}

void PollConnection::arm(SteadyTime until) {
  armed_ = until != SteadyTime::max();
  if (!armed_) return;
  armed_until_ = until;
  timer_.expires_at(until);
  timer_.async_wait([self = shared_from_this()](net::error_code error) {
    if (!error) self->time_is_up();
  });
}

void PollConnection::time_is_up() {
  if (state_ == State::closed) return;
  armed_ = false;
  const auto now = std::chrono::steady_clock::now();
  if (now < due_) return arm(due_);
  switch (state_) {
    case State::idle:
      stream_.say_goodbye();
      return end();
    case State::held:
      settle(parts_.registry.look_again(*visit_, now >= hold_until_));
      return go_on();
    case State::refusing:
      send(std::exchange(refusal_, {}), keep_);
      return go_on();
    case State::busy:  // the coroutine has deadlines of its own
    case State::closed:
      return;
  }
}

void PollConnection::respond(net::Response response, milliseconds held_back) {
  // A proxy's connection carries the refusals of many.
  refusals_ = response.status == 401 && !origin_.is_proxy ? refusals_ + 1 : 0;
  keep_ = keep_ && response.keep_alive && refusals_ < kRefusals && !parts_.draining;
  response.keep_alive = keep_;
  auto bytes = net::print_response(response);
  if (held_back.count() == 0) return send(std::move(bytes), keep_);
  state_ = State::refusing;
  refusal_ = std::move(bytes);
  due_at(in(held_back));
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
  port_.spawn("poll.answer", finish_sending(shared_from_this(), std::move(bytes), keep));
}

void PollConnection::sent(bool keep) {
  if (!keep) {
    stream_.say_goodbye();
    return end();
  }
  state_ = State::idle;
  due_ = in(limits().idle);
  if (armed_ && armed_until_ <= due_) return;
  // Who was held is held again in a moment, as a rule: the timer is set for that one's end already.
  const bool was_held = told_.hold.count() > 0;
  arm(was_held ? std::min(due_, on_a_tick(in(told_.hold))) : due_);
}

net::Task<> PollConnection::finish_sending(std::shared_ptr<PollConnection> self, std::string rest,
                                           bool keep) {
  net::Deadline bound(stream_.executor(), limits().body_deadline, [self] { self->end(); });
  const auto failed = co_await stream_.write(net::asio::buffer(rest));
  if (state_ == State::closed) co_return;
  if (failed) {
    end();
    co_return;
  }
  sent(keep);
  go_on();
}

}  // namespace edge::server
