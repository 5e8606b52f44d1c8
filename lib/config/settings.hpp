// Settings with their default, type and prose in one place. Each struct has one describe() function
// that binds every key to its member; loading, checking, printing and the man pages all come from
// it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/error.hpp"
#include "base/log.hpp"
#include "base/rate.hpp"
#include "base/secret.hpp"
#include "base/time.hpp"

namespace edge::config {

// The kinds of value that a key can have. A duration is written "5s", "250ms", "5m", a rate "10M"
// (base/rate.hpp). A secret is text that is never printed: not in errors, and not as YAML.
using Target = std::variant<std::string*, std::vector<std::string>*, std::uint32_t*, bool*,
                            milliseconds*, std::filesystem::path*, log::Level*, Secret*, Rate*>;

struct Key {
  std::string path;   // "poll.listen"
  Target target;      // the member, holding the default until something else is set
  std::string prose;  // a sentence or two that an operator can act on
  // Bounds for numbers and durations (milliseconds), inclusive.
  std::int64_t least = 0;
  std::int64_t most = INT64_MAX;
  bool can_be_off = false;  // durations and rates: "off" is accepted and means 0
};

// edged.yaml: what is needed before the store opens. Fleet settings are not here (FleetSettings).
struct EdgedConfig {
  std::vector<std::string> poll_listen{"[::]:9000"};  // dual-stack: IPv4 too
  std::string poll_url;                // "https://edge.example.com:9000", what agents dial
  std::vector<std::string> poll_pins;  // for new join tokens; empty: the certificate's own
  std::vector<std::string> tunnel_listen{"[::]:8000"};
  std::string tunnel_address;                // "edge.example.com:8000"
  std::vector<std::string> trusted_proxies;  // addresses and CIDRs, for AddressSet
  std::filesystem::path admin_socket{"/run/edged/admin.sock"};
  std::string admin_group{"edge"};                // empty: leave the socket to edged's own group
  std::filesystem::path state{"/var/lib/edged"};  // store, keys, lock
  std::filesystem::path certificate{"/etc/edged/tls.crt"};
  std::filesystem::path certificate_key{"/etc/edged/tls.key"};
  std::filesystem::path host_key{"/etc/edged/ssh_host_ed25519_key"};
  std::uint32_t loops = 0;            // 0: cores, at most 4
  std::uint32_t connections = 18000;  // poll and tunnel connections together
  std::uint32_t operators = 472;      // connections of the admin socket beyond these; no setting
  std::uint32_t handshakes = 1024;    // TLS handshakes at once, of each loop
  std::uint32_t connections_per_source = 4096;  // poll port; an address, or an IPv6 /64
  std::uint32_t strangers_per_source = 64;      // of those, not authenticated yet
  milliseconds header_deadline{10'000};         // for a request's head, and for a TLS handshake
  milliseconds login_deadline{10'000};          // tunnel port: to authenticate
  milliseconds answer_deadline{10'000};         // for an agent's answer inside a tunnel
  milliseconds drain_deadline{8'000};           // after SIGTERM
  log::Level log_level = log::Level::info;
};
std::vector<Key> describe(EdgedConfig& config);

// edge-agent.yaml
struct AgentConfig {
  std::filesystem::path state{"/var/lib/edge-agent"};
  std::string shell;                          // empty: the account's login shell
  std::vector<std::string> allow_users{"*"};  // accounts that sessions may ask for
  std::vector<std::string> accept_env{"LANG", "LC_*", "TZ", "TERM", "COLORTERM", "NO_COLOR"};
  std::filesystem::path sftp_server{"/usr/lib/openssh/sftp-server"};
  std::vector<std::string> allow_targets{"localhost", "unix:**"};  // for TargetRules: -L, -D, -W
  std::vector<std::string> allow_listen{"localhost", "unix:**"};   // for TargetRules: -R
  std::uint32_t sessions = 32;                                     // at once
  milliseconds backoff_least{1'000};
  milliseconds backoff_most{60'000};
  milliseconds connect_deadline{10'000};  // TCP, TLS and SSH handshakes
  std::string tunnel_transport{"auto"};   // auto, direct or poll-port
  Secret proxy_url;                       // empty: the environment's; "none": no proxy
  std::vector<std::string> proxy_except;  // empty: the environment's NO_PROXY
  milliseconds hang_up_grace{5'000};  // between SIGHUP and SIGKILL for what a session leaves behind
  log::Level log_level = log::Level::info;
};
std::vector<Key> describe(AgentConfig& config);

// Fleet settings live in the store, for all endpoints or (those marked) for one.
struct FleetSettings {
  milliseconds interval{5'000};               // check-in.interval          per endpoint
  milliseconds hold{55'000};                  // check-in.hold, 0 is off    per endpoint
  milliseconds tunnel_idle{300'000};          // tunnel.idle                per endpoint
  milliseconds tunnel_probe{15'000};          // tunnel.probe
  milliseconds tunnel_open_deadline{10'000};  // tunnel.open-deadline: what the winner has
  milliseconds close_deadline{10'000};        // tunnel.close-deadline: for the last snapshot
  milliseconds credentials_lifetime{60'000};  // tunnel.credentials-lifetime
  milliseconds keep_alive{60'000};            // session.keep-alive
  milliseconds resume_for{600'000};           // session.resume-for, 0 is off   per endpoint
  Rate session_bandwidth;                     // session.bandwidth, 0 is off    per endpoint
  bool operator==(const FleetSettings&) const = default;
};
std::vector<Key> describe(FleetSettings& settings);
bool is_per_endpoint(std::string_view path);  // may `settings set --endpoint` change it

// Every mistake in the text, each "FILE:LINE: what, and what is accepted" joined with newlines
// (Errc::usage): unknown keys (with "did you mean"), wrong types, values out of bounds, YAML that
// does not parse. With a single mistake no key changes at all.
Result<void> load_yaml(const std::string& file, const std::string& text,
                       const std::vector<Key>& keys);
Result<void> load_yaml_file(const std::filesystem::path& file, const std::vector<Key>& keys);

// One value from its text form, as `settings set` takes it; Errc::usage names the key and what is
// accepted.
Result<void> set_value(const Key& key, std::string_view text);
std::string get_value(const Key& key);  // the text form; lists joined with ", "; a duration of 0
                                        // that may be off is "off"; a secret that is set is "***"
const Key* find_key(const std::vector<Key>& keys, std::string_view path);

// A whole YAML file with every key commented out at its default, its prose above it; keys in `set`
// are live. Nested as people write it ("poll:\n  listen: ..."). load_yaml(print_yaml(k)) changes
// nothing.
std::string print_yaml(const std::vector<Key>& keys, const std::vector<std::string>& set,
                       const std::string& title);

// Checks that need more than one key: URLs and addresses parse, lists are not empty. Every mistake,
// each a line that starts with its key (Errc::usage).
Result<void> check(const EdgedConfig& config);
Result<void> check(const AgentConfig& config);

}  // namespace edge::config
