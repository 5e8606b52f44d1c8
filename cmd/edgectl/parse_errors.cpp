#include "edgectl/parse_errors.hpp"

#include <CLI/CLI.hpp>

#include "base/text.hpp"
#include "docs/tree.hpp"

namespace edge::edgectl {
namespace {

std::vector<std::string> names_below(const docs::Command& command) {
  std::vector<std::string> names;
  for (const auto& child : command.commands) {
    names.push_back(child.name);
    names.insert(names.end(), child.aliases.begin(), child.aliases.end());
  }
  return names;
}

std::vector<std::string> flags_for(const docs::Command& program, const docs::Command& command) {
  std::vector<std::string> names;
  for (const auto* tree : {&program, &command}) {
    for (const auto& flag : tree->flags) {
      names.insert(names.end(), flag.names.begin(), flag.names.end());
    }
  }
  return names;
}

std::string did_you_mean(const std::string& word, const std::vector<std::string>& candidates) {
  const std::string meant = nearest(word, candidates);
  return meant.empty() ? "" : "; did you mean '" + meant + "'?";
}

// The command that the words in front of this one lead to. (CLI11 goes on after a word that it does
// not know, and may find a command further on.)
const CLI::App& command_before(const CLI::App& program, const std::string& word,
                               const std::vector<std::string>& arguments) {
  const CLI::App* app = &program;
  for (const auto& argument : arguments) {
    if (argument == word) break;
    const auto next =
        app->get_subcommands([&](const CLI::App* child) { return child->check_name(argument); });
    if (!next.empty()) app = next.front();
  }
  return *app;
}

Error explain_extra(const CLI::App& program, const std::string& word,
                    const std::vector<std::string>& arguments) {
  const docs::Command command = docs::read_tree(command_before(program, word, arguments));
  const std::string help = command.path + " --help";
  if (word.starts_with('-')) {
    return fail(Errc::usage,
                "unknown flag '" + word + "'" +
                    did_you_mean(word, flags_for(docs::read_tree(program), command)),
                help);
  }
  if (!command.commands.empty()) {
    return fail(Errc::usage,
                "unknown command '" + word + "'" + did_you_mean(word, names_below(command)), help);
  }
  if (command.name == "connect" || command.name == "exec") {
    return fail(Errc::usage, "'" + word + "' is one word too many; a far command stands after --",
                command.path + " NAME -- " + word);
  }
  return fail(Errc::usage, "'" + word + "' is one word too many", help);
}

}  // namespace

const CLI::App& innermost(const CLI::App& program) {
  const CLI::App* app = &program;
  while (!app->get_subcommands().empty()) app = app->get_subcommands().front();
  return *app;
}

Error explain_parse_error(const CLI::App& program, const CLI::ParseError& error,
                          const std::vector<std::string>& arguments) {
  const auto extras = program.remaining(true);
  if (dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr && !extras.empty()) {
    return explain_extra(program, extras.front(), arguments);
  }
  const docs::Command command = docs::read_tree(innermost(program));
  std::string message = error.what();
  for (char& c : message) {
    if (c == '\n') c = ' ';
  }
  return fail(Errc::usage, message, command.path + " --help");
}

}  // namespace edge::edgectl
