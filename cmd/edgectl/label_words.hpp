// Labels on the command line: KEY=VALUE and KEY-.
#pragma once

#include <string>
#include <vector>

#include "fleet/labels.hpp"

namespace CLI {
class App;
}

namespace edge::edgectl {

// No endpoint's name has a '=' or ends with a dash, so that they can stand among names.
bool is_label_word(const std::string& word);
// Errc::usage: a rule is broken, or the key was given before with another value.
Result<void> add_label_word(const std::string& word, fleet::LabelChange& change);

// -l KEY=VALUE,... of commands that make endpoints, as often as wanted.
void add_label_flag(CLI::App& command, std::vector<std::string>& words);
// What was given there; KEY- has no place among them.
Result<fleet::Labels> parse_labels(const std::vector<std::string>& words);

}  // namespace edge::edgectl
