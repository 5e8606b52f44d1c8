// edged: flags -> configuration -> compose -> run.
#include <systemd/sd-daemon.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdlib>
#include <iostream>

#include "base/log.hpp"
#include "crypto/random.hpp"
#include "docs/generate_man.hpp"
#include "docs/help.hpp"
#include "docs/write_pages.hpp"
#include "edged/init.hpp"
#include "server/daemon.hpp"
#include "ssh/key.hpp"

namespace {

using edge::config::EdgedConfig;

constexpr int kFailure = 1;
constexpr int kUsage = 2;
constexpr std::chrono::seconds kLastLines{2};  // of the log, to be written at the end

struct Flags {
  std::filesystem::path config{"/etc/edged/edged.yaml"};
  bool check = false, foreground = false;
  std::string log_level;
  std::filesystem::path docs;
};

int complain(const edge::Error& error) {
  std::cerr << "edged: " << error.message << '\n';
  if (!error.hint.empty()) std::cerr << "  hint: " << error.hint << '\n';
  return error.code == edge::Errc::usage ? kUsage : kFailure;
}

edge::Result<EdgedConfig> load(const Flags& flags) {
  EdgedConfig config;
  if (auto read = edge::config::load_yaml_file(flags.config, edge::config::describe(config));
      !read) {
    return read.error();
  }
  if (!flags.log_level.empty() && !edge::log::parse_level(flags.log_level, config.log_level)) {
    return edge::fail(edge::Errc::usage, "--log-level: debug, info, warning or error");
  }
  if (auto good = edge::config::check(config); !good) return good.error();
  return config;
}

edge::milliseconds watchdog_interval() {
  std::uint64_t microseconds = 0;
  if (sd_watchdog_enabled(0, &microseconds) <= 0) return edge::milliseconds{0};
  return edge::milliseconds(static_cast<std::int64_t>(microseconds / 1000 / 3));
}

int run(const Flags& flags, const EdgedConfig& config) {
  std::signal(SIGPIPE, SIG_IGN);
  edge::server::DaemonHooks hooks;
  hooks.ready = [] { sd_notify(0, "READY=1"); };
  hooks.status = [](const std::string& text) { sd_notify(0, ("STATUS=" + text).c_str()); };
  hooks.alive = [] { sd_notify(0, "WATCHDOG=1"); };
  hooks.alive_every = watchdog_interval();
  hooks.reload = [flags] { return load(flags); };
  auto daemon = edge::server::Daemon::start(config, std::move(hooks));
  if (!daemon) return complain(daemon.error());
  const bool clean = (*daemon)->run();
  sd_notify(0, "STOPPING=1");
  return clean ? 0 : kFailure;
}

int serve(const Flags& flags) {
  auto config = load(flags);
  if (!config) return complain(config.error());
  if (flags.check) {
    std::cout << flags.config.string() << ": good\n";
    return 0;
  }
  edge::log::start(config->log_level, std::getenv("JOURNAL_STREAM") != nullptr);
  edge::log::write_behind();
  const int status = run(flags, *config);
  if (!edge::log::finish(kLastLines)) std::_Exit(status);
  return status;
}

int generate(const CLI::App& app, const std::filesystem::path& folder) {
  namespace docs = edge::docs;
  EdgedConfig config;
  docs::ManPage page;
  page.section = 8;
  page.title = "System Administration";
  page.more = {{"SIGNALS",
                "",
                {{"SIGTERM, SIGINT",
                  "drain: stop accepting, tell agents and sessions, close tunnels, store, exit"},
                 {"SIGHUP", "read the certificate and the log level anew"}}},
               {"EXIT STATUS",
                "",
                {{"0", "a clean stop"},
                 {"1", "failure"},
                 {"2", "the command or the configuration is wrong"}}},
               {"FILES",
                "",
                {{"/etc/edged/edged.yaml", "the configuration, edged.yaml(5)"},
                 {"/var/lib/edged", "the store and the keys of TLS session tickets; 0700"},
                 {"/run/edged/admin.sock",
                  "where edgectl connects; who may open it has root on every node"}}}};
  page.see_also = {"edged.yaml(5)", "edgectl(1)", "edge-agent(8)"};
  const auto written = docs::write_pages(
      folder, {{"man/edged.8", docs::man_of_program(docs::read_tree(app), page)},
               {"man/edged.yaml.5",
                docs::man_of_settings("edged.yaml", "/etc/edged/edged.yaml",
                                      "configuration of edged", edge::config::describe(config),
                                      {"edged(8)", "edge-agent.yaml(5)"})}});
  return written ? 0 : complain(written.error());
}

std::string version_text() {
  return std::string("edged ") + EDGE_VERSION + " (libssh " + edge::ssh::library_version() +
         ", OpenSSL " + edge::crypto::library_version() + ")";
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{
      "the daemon that agents dial and operators reach\n\n"
      "edged listens on a poll port (HTTPS), where agents ask whether they are needed, and on a "
      "tunnel port (SSH), where "
      "an agent that is needed opens a reverse tunnel. Operators reach it through a local socket "
      "only, with edgectl(1).",
      "edged"};
  edge::docs::use_help(app);
  Flags flags;
  edge::edged::InitOptions init;
  app.set_version_flag("--version", version_text(),
                       "print the versions of edged, libssh and OpenSSL");
  app.add_option("--config", flags.config, "the configuration, edged.yaml(5)")
      ->type_name("FILE")
      ->capture_default_str()
      ->envname("EDGED_CONFIG");
  app.add_flag("--check-config", flags.check,
               "read the configuration, print every mistake with its line, and exit");
  app.add_option("--log-level", flags.log_level, "wins over the configuration")
      ->type_name("debug|info|warning|error");
  app.add_flag("--foreground", flags.foreground,
               "the only mode: edged never puts itself into the background");
  app.add_option("--generate-docs", flags.docs)->group("");
  app.fallthrough();  // before the subcommands: they inherit it
  auto* init_command = edge::edged::add_init(app, init);
  app.require_subcommand(0, 1);
  app.footer(
      "edged init --url https://edge.example.com:9000 --tunnel edge.example.com:8000\tmake keys "
      "and configuration\n"
      "edged --check-config\tprint every mistake with its line\n"
      "edged --config /etc/edged/edged.yaml\tserve\n");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kUsage;
  }
  if (!flags.docs.empty()) {
    return generate(app, flags.docs);
  }
  if (init_command->parsed()) {
    auto made = edge::edged::init(init, flags.config);
    if (!made) return complain(made.error());
    std::cout << *made;
    return 0;
  }
  return serve(flags);
}
