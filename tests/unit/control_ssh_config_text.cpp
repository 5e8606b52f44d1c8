#include <array>
#include <cstdio>

#include "control/ssh_config_text.hpp"
#include "printing.hpp"

namespace edge::control {
namespace {

struct Row {
  const char* text;
  const char* quoted;
};

// What ssh makes of a ProxyCommand's %%, and then the shell of its words.
std::string shell_reads(const std::string& quoted) {
  std::string expanded;
  for (std::size_t at = 0; at < quoted.size(); ++at) {
    expanded += quoted[at];
    if (quoted[at] != '%') continue;
    REQUIRE(at + 1 < quoted.size());
    REQUIRE(quoted[++at] == '%');
  }
  const auto command = "exec printf '<%s>' " + expanded;
  std::FILE* pipe = ::popen(command.c_str(), "r");
  REQUIRE(pipe != nullptr);
  std::array<char, 4096> buffer{};
  const auto size = std::fread(buffer.data(), 1, buffer.size(), pipe);
  ::pclose(pipe);
  return {buffer.data(), size};
}

SshConfigPaths plain_paths() {
  SshConfigPaths paths;
  paths.program = "/usr/bin/edgectl";
  paths.known_hosts = "/home/alice/.local/state/edgectl/ssh_known_hosts";
  paths.identity = "/home/alice/.local/state/edgectl/id_ed25519";
  return paths;
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a file's name is one value to ssh, whatever is in it") {
  for (const auto& [text, quoted] : {
           Row{"/home/alice/id", "\"/home/alice/id\""},
           Row{"/home/al ice/#id", "\"/home/al ice/#id\""},
           Row{"/home/100%/%h", "\"/home/100%%/%%h\""},
           Row{"/home/a\"b", "\"/home/a\\\"b\""},
           Row{"/home/a\\b\\", "\"/home/a\\\\b\\\\\""},
           Row{"/home/a'b", "\"/home/a'b\""},
           Row{"/home/$HOME", "\"/home/$HOME\""},
           Row{"/home/\xC3\xA9", "\"/home/\xC3\xA9\""},
       }) {
    CAPTURE(text);
    const auto got = ssh_file_name(text);
    REQUIRE(got);
    CHECK(*got == quoted);
  }
}

TEST_CASE("a word of the ProxyCommand is one word to ssh and to the shell, whatever is in it") {
  for (const auto& [text, quoted] : {
           Row{"/usr/bin/edgectl", "/usr/bin/edgectl"},
           Row{"/opt/my tools/edgectl", "'/opt/my tools/edgectl'"},
           Row{"/opt/100%/%h", "'/opt/100%%/%%h'"},
           Row{"/opt/it's", "'/opt/it'\\''s'"},
           Row{"/opt/a\\b\\", "'/opt/a'\\\\'b'\\\\''"},
           Row{"/opt/$(touch x)`id`\"$HOME\"", "'/opt/$(touch x)`id`\"$HOME\"'"},
           Row{"/opt/a;b|c&d>e<f*g?h#i~j!k", "'/opt/a;b|c&d>e<f*g?h#i~j!k'"},
           Row{"", "''"},
       }) {
    CAPTURE(text);
    const auto got = proxy_command_word(text);
    REQUIRE(got);
    CHECK(*got == quoted);
    CHECK(shell_reads(*got) == "<" + std::string(text) + ">");
  }
}

TEST_CASE("what ssh cannot quote is refused with the path and the reason") {
  for (const std::string text : {"/home/a\nProxyCommand evil", "/home/a\rb", "/a\tb", "/a\x7F"}) {
    CAPTURE(text);
    for (const auto& refused : {ssh_file_name(text), proxy_command_word(text)}) {
      REQUIRE_FALSE(refused);
      CHECK(refused.error().code == Errc::usage);
      CHECK(has(refused.error().message, "a control character"));
      CHECK(has(refused.error().message, "'/"));
      CHECK_FALSE(has(refused.error().message, "\n"));
    }
  }
  const auto variable = ssh_file_name("/home/${USER}/id");
  REQUIRE_FALSE(variable);
  CHECK(has(variable.error().message, "${"));
  CHECK(proxy_command_word("/home/${USER}/id"));
}

TEST_CASE("ssh is told all that it needs, and of the proxy no more than it would not find itself") {
  const auto text = ssh_config_text(plain_paths());
  REQUIRE(text);
  for (const char* line : {
           "\n  ProxyCommand /usr/bin/edgectl proxy -- '%h'\n",
           "\n  User root\n",
           "\n  UserKnownHostsFile \"/home/alice/.local/state/edgectl/ssh_known_hosts\"\n",
           "\n  GlobalKnownHostsFile /dev/null\n",
           "\n  StrictHostKeyChecking yes\n",
           "\n  HostKeyAlgorithms ssh-ed25519\n",
           "\n  IdentityFile \"/home/alice/.local/state/edgectl/id_ed25519\"\n",
           "\n  IdentitiesOnly yes\n",
           "\n  ServerAliveInterval 0\n",
       }) {
    CAPTURE(line);
    CHECK(has(*text, line));
  }
  CHECK_FALSE(has(*text, "ControlMaster"));
  auto paths = plain_paths();
  paths.socket = "/run/my edged/admin.sock";
  paths.state = "/srv/state/edgectl";
  const auto more = ssh_config_text(paths);
  REQUIRE(more);
  CHECK(has(*more,
            "\n  ProxyCommand /usr/bin/edgectl --socket '/run/my edged/admin.sock' proxy --state "
            "/srv/state/edgectl -- '%h'\n"));
}

TEST_CASE("a path that cannot be quoted spoils the whole text, whichever it is") {
  for (auto member : {&SshConfigPaths::program, &SshConfigPaths::socket, &SshConfigPaths::state,
                      &SshConfigPaths::known_hosts, &SshConfigPaths::identity}) {
    auto paths = plain_paths();
    paths.*member = "/a\nHost *";
    CHECK_FALSE(ssh_config_text(paths));
  }
}

}  // namespace edge::control
