// What an operator asks of a session server beside shells: connections through the node (ssh -L,
// -D, -W) and listeners on it (ssh -R). Others decide; here are the asking and the answer.
// Thread rule: the loop of the server only.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/address.hpp"
#include "net/stream.hpp"

namespace edge::ssh {

// A connection to `target`, as it came: hostile until checked. One that is let go without an answer
// is refused, as "administratively prohibited": libssh knows no other word for it.
class ForwardRequest {
 public:
  virtual ~ForwardRequest() = default;
  virtual const HostPort& target() const = 0;
  // Null when the session has ended meanwhile.
  virtual std::unique_ptr<net::Stream> accept() = 0;
};

// A listener, or the end of one. They are answered in the order in which they came: SSH tells
// answers apart by nothing else. Let go without an answer: refused.
class ListenRequest {
 public:
  virtual ~ListenRequest() = default;
  virtual bool is_end() const = 0;
  virtual const std::string& address() const = 0;  // "", "localhost", "0.0.0.0", as it came
  virtual std::uint16_t port() const = 0;          // 0: any
  virtual void accept(std::uint16_t port) = 0;     // the one that it listens on
};

// Empty ones refuse.
struct ForwardHooks {
  std::function<void(std::unique_ptr<ForwardRequest>)> on_connect;
  std::function<void(std::unique_ptr<ListenRequest>)> on_listen;
};

}  // namespace edge::ssh
