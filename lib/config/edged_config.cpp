#include "config/settings.hpp"

namespace edge::config {
namespace {

constexpr std::int64_t kLeastDeadline = 10;      // ms
constexpr std::int64_t kMostDeadline = 600'000;  // ms

Key deadline(std::string path, milliseconds& member, std::string prose) {
  return {std::move(path), &member, std::move(prose), kLeastDeadline, kMostDeadline};
}

std::vector<Key> ports(EdgedConfig& config) {
  return {
      {"poll.listen", &config.poll_listen,
       "Addresses of the poll port (HTTPS), where agents check in: \"ADDRESS:PORT\", IPv6 in "
       "brackets, several "
       "in a list. \"[::]:9000\" takes IPv4 too. Open this port in the firewall for incoming TCP."},
      {"poll.url", &config.poll_url,
       "The URL that agents dial, \"https://edge.example.com:9000\". It goes into every join "
       "token, so the name "
       "must resolve where the agents are; change it and new tokens carry the new one, old agents "
       "keep theirs. "
       "Empty: this machine's host name with the first poll port."},
      {"poll.pins", &config.poll_pins,
       "What new join tokens tell agents to accept as the poll port's certificate. Set it where a "
       "proxy shows agents a certificate of its own: \"sha256/...\", the hash of that "
       "certificate's public key, or \"system\" for one that the agents' CAs vouch for. Several in "
       "a list, any of them will do; name the next key before it is used. Joined agents keep what "
       "they have. Empty: the pin of tls.certificate."},
      {"tunnel.listen", &config.tunnel_listen,
       "Addresses of the tunnel port (SSH), where an agent that is needed opens its tunnel: "
       "\"ADDRESS:PORT\", "
       "several in a list. Open this port in the firewall for incoming TCP."},
      {"tunnel.address", &config.tunnel_address,
       "The \"HOST:PORT\" of the tunnel port as agents reach it, \"edge.example.com:8000\". Set it "
       "where a load "
       "balancer or port forwarding stands in front. Empty: the host of poll.url with the first "
       "tunnel port."},
      {"proxy.trusted", &config.trusted_proxies,
       "Proxies and load balancers in front of the two ports: addresses and ranges "
       "(\"192.0.2.10\", \"10.1.0.0/16\", \"2001:db8::/64\"). What they say of where an agent "
       "comes from is believed: a PROXY protocol header (version 1 or 2) ahead of the connection, "
       "on both ports, and X-Forwarded-For on the poll port. From anybody else the former ends the "
       "connection and the latter is ignored. Name single machines, not networks in which agents "
       "are. Empty: nobody is believed."},
      {"admin.socket", &config.admin_socket,
       "The Unix socket that edgectl talks to. Its folder is created with mode 0750 and the socket "
       "with 0660. "
       "Leave it where it is unless edgectl is told the new place too (edgectl --socket)."},
      {"admin.group", &config.admin_group,
       "The group that may use the admin socket. Whoever is in it has root on every node, so treat "
       "membership "
       "like root's password. Empty: the socket stays with edged's own group."},
  };
}

std::vector<Key> files(EdgedConfig& config) {
  return {
      {"state", &config.state,
       "The folder of everything durable: the store and its lock. Back it up; "
       "without it every agent must join again. Owned by edged, mode 0700, on a local disk."},
      {"tls.certificate", &config.certificate,
       "The certificate of the poll port (PEM, with its chain). edged init makes a self-signed "
       "one; agents check its public key and not its dates. Reload "
       "after a change: "
       "systemctl reload edged."},
      {"tls.key", &config.certificate_key,
       "The private key of tls.certificate (PEM, readable by edged alone). Renew certificates with "
       "the same key: "
       "joined agents know edged by its public key and refuse another one."},
      {"ssh.host-key", &config.host_key,
       "The Ed25519 host key of the tunnel port (OpenSSH format, readable by edged alone), made by "
       "edged init. Join tokens carry its fingerprint: replace it and agents refuse the "
       "tunnel until "
       "they join again."},
  };
}

std::vector<Key> limits(EdgedConfig& config) {
  return {
      {"limits.loops", &config.loops,
       "Event loops, each a thread of its own. 0: one for each core, at most 4, which serves "
       "15,000 endpoints.",
       0, 64},
      {"limits.connections", &config.connections,
       "Connections on the poll and tunnel ports together; more are refused at once. The last "
       "tenth is kept for tunnels. Each takes a file descriptor, so keep it some 2,000 below "
       "LimitNOFILE of the unit.",
       1, 500'000},
      {"limits.handshakes", &config.handshakes,
       "TLS handshakes at once on the poll port, of each loop; more wait in line, and where eight "
       "times as many wait some are told to come again in a moment (503 with Retry-After): a herd "
       "that comes back after a restart stays within bounds.",
       1, 100'000},
      {"limits.connections-per-source", &config.connections_per_source,
       "Connections of one source on the poll port: an IPv4 address, or an IPv6 /64. More are "
       "closed at once; beyond a sixteenth of it TLS handshakes wait in line. Raise it where more "
       "agents than that are behind one NAT; the addresses of proxy.trusted are not counted.",
       1, 500'000},
      {"limits.strangers-per-source", &config.strangers_per_source,
       "Connections of one source on which nobody has been authenticated yet. Beyond it the oldest "
       "makes room for the newest, so that agents get in beside whoever occupies their NAT; none "
       "that came within the last quarter of limits.header-deadline.",
       1, 500'000},
      deadline("limits.header-deadline", config.header_deadline,
               "What a client of the poll port has for its TLS handshake, and again for the head "
               "of each request. "
               "Raise it only for agents on very slow links."),
      deadline("limits.login-deadline", config.login_deadline,
               "What a client of the tunnel port has to log in before it is cut off. Raise it only "
               "for agents on "
               "very slow links."),
      deadline(
          "limits.answer-deadline", config.answer_deadline,
          "What an agent has to answer a request inside its tunnel (ping, keep-alive, the start of "
          "a "
          "session). A tunnel whose agent does not answer in time is closed and opened again."),
      deadline("limits.drain-deadline", config.drain_deadline,
               "What sessions and tunnels have to end by themselves when edged stops; then they "
               "are cut. Keep it "
               "below TimeoutStopSec of the unit (15s), or systemd kills edged first."),
  };
}

}  // namespace

std::vector<Key> describe(EdgedConfig& config) {
  std::vector<Key> keys;
  for (auto part : {ports(config), files(config), limits(config)}) {
    keys.insert(keys.end(), part.begin(), part.end());
  }
  keys.push_back(
      {"log.level", &config.log_level,
       "The least that is logged: debug, info, warning or error. Change it without a restart: "
       "systemctl reload edged."});
  return keys;
}

}  // namespace edge::config
