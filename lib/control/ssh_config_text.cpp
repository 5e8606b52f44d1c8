#include "control/ssh_config_text.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace edge::control {
namespace {

bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte == 0x7F;
}

// Nothing to any shell, wherever it stands.
bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '/' ||
         c == '.' || c == '_' || c == '-' || c == '+';
}

Error unquotable(std::string_view text, const char* what) {
  return fail(Errc::usage, "ssh_config cannot name '" + printable(text, 500) + "': it has " + what,
              "a path without it: --socket, XDG_STATE_HOME or HOME say which");
}

}  // namespace

Result<std::string> ssh_file_name(const std::filesystem::path& path) {
  const auto& text = path.native();
  if (std::any_of(text.begin(), text.end(), is_control))
    return unquotable(text, "a control character");
  if (text.find("${") != std::string::npos) return unquotable(text, "${");
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    if (c == '%') quoted += '%';
    quoted += c;
  }
  return quoted + "\"";
}

Result<std::string> proxy_command_word(std::string_view word) {
  if (std::any_of(word.begin(), word.end(), is_control))
    return unquotable(word, "a control character");
  if (!word.empty() && std::all_of(word.begin(), word.end(), is_plain)) return std::string(word);
  // Within single quotes sh takes a backslash for itself, and ssh and fish take it with what
  // follows: quotes and backslashes stand outside of them, where all agree.
  std::string quoted = "'";
  for (const char c : word) {
    if (c == '\'' || c == '\\') {
      quoted += std::string("'\\") + c + "'";
    } else {
      quoted += c;
      if (c == '%') quoted += c;
    }
  }
  return quoted + "'";
}

Result<std::string> ssh_config_text(const SshConfigPaths& paths) {
  std::string command;
  auto add = [&command](std::string_view before, const std::filesystem::path& path) {
    auto word = proxy_command_word(path.native());
    if (word) command += std::string(before) + *word;
    return word;
  };
  if (auto added = add("", paths.program); !added) return added.error();
  if (!paths.socket.empty())
    if (auto added = add(" --socket ", paths.socket); !added) return added.error();
  command += " proxy";
  if (!paths.state.empty())
    if (auto added = add(" --state ", paths.state); !added) return added.error();
  const auto known_hosts = ssh_file_name(paths.known_hosts);
  if (!known_hosts) return known_hosts.error();
  const auto identity = ssh_file_name(paths.identity);
  if (!identity) return identity.error();
  return "# Written by edgectl ssh-config --write, which replaces all of it.\n"
         "#\n"
         "# ssh takes the first value that it finds: to have another one, say it before the "
         "Include\n"
         "# of this file. For an alias, in its own block:\n"
         "#   Host till\n"
         "#     HostName shop-17.edge\n"
         "#     User deploy\n"
         "#     Include edge.conf\n"
         "\n"
         "# Not where a quote is in the name: ssh before 9.6 would hand it to the ProxyCommand's "
         "shell.\n"
         "Match host \"*.edge,!*'*\"\n"
         "  ProxyCommand " +
         command +
         " -- '%h'\n"
         "  User root\n"
         "  Port 22\n"
         "  CanonicalizeHostname no\n"
         "\n"
         "  # The node has the key that edged pinned when it joined, or there is no session.\n"
         "  UserKnownHostsFile " +
         *known_hosts +
         "\n"
         "  GlobalKnownHostsFile /dev/null\n"
         "  StrictHostKeyChecking yes\n"
         "  HostKeyAlgorithms ssh-ed25519\n"
         "  VerifyHostKeyDNS no\n"
         "  UpdateHostKeys no\n"
         "\n"
         "  # edged vouches for this key session by session; no other one logs in.\n"
         "  IdentityFile " +
         *identity +
         "\n"
         "  IdentitiesOnly yes\n"
         "\n"
         "  # A session that has lost the network waits for it by itself. ssh would give up "
         "first.\n"
         "  ServerAliveInterval 0\n";
}

}  // namespace edge::control
