// What a doctor asks the poll port, beside the agent that goes on checking in: over a connection
// of its own, with a counter of its own (docs/poll-api.md).
// Thread rule: one loop.
#pragma once

#include <memory>

#include "agent/poll_link.hpp"
#include "net/http.hpp"
#include "net/tls.hpp"

namespace edge::agent {

class TrialLink {
 public:
  // REQUIRES: the identity has its key, and outlives this. `counter`: IdentityFolder's.
  TrialLink(const Identity& identity, std::uint64_t counter);

  void use(std::unique_ptr<net::TlsStream> stream);  // of the URL that is asked from now on
  bool connected() const noexcept { return stream_ != nullptr; }
  // GET or POST /v1/trial. `wait`: how long edged shall hold the answer back.
  net::Task<Result<net::Response>> ask(std::string method, milliseconds wait, milliseconds each);
  // GET /v1/trial with Upgrade: the connection is the caller's then.
  net::Task<Result<PollLink::Upgraded>> upgrade(milliseconds each);

 private:
  net::Task<Result<net::Response>> send(net::Request request, milliseconds wait, milliseconds each);

  const Identity& identity_;
  const Secret mac_key_;
  std::uint64_t counter_;
  std::unique_ptr<net::TlsStream> stream_;
  std::unique_ptr<net::HttpReader> reader_;
};

}  // namespace edge::agent
