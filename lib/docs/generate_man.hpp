// Man pages from a program's command tree and from its settings.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "config/settings.hpp"
#include "docs/tree.hpp"

namespace edge::docs {

// A section that the tree does not know: paragraphs, then terms with their meaning.
struct ManSection {
  std::string title;                                         // "EXIT STATUS"
  std::string text;                                          // paragraphs, one a line; may be empty
  std::vector<std::pair<std::string, std::string>> terms{};  // may be empty
};

struct ManPage {
  int section = 1;
  std::string title;                  // "User Commands"
  std::string synopsis{};             // empty: usage_of() the program
  std::vector<ManSection> more;       // after the flags and the environment
  std::vector<std::string> see_also;  // "edged(8)"
};

// NAME, SYNOPSIS, DESCRIPTION, EXAMPLES, COMMANDS, OPTIONS, ENVIRONMENT, then page.more and SEE
// ALSO.
std::string man_of_program(const Command& program, const ManPage& page);

// A page of section 5: every key with its type, bounds, default and prose. `name` is "edged.yaml",
// `path` where the file lies.
std::string man_of_settings(const std::string& name, const std::string& path,
                            const std::string& summary, const std::vector<config::Key>& keys,
                            const std::vector<std::string>& see_also);

}  // namespace edge::docs
