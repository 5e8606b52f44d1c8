// `edgectl exec`: one command on one endpoint, or on many of them.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "base/time.hpp"
#include "control/exec/exec_record.hpp"
#include "control/exec/fan_out.hpp"
#include "control/targets.hpp"
#include "control/terminal.hpp"

namespace edge::control {

struct ExecOptions {
  enum class Form { as_is, lines, groups, objects, folder };
  enum class OnOffline { skip, wait, fail };

  std::string socket;  // the admin socket
  std::vector<Target> targets;
  ExecOrder order;      // its names are not looked at: the targets are
  bool is_one = false;  // one endpoint, named: its status is ours, its errors are told in full
  FanOut::Limits limits;
  std::optional<milliseconds> timeout;  // for each, from the moment that it is its turn
  OnOffline on_offline = OnOffline::fail;
  milliseconds wait{0};  // how long those that are offline are waited for
  Form form = Form::lines;
  std::string log_dir;                          // of Form::folder
  std::optional<std::filesystem::path> record;  // of what became of them; nothing: none is kept
  bool quiet = false;
  Terminal terminal;
  bool colour_out = false, colour_err = false, dumb = false;
  std::filesystem::path state_folder;  // known host keys
  std::string spool_folder;            // for what is too much for the memory
  std::vector<std::pair<std::string, std::string>> environment;  // offered to the far side
};

// Runs it and gives edgectl's exit status; an Error: nothing was begun.
Result<int> exec(const ExecOptions& options);

}  // namespace edge::control
