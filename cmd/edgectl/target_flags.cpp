#include "edgectl/target_flags.hpp"

#include <CLI/CLI.hpp>

#include "base/text.hpp"
#include "control/output.hpp"
#include "edgectl/confirm.hpp"
#include "fleet/labels.hpp"

namespace edge::edgectl {
namespace {

constexpr std::size_t kNamesInQuestion = 5;

Result<int> list_targets(Context& context, const std::vector<control::Target>& targets) {
  auto& out = context.world.out;
  if (context.structured()) {
    auto items = nlohmann::json::array();
    for (const auto& target : targets) {
      items.push_back({{"id", target.id},
                       {"name", target.name},
                       {"state", target.state},
                       {"labels", target.labels}});
    }
    return context.print({{"apiVersion", "edge/v1"}, {"items", std::move(items)}});
  }
  if (context.names_only()) {
    for (const auto& target : targets) out << printable(target.name) << '\n';
    return 0;
  }
  control::Table table({"NAME", "STATE", "LAST SEEN", "LABELS"});
  for (const auto& target : targets) {
    table.add({target.name, target.state, control::ago(target.last_seen, context.now()),
               fleet::print_labels(target.labels)});
  }
  table.print(out, {!context.options.no_headers, context.colour_out, ""});
  return 0;
}

}  // namespace

void add_selector_flag(CLI::App& command, control::TargetChoice& choice) {
  command.add_option("-l,--selector", choice.selector, "those with these labels: site=berlin")
      ->type_name("SELECTOR")
      // An unset variable in a script must not mean all of them.
      ->check(CLI::Validator(
          [](std::string& text) {
            return text.find_first_not_of(" \t") == std::string::npos
                       ? std::string("the selector is empty")
                       : std::string();
          },
          ""));
}

void add_target_flags(CLI::App& command, control::TargetChoice& choice) {
  command.add_option("NAME", choice.names, "the endpoints, by name or id; - reads them from stdin")
      ->type_name("ENDPOINT");
  add_selector_flag(command, choice);
}

Result<std::vector<control::Target>> find_targets(Context& context,
                                                  const control::TargetChoice& choice) {
  return control::find_targets(context.api, choice, context.world.in);
}

std::string name_some(const std::vector<control::Target>& targets) {
  std::string text;
  const std::size_t shown = targets.size() > kNamesInQuestion ? kNamesInQuestion : targets.size();
  for (std::size_t i = 0; i < shown; ++i) {
    const bool last = i > 0 && i + 1 == targets.size();
    text += (i == 0 ? "" : last ? " and " : ", ") + printable(targets[i].name);
  }
  if (targets.size() > shown) text += " and " + std::to_string(targets.size() - shown) + " more";
  return text;
}

Result<Agreed> agree_to_many(Context& context, const std::vector<control::Target>& targets,
                             const std::string& what, const std::string& command, bool dry_run) {
  if (dry_run) {
    const auto listed = list_targets(context, targets);
    if (!listed) return listed.error();
    return Agreed::only_listed;
  }
  if (targets.size() < 2) return Agreed::yes;
  const auto agreed = agree(
      context,
      what + " on " + std::to_string(targets.size()) + " endpoints (" + name_some(targets) + ")?",
      command);
  if (!agreed) return agreed.error();
  return Agreed::yes;
}

}  // namespace edge::edgectl
