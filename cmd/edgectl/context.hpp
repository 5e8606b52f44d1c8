// What every command gets: the global flags, the daemon, and the world (streams, clock, terminal)
// as values, so that tests own all of it.
#pragma once

#include <filesystem>
#include <functional>
#include <istream>
#include <ostream>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/time.hpp"
#include "control/admin_client.hpp"
#include "control/errors_print.hpp"
#include "control/output_format.hpp"
#include "control/terminal.hpp"

namespace edge::edgectl {

// Flags as they were written; checked where they are used.
struct GlobalOptions {
  std::string socket;
  std::string output = "table";
  std::string color = "auto";
  std::string timeout = "30s";
  bool quiet = false;
  bool yes = false;
  bool no_headers = false;
  bool version = false;
  std::string generate_docs;  // hidden: a folder to write man pages and completions to
};

// The world outside. main makes the real one.
struct World {
  std::istream& in;
  std::ostream& out;
  std::ostream& err;
  control::Terminal terminal;
  control::TerminalEnvironment environment;
  const Clock& clock;
  std::filesystem::path config_file;   // may not exist
  std::filesystem::path state_folder;  // known host keys, the operator's identity
  std::filesystem::path home_folder;   // empty: there is none
  std::filesystem::path program;       // edgectl itself, as others may start it
};

struct Context {
  using Format = control::OutputFormat;

  World& world;
  const GlobalOptions& options;
  control::AdminClient api;
  Format format;
  bool colour_out = false;
  bool colour_err = false;
  std::vector<std::string> far_command;  // what stood after --, for connect

  bool names_only() const { return options.quiet || format.kind() == Format::Kind::name; }
  bool wide() const { return format.kind() == Format::Kind::wide; }
  bool json() const { return format.kind() == Format::Kind::json; }
  // The answer itself is wanted, in whatever form: print() it, and nothing else to stdout.
  bool structured() const { return format.is_structured(); }
  // REQUIRES: structured(). Gives the exit status.
  Result<int> print(const nlohmann::json& answer) const {
    auto printed = format.print(world.out, answer);
    if (!printed) return printed.error();
    return 0;
  }
  control::ErrorStyle style() const { return {json(), colour_err}; }
  WallTime now() const { return world.clock.wall(); }
};

// A command that was chosen and filled in; gives the exit status.
using Run = std::function<Result<int>(Context&)>;

}  // namespace edge::edgectl
