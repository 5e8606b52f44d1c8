// Who serves the sessions of a node: ShellService in an agent, something else where a session is
// only to be measured. Thread rule: one loop.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "net/stream.hpp"

namespace edge::agent {

class SessionService {
 public:
  virtual ~SessionService() = default;

  virtual bool full() const noexcept = 0;
  // A whole session, from its first byte after our 101 to its last. `vouched_key` is the only one
  // that may log in; `on_bytes` is called for every chunk that passes.
  virtual net::Task<> serve(std::shared_ptr<net::Stream> stream, std::string session,
                            std::string vouched_key, std::function<void()> on_bytes) = 0;
};

}  // namespace edge::agent
