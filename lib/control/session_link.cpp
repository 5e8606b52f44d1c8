#include "control/session_link.hpp"

#include <algorithm>

#include "resume/handshake.hpp"

namespace edge::control {
namespace {

constexpr milliseconds kHandshake{10'000};
constexpr milliseconds kAgain{100};  // while edged is away: it is on this machine, asking is cheap
// A moment is not worth a line that comes and goes.
constexpr milliseconds kBeforeTelling{300}, kTellEvery{1'000};

milliseconds from_now(SteadyTime until) {
  return std::chrono::ceil<milliseconds>(until - std::chrono::steady_clock::now());
}

// No later attempt will have another answer.
bool is_final(Errc code) {
  return code == Errc::not_found || code == Errc::removed || code == Errc::not_allowed ||
         code == Errc::conflict || code == Errc::usage;
}

std::string public_bytes_of(const std::string& line) {
  const auto key = ssh::Key::from_public_line(line);
  return key ? key->public_bytes() : std::string();
}

}  // namespace

SessionLink::SessionLink(net::asio::any_io_executor executor, Order order, ssh::Key key,
                         OpenedSession opened)
    : order_(std::move(order)),
      key_(std::move(key)),
      opened_(std::move(opened)),
      keys_{opened_.session, key_.seed(), public_bytes_of(opened_.host_key)},
      stream_(std::make_shared<resume::LastingStream>(executor)),
      tasks_(executor) {}

net::Task<Result<std::unique_ptr<SessionLink>>> SessionLink::open(Order order, ssh::Key key) {
  const auto executor = co_await net::asio::this_coro::executor;
  SessionAsk ask;
  ask.endpoint = order.endpoint;
  ask.instance = order.instance;
  ask.wait = order.wait;
  ask.idle = order.idle;
  ask.session_key = key.public_line();
  ask.login_key = order.login_key;
  auto opened = co_await request_session(order.socket, std::move(ask));
  if (!opened) co_return opened.error();
  co_return std::unique_ptr<SessionLink>(
      new SessionLink(executor, std::move(order), std::move(key), std::move(*opened)));
}

void SessionLink::start(OnPause on_pause) {
  tasks_.spawn("session.keep", keep(std::move(on_pause)));
}

net::Task<> SessionLink::end() {
  co_await stream_->say_bye();
  tasks_.cancel();
  co_await tasks_.join();
}

std::optional<Error> SessionLink::failure() const {
  if (failure_) return failure_;
  if (!stream_->is_over() || stream_->reason().empty()) return std::nullopt;
  return fail(Errc::failure, stream_->reason());
}

net::Task<> SessionLink::keep(OnPause on_pause) {
  std::optional<resume::LastingStream::Counts> counts;
  for (;;) {
    co_await stream_->carry(opened_.carrier, counts);
    if (stream_->is_over()) co_return;
    const auto since = std::chrono::steady_clock::now();
    why_paused_.clear();
    edged_is_away_ = false;
    net::TaskGroup telling(stream_->executor());
    telling.spawn("session.tell", tell(on_pause, since));
    auto back = co_await come_back(since + opened_.resume_for);
    telling.cancel();
    co_await telling.join();
    if (stream_->is_over()) co_return;
    if (!back) {
      failure_ = back.error();
      stream_->give_up(back.error().message);
      co_return;
    }
    counts = *back;
    ++resumes_;
    if (on_pause) {
      Pause pause;
      pause.lasted =
          std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - since);
      on_pause(pause);
    }
  }
}

net::Task<> SessionLink::tell(OnPause on_pause, SteadyTime since) {
  auto wait = kBeforeTelling;
  for (;;) {
    const bool go_on = co_await net::sleep(wait);
    if (!go_on) co_return;
    wait = kTellEvery;
    Pause pause;
    pause.is_paused = true;
    pause.edged_is_away = edged_is_away_;
    pause.why = why_paused_;
    pause.left = std::max(from_now(since + opened_.resume_for), milliseconds{0});
    if (on_pause) on_pause(pause);
  }
}

net::Task<Result<resume::LastingStream::Counts>> SessionLink::come_back(SteadyTime until) {
  for (;;) {
    if (stream_->is_over()) co_return fail(Errc::unavailable, "its operator has gone");
    const auto left = from_now(until);
    if (left.count() <= 0) {
      co_return fail(Errc::timed_out, "the session was given up: the far side was away for " +
                                          format_duration(opened_.resume_for) +
                                          (why_paused_.empty() ? "" : " (" + why_paused_ + ")"));
    }
    SessionAsk ask;
    ask.endpoint = order_.endpoint_id.empty() ? order_.endpoint : order_.endpoint_id;
    ask.instance = opened_.instance;
    ask.wait = left;
    ask.idle = order_.idle;
    ask.session_key = key_.public_line();
    ask.login_key = order_.login_key;
    ask.resume = opened_.session;
    ask.resumes = resumes_ + 1;
    auto opened = co_await request_session(order_.socket, std::move(ask));
    Error error;
    if (opened) {
      auto resumed = co_await resume::resume_as_operator(opened->carrier, *stream_, keys_,
                                                         std::min(left, kHandshake));
      if (resumed) {
        opened_.carrier = resumed->carrier;
        co_return resumed->counts;
      }
      error = resumed.error();
    } else {
      error = opened.error();
    }
    if (is_final(error.code)) co_return error;
    edged_is_away_ = error.code == Errc::unreachable;
    why_paused_ = edged_is_away_ ? "" : error.message.substr(0, error.message.find('\n'));
    const bool go_on = co_await net::sleep(kAgain);
    if (!go_on) co_return fail(Errc::unavailable, "interrupted");
  }
}

}  // namespace edge::control
