#include "edgectl/generated_docs.hpp"

#include <CLI/CLI.hpp>

#include "config/settings.hpp"
#include "docs/generate_completions.hpp"
#include "docs/generate_man.hpp"
#include "edgectl/help_topics.hpp"

namespace edge::edgectl {
namespace {

docs::CompletionSources sources_of(const docs::Command& program) {
  docs::CompletionSources sources;
  sources["ENDPOINT"].command = "edgectl complete-names";
  sources["TARGET"].command = "edgectl complete-names";
  sources["TARGET"].after_user = true;
  config::FleetSettings settings;
  for (const auto& key : config::describe(settings)) sources["KEY"].words.push_back(key.path);
  for (const auto& topic : help_topics()) sources["TOPIC"].words.push_back(topic.name);
  for (const auto& command : program.commands) sources["TOPIC"].words.push_back(command.name);
  sources["DURATION"].words = {"5s", "30s", "1m", "10m", "1h", "24h"};
  return sources;
}

docs::ManPage man_page() {
  docs::ManPage page;
  page.section = 1;
  page.title = "User Commands";
  for (const auto& topic : help_topics()) page.more.push_back(topic.section);
  page.see_also = {"edged(8)", "edge-agent(8)", "edged.yaml(5)", "ssh(1)"};
  return page;
}

}  // namespace

std::vector<docs::GeneratedFile> generate_docs(const CLI::App& program) {
  const auto tree = docs::read_tree(program);
  const auto sources = sources_of(tree);
  return {{"man/edgectl.1", docs::man_of_program(tree, man_page())},
          {"completions/edgectl.bash", docs::bash_completion(tree, sources)},
          {"completions/_edgectl", docs::zsh_completion(tree, sources)},
          {"completions/edgectl.fish", docs::fish_completion(tree, sources)}};
}

}  // namespace edge::edgectl
