// The whole command line of edgectl as one CLI::App, for parsing, --help, man pages and
// completions.
#pragma once

#include <memory>

#include "edgectl/context.hpp"

namespace CLI {
class App;
}

namespace edge::edgectl {

struct CommandTree {
  CommandTree();
  ~CommandTree();
  CommandTree(const CommandTree&) = delete;
  CommandTree& operator=(const CommandTree&) = delete;

  GlobalOptions options;  // filled by parsing
  Run chosen;             // empty when no command was given
  std::unique_ptr<CLI::App> app;
};

}  // namespace edge::edgectl
