#include "fleet/reason_meaning.hpp"

#include <algorithm>
#include <array>

namespace edge::fleet {
namespace {

constexpr std::array<ReasonMeaning, 11> kMeanings{{
    {Reason::no_check_in, "no agent of the endpoint asked while it was needed",
     "on the node: systemctl status edge-agent, then edge-agent doctor"},
    {Reason::agent_unreachable_tunnel_port,
     "the agent gets no connection to the tunnel port: a firewall on the way, a wrong "
     "tunnel.address, or nothing listens there",
     "on the node: edge-agent doctor, which says at which address it stops; on the server: edgectl "
     "doctor"},
    {Reason::host_key_mismatch,
     "the tunnel port shows a host key that the node's join token does not name: edged has another "
     "key now, or something in between answers in its place",
     "on the server: edgectl doctor compares the keys; where edged's is new: edgectl endpoint "
     "token NAME, then edge-agent join on the node"},
    {Reason::auth_refused,
     "the one-time credentials do not open or were refused: too old, used already, or of another "
     "join token",
     "on the node: edge-agent doctor; where it fails, too: edgectl endpoint token NAME, then "
     "edge-agent join on the node"},
    {Reason::handshake_timeout,
     "the tunnel port was reached or should have been, and no login came through in time: "
     "something on the way swallows SSH, or the link is slower than the deadlines",
     "on the node: edge-agent doctor; on slow links raise connect.deadline there and "
     "tunnel.open-deadline here"},
    {Reason::lost,
     "the tunnel was there and broke: the network, a NAT that forgot it, the node, or its agent",
     "edgectl connect NAME opens it again; where it breaks again: edge-agent doctor on the node, "
     "and tunnel.probe below the patience of what is on the way"},
    {Reason::idle, "nobody used it for as long as tunnel.idle says, so edged closed it",
     "nothing is wrong: edgectl connect NAME opens it again"},
    {Reason::replaced, "a newer tunnel of the endpoint took its place",
     "nothing is wrong; where it repeats, edgectl endpoint show NAME tells of two machines with "
     "one identity"},
    {Reason::endpoint_removed,
     "the endpoint was removed or disassociated, or got a new token, while the tunnel was there",
     "edgectl endpoint token NAME, then edge-agent join on the node"},
    {Reason::agent_stopped,
     "the agent said goodbye: it was stopped or started anew, or the node shut down",
     "on the node: systemctl status edge-agent"},
    {Reason::shutdown, "edged was stopped", "on the server: systemctl status edged"},
}};

}  // namespace

const ReasonMeaning& meaning_of(Reason reason) {
  const auto found = std::find_if(kMeanings.begin(), kMeanings.end(),
                                  [reason](const auto& row) { return row.reason == reason; });
  return found != kMeanings.end() ? *found : kMeanings.front();
}

std::string next_step(Reason reason, const std::string& endpoint) {
  constexpr std::string_view kName = "NAME";
  std::string text = meaning_of(reason).next;
  for (auto at = text.find(kName); at != std::string::npos; at = text.find(kName, at))
    text.replace(at, kName.size(), endpoint), at += endpoint.size();
  return text;
}

}  // namespace edge::fleet
