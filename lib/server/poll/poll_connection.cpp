#include "server/poll/poll_connection.hpp"

#include "base/log.hpp"
#include "net/deadline.hpp"
#include "server/poll/hold_bell.hpp"
#include "server/poll/poll_port.hpp"
#include "server/poll/poll_requests.hpp"
#include "wire/plain_get.hpp"

namespace edge::server {
namespace {

constexpr milliseconds kIdle{120'000};      // of a known peer, between two requests
constexpr milliseconds kBeyondPace{5'000};  // for the way there and back
constexpr std::size_t kMostPending = 16 * 1024;
constexpr milliseconds kLongestAnswer{60'000};

std::uint64_t next_connection() {
  static std::atomic<std::uint64_t> last{0};
  return ++last;
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
  step(&PollConnection::begin);
}

void PollConnection::begin() {
  parts_.sources.add_stranger(source_.source(), shared_from_this(), parts_.clock.steady());
  sent(/*keep=*/true);
  go_on();
}

void PollConnection::step(void (PollConnection::*what)()) {
  const auto self = shared_from_this();
  try {
    (this->*what)();
  } catch (const std::exception& error) {
    failed(error);
  }
}

void PollConnection::spawn(std::string name, net::Task<> work) {
  port_.spawn(std::move(name), guard(shared_from_this(), std::move(work)));
}

net::Task<> PollConnection::guard(std::shared_ptr<PollConnection> self, net::Task<> work) {
  auto running = std::move(work);
  try {
    co_await std::move(running);
  } catch (const std::exception& error) {
    self->failed(error);
  }
}

void PollConnection::failed(const std::exception& error) {
  log::error("poll.connection-failed", {{"address", address_}, {"reason", error.what()}});
  end();
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
  // An agent asks again within its interval, or at once. One that does not has lost this connection
  // without a word, and has another one already: two for each would be too many.
  if (known_ && !origin_.is_proxy && told_.interval.count() > 0)
    limits.idle = std::min(kIdle, 2 * told_.interval + kBeyondPace);
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
      if (listening_ && !stream_.has_pending()) return;
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
      spawn("poll.request", serve(std::string(bytes)));
      return;
    }
  }
  if (state_ == State::held || state_ == State::refusing) return listen();
  if (state_ == State::idle)
    net::asio::post(port_.executor(),
                    [self = shared_from_this()] { self->step(&PollConnection::go_on); });
}

void PollConnection::listen() {
  if (std::exchange(listening_, true)) return;
  stream_.socket().async_wait(net::Socket::wait_read,
                              [self = shared_from_this()](net::error_code error) {
                                self->listening_ = false;
                                if (!error) self->step(&PollConnection::readable);
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

net::Task<> PollConnection::serve(std::string first) {
  const auto bounds = limits();
  net::HttpReader reader(stream_, std::move(first));
  auto request = co_await reader.request(bounds);
  if (state_ == State::closed) co_return;
  if (!request) {
    if (request.error().code == Errc::usage) {
      auto refusal = error_response(request.error());
      refusal.keep_alive = false;
      net::Deadline bound(stream_.executor(), bounds.body_deadline, [this] { end(); });
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
    co_await answer(std::move(*request));
    if (state_ == State::closed) co_return;
  }
  go_on();
}

net::Task<> PollConnection::answer(net::Request request) {
  net::Deadline bound(stream_.executor(), kLongestAnswer, [this] { end(); });
  PollRequests requests(parts_, address_, connection_, port_.on_tunnel() != nullptr);
  auto response = co_await requests.answer(std::move(request));
  if (state_ == State::closed) co_return;
  if (requests.known()) now_known();
  if (response.status != 101) {
    respond(std::move(response));
    co_return;
  }
  const auto failed = co_await net::write_response(stream_, std::move(response));
  if (failed) end();
  if (state_ == State::closed) co_return;
  become_tunnel();
}

// From here on the stream is SSH, and this connection is over.
void PollConnection::become_tunnel() {
  const auto self = shared_from_this();
  state_ = State::closed;
  timer_.cancel();
  if (bell_) bell_->forget();
  if (visit_) parts_.registry.leave(*visit_);
  port_.forget(*this);
  port_.on_tunnel()(std::move(stream_), std::exchange(pending_, {}), address_, std::move(source_),
                    std::move(slot_));
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
    if (!error) self->step(&PollConnection::time_is_up);
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

}  // namespace edge::server
