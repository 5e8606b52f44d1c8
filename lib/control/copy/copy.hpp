// `edgectl cp`: files to and from one node or many.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "control/copy/copy_place.hpp"
#include "control/copy/copy_terms.hpp"
#include "control/targets.hpp"
#include "control/terminal.hpp"

namespace edge::control {

struct CopyOptions {
  std::string socket;  // the admin socket
  CopyOrder order;
  std::vector<Target> nodes;  // at least one
  CopyTerms terms;
  std::size_t parallel = 16;         // nodes at once
  std::optional<milliseconds> wait;  // how long an offline endpoint is waited for
  bool quiet = false;
  bool json = false;  // what was done, as JSON on stdout
  std::filesystem::path state_folder;
  Terminal terminal;
};

// Copies and gives edgectl's exit status: 0, 10 when some of many (files or nodes) failed, else
// the code of what failed; 130 when interrupted. Prints its own errors.
Result<int> copy(const CopyOptions& options);

}  // namespace edge::control
