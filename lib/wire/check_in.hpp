// The messages of the poll port (docs/poll-api.md), parse and print. Parsers take hostile input:
// bounded, no throw.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "base/ids.hpp"
#include "base/secret.hpp"
#include "base/time.hpp"

namespace edge::wire {

// POST /v1/associate
struct Associate {
  EndpointId endpoint;
  std::string edge_id;  // a UUID
  Secret secret;        // of the token
  InstanceId instance;
  std::string host_key;  // "ssh-ed25519 AAAA...", of the agent's session server
  std::string version;   // of the agent
  std::string platform;  // "linux-x86_64"
  std::string host_name;
};
// JSON keys: endpoint, edge-id, secret (base64url), instance, host-key, version, platform,
// host-name.
std::string print_associate(const Associate& message);
Result<Associate> parse_associate(std::string_view json);

// Authorization: Edge ENDPOINT.INSTANCE.COUNTER.MAC   or   Authorization: Edge TICKET
struct MacAuthorization {
  EndpointId endpoint;
  InstanceId instance;
  std::uint64_t counter = 0;
  std::string mac;   // base64url, as sent
  std::string rest;  // "ENDPOINT.INSTANCE.COUNTER", what the MAC is over
};
struct Authorization {
  std::optional<MacAuthorization> mac;
  std::string ticket;  // base64url of 16 bytes; empty when mac is there
};
Result<Authorization> parse_authorization(std::string_view header);
// The ticket in the header, not looked at any further; "" when it has none.
std::string_view ticket_of(std::string_view header);
std::string print_rest(const EndpointId& endpoint, const InstanceId& instance,
                       std::uint64_t counter);

// Edge-Next: INTERVAL/HOLD in seconds with up to three decimals; HOLD 0 is "off".   "5/55",
// "0.25/0"
struct Pace {
  milliseconds interval{5000};
  milliseconds hold{55000};  // 0: plain polling
  bool operator==(const Pace&) const = default;
};
std::string print_pace(const Pace& pace);
std::optional<Pace> parse_pace(std::string_view header);

// A whole answer "not needed", as HTTP. `ticket`: "" for none.
std::string print_not_needed(const Pace& pace, std::string_view ticket, bool keep_alive);

// Prefer: wait=SECONDS (RFC 7240), up to three decimals; nothing when absent or malformed.
std::string print_wait(milliseconds wait);
std::optional<milliseconds> parse_wait(std::string_view prefer);

// The 200 of a check-in: "yes, connect with these credentials".
struct Offer {
  TunnelId tunnel;           // also the SSH user name
  std::string address;       // "host:port" of the tunnel port
  std::string forward_name;  // of the one tcpip-forward
  std::uint16_t forward_port = 0;
  WallTime expires;          // of the credentials
  milliseconds lifetime{0};  // what is left of it
  milliseconds idle{0};      // the agent closes a tunnel that was without activity for this long
  milliseconds probe{0};     // how often to probe the transport
  std::string sealed;        // the password, sealed (raw bytes; base64 on the wire)
};
// JSON keys: tunnel, address, forward-name, forward-port, expires (RFC 3339), lifetime-ms, idle-ms,
// probe-ms, credentials (base64).
std::string print_offer(const Offer& offer);
Result<Offer> parse_offer(std::string_view json);
// The associated data of the seal: "endpoint.instance.tunnel.address.expires" with expires in unix
// milliseconds.
std::string offer_associated_data(const EndpointId& endpoint, const InstanceId& instance,
                                  const Offer& offer);

// POST /v1/agent: what changed about the agent. Every field may be absent.
struct AgentReport {
  std::optional<std::string> version;
  std::optional<std::string> platform;
  std::optional<std::string> host_name;
  std::optional<std::string> tunnel_failure;  // one of fleet's reasons, "" when the last one opened
  std::optional<std::string> tunnel_detail;   // in the agent's words, at most 200 bytes
  // The wait that it asks for from now on; 0: none, plain polling. Shorter than the ordered one
  // when held check-ins are cut on the way.
  std::optional<milliseconds> hold;
};
// JSON keys: version, platform, host-name, tunnel-failure, tunnel-detail, hold-ms.
std::string print_agent_report(const AgentReport& report);
Result<AgentReport> parse_agent_report(std::string_view json);

}  // namespace edge::wire
