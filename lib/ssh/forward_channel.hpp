// Streams of a session connection that are no shells: to where the operator wants to be, from who
// connected to a listener, to the operator's ssh-agent. Private to lib/ssh.
#pragma once

#include <functional>
#include <memory>
#include <utility>

#include "base/error.hpp"
#include "ssh/channel.hpp"
#include "ssh/forward_request.hpp"
#include "ssh/message.hpp"
#include "ssh/session.hpp"

namespace edge::ssh {

// Of one session connection: asked for, opening, open, or closed by us only.
inline constexpr std::size_t kMostForwards = 256;

using ForwardCount = std::shared_ptr<std::size_t>;  // the connection's, and its streams'

// One of them; gives its place back when it goes.
class ForwardPlace {
 public:
  // Nothing when all are taken.
  static std::unique_ptr<ForwardPlace> take(const ForwardCount& count, const Session& session);
  ~ForwardPlace() { --*count_; }
  ForwardPlace(const ForwardPlace&) = delete;

 private:
  explicit ForwardPlace(ForwardCount count) : count_(std::move(count)) { ++*count_; }
  ForwardCount count_;
};

// Null when there is no place.
std::unique_ptr<ForwardRequest> take_forward(std::shared_ptr<Session> session, ForwardCount count,
                                             Message message);
std::unique_ptr<ListenRequest> take_listen(std::shared_ptr<Session> session, Message message);

// Opens a channel towards the operator; `open` is libssh's call for its kind. It may take for as
// long as the session lives: an operator's ssh that is stopped answers when it goes on, and a
// channel that is still opening cannot be given up without leaking the peer's.
net::Task<Result<std::unique_ptr<net::Stream>>> open_towards_operator(
    std::shared_ptr<Session> session, ForwardCount count, std::function<int(ssh_channel)> open);

}  // namespace edge::ssh
