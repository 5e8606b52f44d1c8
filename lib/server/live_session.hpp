// A live session: the stream that carries it counts here, and the registry lists it.
#pragma once

#include <atomic>
#include <boost/asio/any_io_executor.hpp>
#include <functional>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "base/ids.hpp"
#include "base/time.hpp"
#include "server/operator.hpp"

namespace edge::server {

// How a tunnel comes: to the tunnel port, or inside of the poll port's TLS.
enum class TunnelWay { direct, poll_port };
inline const char* to_string(TunnelWay way) {
  return way == TunnelWay::direct ? "direct" : "poll-port";
}

// A point in time, or none: set on one thread, read on any.
class SharedTime {
 public:
  void set(const std::optional<SteadyTime>& time) {
    ticks_ = time ? time->time_since_epoch().count() : kNone;
  }
  std::optional<SteadyTime> get() const {
    const auto ticks = ticks_.load();
    if (ticks == kNone) return std::nullopt;
    return SteadyTime(SteadyTime::duration(ticks));
  }

 private:
  static constexpr auto kNone = std::numeric_limits<SteadyTime::rep>::min();
  std::atomic<SteadyTime::rep> ticks_{kNone};
};

// What ends a session, wherever it lives. Thread rule: ask() and asked() on any thread, under any
// lock; the rest on the session's loop.
class SessionEnd {
 public:
  // `end` closes both sides. It runs on the executor, at once where somebody has asked already. A
  // session that moves to another loop sets it anew.
  void on_ask(boost::asio::any_io_executor executor, std::function<void()> end);
  void forget();  // nothing is there to be ended any more, or not for now
  void ask();
  bool asked() const;

 private:
  void post() const;

  mutable std::mutex mutex_;
  boost::asio::any_io_executor executor_;
  std::shared_ptr<std::function<void()>> end_;  // emptied by forget(), also for who was posted
  bool asked_ = false;
};

struct LiveSession {
  SessionId id;
  EndpointId endpoint;
  InstanceId instance;
  TunnelId tunnel;  // where it is; changes under the registry's lock only (move_session)
  TunnelWay way = TunnelWay::direct;
  std::string operator_name;
  OperatorLogin login;
  WallTime since{};
  std::atomic<std::uint64_t> bytes_in{0}, bytes_out{0};  // in: from the node
  SharedTime last_input;                                 // bytes from the operator
  std::atomic<std::uint32_t> resumes{0};
  std::string key;  // its own: who comes back for it has it
  // What carries it now. A newer relay takes the place of an older one, so there may be two: what
  // the end of one means only the last one says.
  std::atomic<int> relays{0};
  std::atomic<int> waiting{0};                   // requests of its operator, who wants it to go on
  std::atomic<unsigned> visits{0};               // how often he has come back for it
  SharedTime paused_since;                       // none: it is live
  SharedTime given_up_at;                        // of a paused one, if it does not go on before
  std::atomic<milliseconds::rep> idle_limit{0};  // without input it ends after this; 0: never
  SessionEnd end;

  bool is_expected() const { return relays > 0 || waiting > 0; }

  // So many bytes went each way so far.
  void count(std::uint64_t in, std::uint64_t out, SteadyTime now) {
    bytes_in = in;
    if (bytes_out.exchange(out) != out) last_input.set(now);
  }
};

// That its operator wants it to go on, from his request until it is carried or refused.
class Awaited {
 public:
  Awaited() = default;
  explicit Awaited(std::shared_ptr<LiveSession> session) : session_(std::move(session)) {
    ++session_->waiting;
  }
  Awaited(Awaited&&) = default;
  Awaited& operator=(Awaited&& other) noexcept {
    std::swap(session_, other.session_);
    return *this;
  }
  ~Awaited() {
    if (session_) --session_->waiting;
  }

 private:
  std::shared_ptr<LiveSession> session_;
};

}  // namespace edge::server
