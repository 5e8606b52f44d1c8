// edgectl help [TOPIC | COMMAND...]
#include "docs/help.hpp"

#include "base/text.hpp"
#include "edgectl/choose.hpp"
#include "edgectl/commands.hpp"
#include "edgectl/help_topics.hpp"

namespace edge::edgectl {
namespace {

struct Options {
  std::vector<std::string> words;
  const CLI::App* program = nullptr;
};

Error unknown_topic(const CLI::App& below, const std::string& word) {
  std::vector<std::string> known;
  for (const auto& topic : help_topics()) known.push_back(topic.name);
  for (const auto& command : docs::read_tree(below).commands) known.push_back(command.name);
  const std::string meant = nearest(word, known);
  return fail(
      Errc::usage,
      "no help about '" + word + "'" + (meant.empty() ? "" : "; did you mean '" + meant + "'?"),
      "edgectl --help");
}

const CLI::App* find_command(const CLI::App& below, const std::string& word) {
  const auto found =
      below.get_subcommands([&](const CLI::App* command) { return command->check_name(word); });
  return found.empty() ? nullptr : found.front();
}

Result<int> run(Context& context, const Options& options) {
  if (options.words.size() == 1) {
    for (const auto& topic : help_topics()) {
      if (topic.name != options.words.front()) continue;
      context.world.out << print_topic(topic);
      return 0;
    }
  }
  const CLI::App* command = options.program;
  for (const auto& word : options.words) {
    const CLI::App* next = find_command(*command, word);
    if (next == nullptr) return unknown_topic(*command, word);
    command = next;
  }
  context.world.out << command->help();
  return 0;
}

}  // namespace

void add_help(CLI::App& program, Run& chosen) {
  std::string topics = "Topics:";
  for (const auto& topic : help_topics()) topics += "\n  " + topic.name + " - " + topic.summary;
  auto* command = program.add_subcommand("help", "help about a command or a topic\n\n" + topics);
  command->footer(
      "edgectl help endpoint create\n"
      "edgectl help exit-codes\n");
  auto options = std::make_shared<Options>();
  options->program = &program;
  command->add_option("WORD", options->words, "a command, or one of the topics below")
      ->type_name("TOPIC");
  choose(*command, chosen, options, run);
}

}  // namespace edge::edgectl
