#include "edged/init.hpp"

#include <pwd.h>
#include <unistd.h>

#include <vector>

#include "base/address.hpp"
#include "base/files.hpp"
#include "config/settings.hpp"
#include "crypto/certificate.hpp"
#include "ssh/key.hpp"

namespace edge::edged {
namespace {

namespace fs = std::filesystem;

const fs::path kPackagedConfig{"/etc/edged/edged.yaml"};

// Under the packaged path the packaged folders; anywhere else everything beside the configuration.
config::EdgedConfig plan(const InitOptions& options, const fs::path& file, const Url& url,
                         const HostPort& tunnel) {
  config::EdgedConfig config;
  const auto folder = fs::absolute(file).parent_path();
  config.poll_url = format_url(url);
  config.tunnel_address = format_host_port(tunnel);
  config.poll_listen = {options.poll_listen.empty() ? "[::]:" + std::to_string(url.address.port)
                                                    : options.poll_listen};
  config.tunnel_listen = {options.tunnel_listen.empty() ? "[::]:" + std::to_string(tunnel.port)
                                                        : options.tunnel_listen};
  config.certificate = folder / "tls.crt";
  config.certificate_key = folder / "tls.key";
  config.host_key = folder / "ssh_host_ed25519_key";
  if (fs::absolute(file) != kPackagedConfig) {
    config.state = folder / "state";
    config.admin_socket = folder / "run" / "admin.sock";
    config.admin_group.clear();
  }
  if (!options.state.empty()) config.state = fs::absolute(options.state);
  return config;
}

// Made as root for a daemon that runs as a user of its own: the files must be that user's.
void give_to_daemon(const std::vector<fs::path>& files) {
  if (::geteuid() != 0) return;
  const auto* user = ::getpwnam("edged");
  if (user == nullptr) return;
  for (const auto& file : files) (void)!::chown(file.c_str(), user->pw_uid, user->pw_gid);
}

}  // namespace

CLI::App* add_init(CLI::App& app, InitOptions& options) {
  auto* command =
      app.add_subcommand("init", "make keys, certificate and configuration; refuses to overwrite");
  command->add_option("--url", options.url, "what agents dial to ask, https://HOST:PORT")
      ->type_name("URL")
      ->required();
  command->add_option("--tunnel", options.tunnel, "what agents dial to connect, HOST:PORT")
      ->type_name("ADDRESS")
      ->required();
  command
      ->add_option("--poll-listen", options.poll_listen,
                   "where the poll port listens; default: [::] and the URL's port")
      ->type_name("ADDRESS");
  command
      ->add_option("--tunnel-listen", options.tunnel_listen,
                   "where the tunnel port listens; default: [::] and its port")
      ->type_name("ADDRESS");
  command
      ->add_option("--state", options.state,
                   "the state folder; default: /var/lib/edged, or beside --config elsewhere")
      ->type_name("FOLDER");
  return command;
}

Result<std::string> init(const InitOptions& options, const fs::path& config_file) {
  auto url = parse_https_url(options.url);
  if (!url)
    return fail(Errc::usage, "--url: " + url.error().message,
                "--url https://edge.example.com:9000");
  auto tunnel = parse_host_port(options.tunnel);
  if (!tunnel)
    return fail(Errc::usage, "--tunnel: " + tunnel.error().message,
                "--tunnel edge.example.com:8000");
  auto config = plan(options, config_file, *url, *tunnel);
  if (auto good = config::check(config); !good) return good.error();
  for (const auto& path :
       {config_file, config.certificate, config.certificate_key, config.host_key}) {
    std::error_code ignored;
    if (fs::exists(path, ignored)) {
      return fail(Errc::conflict, path.string() + " exists already: nothing was changed",
                  "move it away for a new server; agents that pin its keys will be lost");
    }
  }
  auto names = std::vector{url->address.host};
  if (tunnel->host != url->address.host) names.push_back(tunnel->host);
  auto identity = crypto::make_tls_identity(names);
  if (!identity) return identity.error();
  auto host_key = ssh::Key::generate();
  if (!host_key) return host_key.error();
  auto pin = crypto::pin_of_certificate(identity->certificate_pem);
  if (!pin) return pin.error();
  const auto yaml = config::print_yaml(
      config::describe(config),
      {"poll.listen", "poll.url", "tunnel.listen", "tunnel.address", "admin.socket", "admin.group",
       "state", "tls.certificate", "tls.key", "ssh.host-key"},
      "edged.yaml(5). Written by edged init.");

  std::error_code ignored;
  const auto folder = fs::absolute(config_file).parent_path();
  if (!fs::exists(folder, ignored)) {
    if (auto made = make_folder(folder, 0755); !made) return made.error();
  }
  // The configuration last: without it nothing starts, so a half-made server is never served from.
  auto written = write_file(config.certificate_key, identity->key_pem.reveal(), 0600);
  if (written) written = write_file(config.certificate, identity->certificate_pem, 0644);
  if (written) written = write_file(config.host_key, host_key->private_text().reveal(), 0600);
  if (written) written = write_file(config_file, yaml, 0644);
  if (!written) return written.error();
  give_to_daemon({config.certificate_key, config.certificate, config.host_key});
  return "made " + config_file.string() + "\n  poll port    " + config.poll_listen.front() +
         ", agents dial " + config.poll_url + "\n               pin " + *pin + "\n  tunnel port  " +
         config.tunnel_listen.front() + ", agents dial " + config.tunnel_address +
         "\n               host key " + host_key->fingerprint() + "\n  admin socket " +
         config.admin_socket.string() + "\n  state        " + config.state.string() +
         "\nnext: systemctl start edged   (or: edged --config " + config_file.string() + ")\n";
}

}  // namespace edge::edged
