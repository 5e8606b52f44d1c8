// Who serves the sessions of a node: ShellService in an agent, something else where a session is
// only to be measured. Thread rule: one loop.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/time.hpp"
#include "net/stream.hpp"

namespace edge::agent {

struct SessionTerms {
  std::string id;
  std::string login_key;  // vouched for: the only one that may log in
  // What may still be on its way to the operator when the session has ended has this long.
  milliseconds last_bytes{2'000};
};

class SessionService {
 public:
  virtual ~SessionService() = default;

  virtual bool full() const noexcept = 0;
  // A whole session, from its first byte after our 101 to its last. `on_bytes` is called for every
  // chunk that passes. The stream is its caller's to close.
  virtual net::Task<> serve(std::shared_ptr<net::Stream> stream, SessionTerms terms,
                            std::function<void()> on_bytes) = 0;
};

}  // namespace edge::agent
