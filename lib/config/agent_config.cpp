#include "config/settings.hpp"

namespace edge::config {
namespace {

constexpr std::int64_t kLeast = 10;            // ms
constexpr std::int64_t kTenMinutes = 600'000;  // ms
constexpr std::int64_t kHour = 3'600'000;      // ms

std::vector<Key> sessions(AgentConfig& config) {
  return {
      {"session.shell", &config.shell,
       "The shell of every session, an absolute path. Empty: the login shell of the account, which "
       "is what "
       "operators expect. An account whose own shell refuses logins (nologin, false) stays "
       "refused."},
      {"session.allow-users", &config.allow_users,
       "Accounts of this node that sessions may ask for; '*' and '?' match, \"*\" alone is every "
       "account. "
       "[root, \"deploy-*\"] lets nobody else in. [] refuses every session."},
      {"session.accept-env", &config.accept_env,
       "Environment variables that an operator may bring along (ssh's SendEnv); '*' and '?' match. "
       "Keep "
       "variables that change what programs load, such as LD_PRELOAD or PATH, out of it."},
      {"session.sftp-server", &config.sftp_server,
       "The program that serves sftp, scp and sshfs, run as the account of the session. Debian's "
       "is "
       "in the package openssh-sftp-server; without it only scp -O copies."},
      {"session.allow-targets", &config.allow_targets,
       "Where operators may connect to through this node (edgectl forward; ssh -L, -D, -W and -J): "
       "addresses and ranges, also with a port or a range of ports. [localhost, "
       "\"10.0.0.0/8:5432\", \"[2001:db8::/32]:443\"]; \"*\" is everything, [] nothing. Names are "
       "resolved first, and the address that is dialled is what is checked. These connections are "
       "the agent's own: what a firewall allows to an account by its user id does not matter to "
       "them. Unix sockets of edgectl forward are \"unix:/run/**\" (* is anything within a folder, "
       "** also across folders), by the path behind all links; they are opened as the session's "
       "account, so that the permissions of files hold, which is why all of them are allowed "
       "unless "
       "this says otherwise."},
      {"session.allow-listen", &config.allow_listen,
       "Where operators may listen on this node (ssh -R), written as session.allow-targets. "
       "\"0.0.0.0\" and \"::\" stand for all addresses of their kind; who asks for no address in "
       "particular gets loopback unless these allow more. Ports below 1024 are for root only."},
      {"session.limit", &config.sessions,
       "Sessions at once; the next one is refused with a message. Each shell, command, copy and "
       "forward of an "
       "operator runs in one.",
       1, 10'000},
      {"session.hang-up-grace", &config.hang_up_grace,
       "What programs that a session leaves behind have between SIGHUP and SIGKILL. Raise it where "
       "programs "
       "need longer to save their work.",
       kLeast, kTenMinutes},
  };
}

std::vector<Key> connecting(AgentConfig& config) {
  return {
      {"check-in.backoff-least", &config.backoff_least,
       "The first pause after a check-in or a tunnel failed; it doubles with each failure, with "
       "some chance in "
       "it. The interval itself comes from edged (edgectl settings set check-in.interval).",
       kLeast, kHour},
      {"check-in.backoff-most", &config.backoff_most,
       "The longest pause between attempts while edged cannot be reached. A node is back at most "
       "this long "
       "after edged is.",
       kLeast, 24 * kHour},
      {"connect.deadline", &config.connect_deadline,
       "What each connection has to get through TCP, TLS and SSH before it counts as failed. Raise "
       "it on very "
       "slow links.",
       kLeast, kTenMinutes},
      {"tunnel.transport", &config.tunnel_transport,
       "How tunnels get out of this network: direct (to the tunnel port, 8000), poll-port (the "
       "same "
       "SSH inside of the poll port's TLS, for networks that let only one port pass; it costs "
       "edged "
       "three descriptors instead of one), or auto: direct first, then poll-port, and what worked "
       "is remembered for an hour."},
  };
}

std::vector<Key> proxies(AgentConfig& config) {
  return {
      {"proxy.url", &config.proxy_url,
       "The proxy that everything is dialled through: http://HOST:PORT (by CONNECT), "
       "socks5://HOST:PORT or socks5h://HOST:PORT (the proxy resolves names with both), with "
       "USER:PASSWORD@ ahead of HOST, percent-encoded where needed. Empty: what https_proxy, "
       "HTTPS_PROXY, all_proxy or ALL_PROXY names. none: no proxy, whatever they name. With a "
       "password in it, keep this file to root (mode 0600)."},
      {"proxy.except", &config.proxy_except,
       "What is dialled without the proxy: names (and all names below them), addresses and "
       "ranges, each of the first two also with a port. [example.com, 192.0.2.1, \"10.0.0.0/8\", "
       "\"edge.example.net:9000\"]; \"*\" is everything. Empty: what no_proxy or NO_PROXY lists."},
  };
}

}  // namespace

std::vector<Key> describe(AgentConfig& config) {
  std::vector<Key> keys{{"state", &config.state,
                         "The folder that holds what `edge-agent join` wrote: the edge ID, the "
                         "keys and the instance. Owned by "
                         "root, mode 0700. Do not copy it to another node: two agents with one "
                         "instance are both refused. Join "
                         "each node instead."}};
  for (auto part : {sessions(config), connecting(config), proxies(config)}) {
    keys.insert(keys.end(), part.begin(), part.end());
  }
  keys.push_back(
      {"log.level", &config.log_level,
       "The least that is logged: debug, info, warning or error. Change it without a restart: "
       "systemctl reload edge-agent."});
  return keys;
}

}  // namespace edge::config
