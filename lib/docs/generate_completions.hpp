// Completions for bash, zsh and fish from a program's command tree. Each script is self-contained:
// it finds out by itself which command the words before the cursor belong to.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "docs/tree.hpp"

namespace edge::docs {

// What completes a word of some kind (Argument::kind, Flag::value). Choices ("table|json"), FILE
// and FOLDER need no entry; any other kind is completed with nothing.
struct CompletionSource {
  std::vector<std::string> words;  // the candidates themselves,
  // or a command that prints them, one a line. The shell expands what it prints, so that it must
  // print plain names only.
  std::string command;
  bool after_user = false;  // USER@ may stand in front
};
using CompletionSources = std::map<std::string, CompletionSource>;

std::string bash_completion(const Command& program, const CompletionSources& sources);
std::string zsh_completion(const Command& program, const CompletionSources& sources);
std::string fish_completion(const Command& program, const CompletionSources& sources);

}  // namespace edge::docs
