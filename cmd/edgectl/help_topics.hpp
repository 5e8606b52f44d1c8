// edgectl help TOPIC: what belongs to no single command. The man page has the same texts.
#pragma once

#include <string>
#include <vector>

#include "docs/generate_man.hpp"

namespace edge::edgectl {

struct HelpTopic {
  std::string name;     // "exit-codes"
  std::string summary;  // for the list of topics
  docs::ManSection section;
};

// Everything but the variables of the flags, which come from the tree.
std::vector<HelpTopic> help_topics();

// For a terminal.
std::string print_topic(const HelpTopic& topic);

}  // namespace edge::edgectl
