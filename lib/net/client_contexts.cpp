#include "net/client_contexts.hpp"

#include <algorithm>

namespace edge::net {

Result<TlsContext> ClientContexts::get(const std::vector<std::string>& pins) {
  const auto now = std::chrono::steady_clock::now();
  const bool system = std::find(pins.begin(), pins.end(), "system") != pins.end();
  const std::lock_guard lock(mutex_);
  const auto found = made_.find(pins);
  if (found != made_.end() && (!system || now - found->second.at < kSystemLife))
    return found->second.context;
  auto context = make_client_context(pins);
  if (context) made_.insert_or_assign(pins, Made{*context, now});
  return context;
}

void ClientContexts::forget(const std::vector<std::string>& pins) {
  const std::lock_guard lock(mutex_);
  made_.erase(pins);
}

}  // namespace edge::net
