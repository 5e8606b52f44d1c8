#include "docs/help.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>

#include "docs/completion_parts.hpp"
#include "docs/fill.hpp"

namespace edge::docs {
namespace {

struct Row {
  std::string left;
  std::string right;
};

std::string print_rows(const std::string& title, const std::vector<Row>& rows, std::size_t widest) {
  if (rows.empty()) return "";
  std::size_t width = 0;
  for (const auto& row : rows) {
    if (row.left.size() <= widest) width = std::max(width, row.left.size());
  }
  const std::size_t indent = width + 4;
  std::string out = "\n" + title + "\n";
  for (const auto& row : rows) {
    out += "  " + row.left;
    if (!row.right.empty()) {
      out += row.left.size() <= width ? std::string(width - row.left.size() + 2, ' ')
                                      : "\n" + std::string(indent, ' ');
      out += fill(row.right, indent, indent);
    }
    out += "\n";
  }
  return out;
}

std::string print_examples(const Command& command) {
  std::vector<Row> rows;
  for (const auto& example : command.examples) rows.push_back({example.command, example.meaning});
  return print_rows("EXAMPLES", rows, 54);
}

std::string print_arguments(const Command& command) {
  std::vector<Row> rows;
  for (const auto& argument : command.arguments) rows.push_back({argument.name, argument.prose});
  return print_rows("ARGUMENTS", rows, 24);
}

std::string print_flags(const Command& command) {
  std::vector<Row> rows;
  for (const auto& flag : command.flags) {
    const std::string text = flag.default_text.empty()
                                 ? flag.prose
                                 : flag.prose + " (default " + flag.default_text + ")";
    const bool long_only = flag.names.front().starts_with("--");
    rows.push_back({(long_only ? "    " : "") + spelling_of(flag), text});
  }
  return print_rows("FLAGS", rows, 30);
}

std::string print_commands(const Command& command) {
  std::vector<std::string> groups;
  for (const auto& child : command.commands) {
    if (std::find(groups.begin(), groups.end(), child.group) == groups.end()) {
      groups.push_back(child.group);
    }
  }
  std::string out;
  for (const auto& group : groups) {
    std::vector<Row> rows;
    for (const auto& child : command.commands) {
      if (child.group == group) rows.push_back({child.name, child.summary});
    }
    out += print_rows(group == "Subcommands" ? "COMMANDS" : group, rows, 24);
  }
  return out;
}

class HelpFormatter final : public CLI::FormatterBase {
 public:
  std::string make_help(const CLI::App* app, std::string, CLI::AppFormatMode) const override {
    return help_of(read_tree(*app));
  }
};

}  // namespace

std::string help_of(const Command& command) {
  std::string out = fill(command.path + " - " + command.summary, 2, 0) + "\n";
  out += print_examples(command);
  out += "\nUSAGE\n  " + usage_of(command) + "\n";
  if (!command.aliases.empty()) out += "  (also " + join(command.aliases, ", ") + ")\n";
  out += print_commands(command);
  out += print_arguments(command);
  out += print_flags(command);
  if (!command.detail.empty()) out += "\n" + fill_paragraphs(command.detail);
  return out;
}

void use_help(CLI::App& app) {
  app.formatter(std::make_shared<HelpFormatter>());
  app.set_help_flag("-h,--help", "show this help");
}

}  // namespace edge::docs
