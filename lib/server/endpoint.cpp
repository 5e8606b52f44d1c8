#include "server/endpoint.hpp"

#include <algorithm>

#include "base/encoding.hpp"
#include "crypto/keys.hpp"

namespace edge::server {

std::string fingerprint_of(const std::string& public_line) {
  // As ssh-keygen -l prints it. Checked by lib/ssh when it was associated; here it is only shown,
  // of thousands at each start.
  const auto space = public_line.find(' ');
  if (space == std::string::npos) return "";
  const auto end = public_line.find(' ', space + 1);
  const auto blob = from_base64(public_line.substr(space + 1, end - space - 1));
  if (!blob) return "";
  auto hash = to_base64(crypto::sha256(*blob));
  while (hash.ends_with('=')) hash.pop_back();
  return "SHA256:" + hash;
}

void Endpoint::wake_watchers() {
  std::erase_if(watchers, [](auto& weak) {
    auto bell = weak.lock();
    if (bell) bell->ring();
    return !bell;
  });
}

void Endpoint::wake_holds() {
  for (auto& [id, instance] : instances) {
    if (instance.hold) instance.hold->ring();
  }
}

bool Endpoint::has_tunnel() const {
  if (circuit.has_tunnel()) return true;
  return std::any_of(instances.begin(), instances.end(), [](const auto& entry) {
    return entry.second.circuit && entry.second.circuit->has_tunnel();
  });
}

fleet::EndpointState Endpoint::state(SteadyTime now) const {
  const auto allowed = fleet::silence_allowed(settings.interval, settings.hold);
  const auto heard = fleet::endpoint_state({seen, expected_until, false}, allowed, now);
  // Each check-in asks; only where nobody was heard of are all circuits looked at.
  if (heard == fleet::EndpointState::online || !has_tunnel()) return heard;
  return fleet::endpoint_state({seen, expected_until, true}, allowed, now);
}

fleet::EndpointState Endpoint::state_of(const InstanceId& id, const Instance& instance,
                                        SteadyTime now) const {
  return fleet::endpoint_state({instance.seen, instance.expected_until, has_tunnel_to(id)},
                               fleet::silence_allowed(settings.interval, settings.hold), now);
}

std::shared_ptr<SessionLimit> Endpoint::limit_of_sessions() {
  if (!session_limit) {
    session_limit = std::make_shared<SessionLimit>();
    session_limit->set(settings.session_bandwidth);
  }
  return session_limit;
}

bool Endpoint::held() const {
  for (const auto& [id, instance] : instances) {
    if (instance.hold) return true;
  }
  return false;
}

}  // namespace edge::server
