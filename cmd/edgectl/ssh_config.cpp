// edgectl ssh-config: what makes stock ssh reach NAME.edge
#include <pwd.h>
#include <unistd.h>

#include "control/exit_code.hpp"
#include "control/operator_identity.hpp"
#include "control/ssh_config_text.hpp"
#include "control/ssh_folder.hpp"
#include "control/ssh_known_hosts.hpp"
#include "edgectl/choose.hpp"
#include "edgectl/commands.hpp"
#include "edgectl/config_file.hpp"

namespace edge::edgectl {
namespace {

struct Options {
  bool write = false;
};

// What `edgectl proxy` would not find by itself when ssh starts it.
Result<control::SshConfigPaths> paths_for(const Context& context) {
  const auto& world = context.world;
  if (world.home_folder.empty() || world.state_folder.empty())
    return fail(Errc::usage, "there is no home folder: HOME is not set",
                "HOME=FOLDER edgectl ssh-config");
  control::SshConfigPaths paths;
  paths.program = world.program;
  const auto config = load_config_file(world.config_file);
  if (!config) return config.error();
  if (context.api.socket() != config->socket)
    paths.socket = std::filesystem::absolute(context.api.socket());
  if (world.state_folder != world.home_folder / ".local/state/edgectl")
    paths.state = world.state_folder;
  paths.known_hosts = control::ssh_known_hosts_file(world.state_folder);
  paths.identity = control::identity_file(world.state_folder);
  return paths;
}

// A proxy brings each endpoint's lines along: without edged there is just nothing to begin with.
Result<void> write_known_hosts(const Context& context) {
  const auto& folder = context.world.state_folder;
  const auto endpoints = context.api.get("/v1/endpoints");
  if (endpoints)
    return control::write_ssh_known_hosts(folder,
                                          endpoints->value("items", nlohmann::json::array()));
  control::print_warning(context.world.err,
                         "known hosts are added as you connect: " + endpoints.error().message,
                         context.style());
  return {};
}

// ssh goes by the account's home folder, whatever HOME says.
bool is_where_ssh_looks(const std::filesystem::path& home) {
  const auto* account = ::getpwuid(::geteuid());
  std::error_code ignored;
  return account == nullptr || std::filesystem::equivalent(home, account->pw_dir, ignored);
}

void tell(const Context& context, const control::SshFolderWritten& written) {
  if (context.options.quiet) return;
  auto& out = context.world.out;
  const bool found = is_where_ssh_looks(context.world.home_folder);
  out << "wrote " << written.include_file.string() << '\n'
      << written.config.string()
      << (written.config_changed ? " includes it now" : " included it already") << '\n'
      << "next: ssh " << (found ? "" : "-F " + written.config.string() + " ") << "NAME.edge\n";
}

Result<int> run(Context& context, const Options& options) {
  const auto paths = paths_for(context);
  if (!paths) return paths.error();
  const auto text = control::ssh_config_text(*paths);
  if (!text) return text.error();
  if (!options.write) {
    context.world.out << *text;
    return control::kExitOk;
  }
  const auto written = control::write_ssh_folder(context.world.home_folder, *text);
  if (!written) return written.error();
  if (auto identity = control::operator_identity(context.world.state_folder); !identity)
    return identity.error();
  if (auto known = write_known_hosts(context); !known) return known.error();
  tell(context, *written);
  return control::kExitOk;
}

}  // namespace

void add_ssh_config(CLI::App& program, Run& chosen) {
  auto* command = program.add_subcommand(
      "ssh-config",
      "make ssh, scp, sftp, rsync, sshfs, git and ansible reach NAME.edge\n\n"
      "Prints what ssh needs for that. With --write it becomes ~/.ssh/edge.conf, and an Include of "
      "it the first line of ~/.ssh/config, unless that is there already. Your identity "
      "(id_ed25519) and the known hosts (ssh_known_hosts) are in ~/.local/state/edgectl; edgectl "
      "proxy keeps the known hosts up to date, so that endpoints which come later need no other "
      "--write.");
  command->footer(
      "edgectl ssh-config --write\tonce; then ssh shop-17.edge, deploy@shop-17.edge, scp, "
      "rsync...\n"
      "edgectl ssh-config\tonly see what it would write\n");
  auto options = std::make_shared<Options>();
  command->add_flag("--write", options->write, "write it, instead of only printing it");
  choose(*command, chosen, options, run);
}

}  // namespace edge::edgectl
