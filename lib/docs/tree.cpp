#include "docs/tree.hpp"

#include <CLI/CLI.hpp>
#include <sstream>

namespace edge::docs {
namespace {

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, separator);) parts.push_back(part);
  return parts;
}

std::string path_of(const CLI::App& app) {
  const CLI::App* parent = app.get_parent();
  return parent == nullptr ? app.get_name() : path_of(*parent) + " " + app.get_name();
}

std::vector<Example> read_examples(const std::string& footer) {
  std::vector<Example> examples;
  for (const auto& line : split(footer, '\n')) {
    const auto begin = line.find_first_not_of(' ');
    if (begin == std::string::npos || line == "EXAMPLES") continue;
    const auto tab = line.find('\t');
    examples.push_back({line.substr(begin, tab == std::string::npos ? tab : tab - begin),
                        tab == std::string::npos ? "" : line.substr(tab + 1)});
  }
  return examples;
}

Argument read_argument(const CLI::Option& option) {
  return {option.get_name(true, false), option.get_type_name(), option.get_description(),
          option.get_required(), option.get_expected_max() > 1};
}

Flag read_flag(const CLI::Option& option) {
  Flag flag;
  for (const auto& name : option.get_snames()) flag.names.push_back("-" + name);
  for (const auto& name : option.get_lnames()) flag.names.push_back("--" + name);
  const bool is_switch = option.get_type_size() == 0 || option.get_expected_max() == 0;
  if (!is_switch) flag.value = option.get_type_name();
  if (flag.value.find('|') != std::string::npos) flag.choices = split(flag.value, '|');
  flag.prose = option.get_description();
  if (!is_switch) flag.default_text = option.get_default_str();
  flag.variable = option.get_envname();
  return flag;
}

}  // namespace

Command read_tree(const CLI::App& app) {
  Command command;
  command.name = app.get_name();
  command.path = path_of(app);
  command.aliases = app.get_aliases();
  command.group = app.get_group();
  std::string description = app.get_description();
  if (description.starts_with(command.name + ": ")) description.erase(0, command.name.size() + 2);
  const auto end = description.find("\n\n");
  command.summary = description.substr(0, end);
  if (end != std::string::npos) command.detail = description.substr(end + 2);
  command.examples = read_examples(app.get_footer());

  for (const CLI::Option* option : app.get_options([](const CLI::Option*) { return true; })) {
    if (option->get_group().empty()) continue;
    if (option->get_positional()) {
      command.arguments.push_back(read_argument(*option));
    } else {
      command.flags.push_back(read_flag(*option));
    }
  }
  for (const CLI::App* child : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (!child->get_group().empty()) command.commands.push_back(read_tree(*child));
  }
  return command;
}

std::string usage_of(const Command& command) {
  std::string usage = command.path;
  for (const auto& argument : command.arguments) {
    const std::string word = argument.name + (argument.repeated ? "..." : "");
    const bool stands_alone = argument.required || !command.commands.empty();
    usage += stands_alone ? " " + word : " [" + word + "]";
  }
  if (!command.commands.empty()) usage += command.arguments.empty() ? " COMMAND" : " | COMMAND";
  return usage + " [flags]";
}

std::string spelling_of(const Flag& flag) {
  std::string spelling;
  for (const auto& name : flag.names) spelling += (spelling.empty() ? "" : ", ") + name;
  return flag.value.empty() ? spelling : spelling + " " + flag.value;
}

}  // namespace edge::docs
