#include "docs/generate_man.hpp"

#include <algorithm>
#include <map>

#include "docs/roff.hpp"

namespace edge::docs {
namespace {

std::string joined(const std::vector<std::string>& words, const char* separator) {
  std::string out;
  for (const auto& word : words) out += (out.empty() ? "" : separator) + word;
  return out;
}

// Prose in the tree begins in lower case and has no full stop, as flags do in --help.
std::string sentence(std::string text) {
  if (text.empty()) return text;
  if (text.front() >= 'a' && text.front() <= 'z') {
    text.front() = static_cast<char>(text.front() - 'a' + 'A');
  }
  return text.ends_with('.') ? text : text + ".";
}

std::string prose_of(const Flag& flag) {
  std::string prose = sentence(flag.prose);
  if (!flag.default_text.empty()) prose += " Default: " + flag.default_text + ".";
  return prose;
}

// As a shell would take them, the meaning as a comment.
void add_examples(RoffPage& out, const Command& command) {
  std::size_t width = 0;
  for (const auto& example : command.examples) width = std::max(width, example.command.size());
  std::string lines;
  for (const auto& example : command.examples) {
    lines += example.command;
    if (!example.meaning.empty()) {
      lines += std::string(width - example.command.size() + 2, ' ') + "# " + example.meaning;
    }
    lines += '\n';
  }
  out.code(lines);
}

void add_flags(RoffPage& out, const std::vector<Flag>& flags) {
  for (const auto& flag : flags) {
    if (flag.names.back() != "--help") out.definition(spelling_of(flag), prose_of(flag));
  }
}

void add_command(RoffPage& out, const Command& command) {
  if (command.commands.empty()) {
    out.subsection(usage_of(command));
    out.paragraph(sentence(command.summary));
    out.text(command.detail);
    for (const auto& argument : command.arguments) {
      if (!argument.prose.empty()) out.definition(argument.name, sentence(argument.prose));
    }
    add_flags(out, command.flags);
    if (!command.examples.empty()) add_examples(out, command);
    return;
  }
  for (const auto& child : command.commands) add_command(out, child);
}

// One variable may serve the same flag of several commands.
void collect_variables(const Command& command, std::map<std::string, std::string>& variables) {
  for (const auto& flag : command.flags) {
    if (flag.variable.empty()) continue;
    auto& text = variables[flag.variable];
    const std::string flag_name = flag.names.back();
    if (text.empty()) text = "The same as " + flag_name + ".";
  }
  for (const auto& child : command.commands) collect_variables(child, variables);
}

void add_section(RoffPage& out, const ManSection& section) {
  out.section(section.title);
  out.text(section.text);
  for (const auto& [term, meaning] : section.terms) out.definition(term, meaning);
}

void add_see_also(RoffPage& out, const std::vector<std::string>& pages) {
  if (pages.empty()) return;
  out.section("SEE ALSO");
  out.paragraph(joined(pages, ", "));
}

struct KindOfValue {
  std::string operator()(std::string*) const { return "text"; }
  std::string operator()(Secret*) const { return "text, never shown"; }
  std::string operator()(std::vector<std::string>*) const { return "list of texts"; }
  std::string operator()(std::uint32_t*) const { return "number"; }
  std::string operator()(bool*) const { return "true or false"; }
  std::string operator()(milliseconds*) const { return "duration"; }
  std::string operator()(Rate*) const { return "rate as 500K, 10M or 80Mbit, or off"; }
  std::string operator()(std::filesystem::path*) const { return "path"; }
  std::string operator()(log::Level*) const { return "debug, info, warning or error"; }
};

std::string bound_text(const config::Key& key, std::int64_t bound) {
  if (!std::holds_alternative<milliseconds*>(key.target)) return std::to_string(bound);
  return format_duration(milliseconds{bound});
}

std::string bounds_of(const config::Key& key) {
  const bool counts = std::holds_alternative<milliseconds*>(key.target) ||
                      std::holds_alternative<std::uint32_t*>(key.target);
  if (!counts) return "";
  std::string text;
  if (key.least > 0) text += ", at least " + bound_text(key, key.least);
  if (key.most < INT64_MAX) text += ", at most " + bound_text(key, key.most);
  return key.can_be_off ? text + ", or off" : text;
}

std::string prose_of(const config::Key& key) {
  const std::string value = config::get_value(key);
  // "none" may be something to write there.
  const char* nothing = std::holds_alternative<Secret*>(key.target) ? "empty" : "none";
  return sentence(key.prose) + " (" + std::visit(KindOfValue{}, key.target) + bounds_of(key) +
         "; default: " + (value.empty() ? nothing : value) + ")";
}

}  // namespace

std::string man_of_program(const Command& program, const ManPage& page) {
  RoffPage out(program.name, page.section, page.title);
  out.section("NAME");
  out.paragraph(program.name + " - " + program.summary);
  out.section("SYNOPSIS");
  out.paragraph(page.synopsis.empty() ? usage_of(program) : page.synopsis);
  if (!program.detail.empty()) {
    out.section("DESCRIPTION");
    out.text(program.detail);
  }
  if (!program.examples.empty()) {
    out.section("EXAMPLES");
    add_examples(out, program);
  }
  if (!program.commands.empty()) {
    out.section("COMMANDS");
    for (const auto& child : program.commands) add_command(out, child);
  }
  out.section("OPTIONS");
  if (!program.commands.empty()) {
    out.paragraph("These go before or after any command. --help shows a command's own page.");
  }
  add_flags(out, program.flags);
  std::map<std::string, std::string> variables;
  collect_variables(program, variables);
  if (!variables.empty()) {
    add_section(out, {"ENVIRONMENT",
                      "A flag given wins over its variable.",
                      {variables.begin(), variables.end()}});
  }
  for (const auto& section : page.more) add_section(out, section);
  add_see_also(out, page.see_also);
  return out.str();
}

std::string man_of_settings(const std::string& name, const std::string& path,
                            const std::string& summary, const std::vector<config::Key>& keys,
                            const std::vector<std::string>& see_also) {
  RoffPage out(name, 5, "File Formats");
  out.section("NAME");
  out.paragraph(name + " - " + summary);
  out.section("SYNOPSIS");
  out.paragraph(path);
  out.section("DESCRIPTION");
  out.paragraph(
      "YAML. Every key has a default and may be left out; an unknown key is an error that names "
      "its "
      "line. A key a.b is written as b below a:");
  out.code("a:\n  b: value");
  out.paragraph("Durations are a number with ms, s, m, h or d, as in 5s.");
  out.section("KEYS");
  for (const auto& key : keys) out.definition(key.path, prose_of(key));
  add_see_also(out, see_also);
  return out.str();
}

}  // namespace edge::docs
