// An operator's session to the far side, brought back by itself: when its carrier is gone, because
// the tunnel was cut or edged was restarted, edged is asked for another one until the limit that it
// set, and the session goes on where it was. What runs on it (our shell's SSH, or a stock client's)
// only sees that bytes come late.
// Thread rule: one loop. Ownership: its owner awaits end() before it lets go.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/error.hpp"
#include "control/session_request.hpp"
#include "net/task.hpp"
#include "resume/lasting_stream.hpp"
#include "resume/proof.hpp"
#include "ssh/key.hpp"

namespace edge::control {

class SessionLink {
 public:
  struct Order {
    std::string socket;
    std::string endpoint, endpoint_id;  // its name may change while the session is away
    std::string instance;               // empty: any
    std::optional<milliseconds> wait;
    std::optional<milliseconds> idle;  // after which edgectl will end it; for edged's list
    std::string login_key;             // empty: the session's own key logs in
  };
  // What its operator is told. `left`: until it is given up.
  struct Pause {
    bool is_paused = false;
    bool edged_is_away = false;  // not the far side
    std::string why;             // in edged's words; may be empty
    milliseconds left{0}, lasted{0};
  };
  using OnPause = std::function<void(const Pause&)>;

  // The errors are edged's own.
  static net::Task<Result<std::unique_ptr<SessionLink>>> open(Order order, ssh::Key key);
  SessionLink(const SessionLink&) = delete;

  const OpenedSession& session() const noexcept { return opened_; }
  const ssh::Key& key() const noexcept { return key_; }
  std::shared_ptr<resume::LastingStream> stream() const { return stream_; }
  unsigned resumes() const noexcept { return resumes_; }

  // Begins to carry bytes, after session() was looked at. `on_pause` is called when it has been
  // paused for a moment, each second then, and when it goes on.
  void start(OnPause on_pause);
  // Says goodbye, which hangs the far side up, and waits for its own tasks.
  net::Task<> end();
  // Why it is over although nobody said goodbye; nothing: it is not.
  std::optional<Error> failure() const;

 private:
  SessionLink(net::asio::any_io_executor executor, Order order, ssh::Key key, OpenedSession opened);
  net::Task<> keep(OnPause on_pause);
  net::Task<> tell(OnPause on_pause, SteadyTime since);
  net::Task<Result<resume::LastingStream::Counts>> come_back(SteadyTime until);

  const Order order_;
  const ssh::Key key_;
  OpenedSession opened_;
  const resume::Keys keys_;
  std::shared_ptr<resume::LastingStream> stream_;
  net::TaskGroup tasks_;
  unsigned resumes_ = 0;
  bool edged_is_away_ = false;
  std::string why_paused_;
  std::optional<Error> failure_;
};

}  // namespace edge::control
