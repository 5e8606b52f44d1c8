#include <algorithm>
#include <array>

#include "config/settings.hpp"

namespace edge::config {
namespace {

constexpr std::int64_t kLeast = 100;           // ms
constexpr std::int64_t kTenMinutes = 600'000;  // ms
constexpr std::int64_t kHour = 3'600'000;      // ms
constexpr std::int64_t kDay = 24 * kHour;      // ms

constexpr std::array<std::string_view, 5> kPerEndpoint{
    "check-in.interval", "check-in.hold", "tunnel.idle", "session.resume-for", "session.bandwidth"};

std::vector<Key> check_in(FleetSettings& settings) {
  return {
      {"check-in.interval", &settings.interval,
       "The pause between two check-ins where hold is off or a middlebox cuts held requests: an "
       "operator waits "
       "up to this long for a tunnel. Shorter costs traffic and CPU in proportion. Agents learn it "
       "with their "
       "next check-in.",
       kLeast, kDay},
      {"check-in.hold", &settings.hold,
       "How long edged keeps a check-in open before it answers \"not needed\". With it a tunnel "
       "opens within "
       "milliseconds at a tenth of the traffic. Keep it below the idle timeout of the proxies and "
       "NAT on the "
       "way (often 60s); off gives plain polling.",
       kLeast, kHour, true},
  };
}

std::vector<Key> tunnel(FleetSettings& settings) {
  return {
      {"tunnel.idle", &settings.tunnel_idle,
       "A tunnel without activity (requests, keep-alives of sessions, bytes of streams) closes "
       "after this long. "
       "Longer spares operators the wait when they come back, shorter frees connections.",
       kLeast, 30 * kDay},
      {"tunnel.probe", &settings.tunnel_probe,
       "How often both ends of a tunnel ask each other \"are you there\". A dead link is noticed "
       "after about "
       "three of them. Raise it on links where every byte costs.",
       kLeast, kHour},
      {"tunnel.open-deadline", &settings.tunnel_open_deadline,
       "What the agent that was told to connect has to open its tunnel; then another instance of "
       "the endpoint "
       "is told. Raise it where agents are behind very slow links.",
       kLeast, kTenMinutes},
      {"tunnel.close-deadline", &settings.close_deadline,
       "What an agent has for its last snapshot before an idle tunnel closes. A connect that "
       "arrives meanwhile "
       "waits for it.",
       kLeast, kTenMinutes},
      {"tunnel.credentials-lifetime", &settings.credentials_lifetime,
       "How long the one-time credentials of a tunnel are good for. They work once in any case; "
       "raise it only "
       "where the clocks or links of agents are so slow that logins come too late.",
       kLeast, kHour},
  };
}

}  // namespace

std::vector<Key> describe(FleetSettings& settings) {
  auto keys = check_in(settings);
  for (auto& key : tunnel(settings)) keys.push_back(std::move(key));
  keys.push_back({"session.keep-alive", &settings.keep_alive,
                  "How often a live session tells edged that its operator still wants the tunnel. "
                  "Keep it well "
                  "below tunnel.idle, or tunnels close under sessions that are silent.",
                  kLeast, kHour});
  keys.push_back(
      {"session.resume-for", &settings.resume_for,
       "How long a session whose network is away, or whose edged was restarted, waits on "
       "both ends before it is given up. Until then it goes on where it was. off: a "
       "session ends with its tunnel.",
       kLeast, kDay, true});
  Key limit{
      "session.bandwidth", &settings.session_bandwidth,
      "How many bytes a second all sessions of an endpoint may move together, this much in "
      "each direction: copies, forwards, shells and commands, as edged relays them. Live "
      "sessions go by a change at once. Keystrokes go ahead of bulk. off: as fast as they can."};
  limit.can_be_off = true;
  keys.push_back(std::move(limit));
  return keys;
}

bool is_per_endpoint(std::string_view path) {
  return std::find(kPerEndpoint.begin(), kPerEndpoint.end(), path) != kPerEndpoint.end();
}

}  // namespace edge::config
