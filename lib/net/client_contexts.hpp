// Clients' TLS contexts, one a set of pins: a context is large and slow to make, so all that trust
// the same share it.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "net/tls.hpp"

namespace edge::net {

// With "system" a context is made anew every hour, for the CAs may have changed.
// Thread rule: any thread.
class ClientContexts {
 public:
  static constexpr std::chrono::hours kSystemLife{1};

  Result<TlsContext> get(const std::vector<std::string>& pins);
  // After a server was refused: what it is refused by may have changed (the system's CAs).
  void forget(const std::vector<std::string>& pins);

 private:
  struct Made {
    TlsContext context;
    SteadyTime at;
  };
  std::mutex mutex_;
  std::map<std::vector<std::string>, Made> made_;
};

}  // namespace edge::net
