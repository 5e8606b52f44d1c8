// edgectl label
#include "base/text.hpp"
#include "control/json_fields.hpp"
#include "edgectl/choose.hpp"
#include "edgectl/commands.hpp"
#include "edgectl/endpoint_words.hpp"
#include "edgectl/label_words.hpp"
#include "edgectl/target_flags.hpp"

namespace edge::edgectl {
namespace {

using control::text_at;

struct Options {
  std::vector<std::string> words;  // names and changes
  control::TargetChoice choice;    // its selector alone is a flag
  bool overwrite = false;
  bool dry_run = false;
};

constexpr const char* kHint = "edgectl label shop-17 site=berlin tier-";

struct Wish {
  control::TargetChoice choice;
  fleet::LabelChange change;
};

Result<Wish> wish_of(const Options& options) {
  Wish wish;
  wish.choice = options.choice;
  wish.change.overwrite = options.overwrite;
  for (const auto& word : options.words) {
    if (!is_label_word(word)) {
      wish.choice.names.push_back(word);
    } else if (auto added = add_label_word(word, wish.change); !added) {
      return added.error();
    }
  }
  if (wish.change.empty()) {
    return fail(Errc::usage, "no label is given: KEY=VALUE sets one, KEY- removes one", kHint);
  }
  if (auto checked = fleet::check_change(wish.change); !checked) return checked.error();
  return wish;
}

nlohmann::json body_of(const std::vector<control::Target>& targets,
                       const fleet::LabelChange& change) {
  nlohmann::json body{{"endpoints", nlohmann::json::array()},
                      {"set", change.set},
                      {"remove", change.remove},
                      {"overwrite", change.overwrite}};
  for (const auto& target : targets) body["endpoints"].push_back(target.id);
  return body;
}

void say_result(Context& context, const nlohmann::json& answer, const fleet::LabelChange& change) {
  auto& out = context.world.out;
  const auto& items = control::list_at(answer, "items");
  if (context.names_only()) {
    for (const auto& item : items) out << printable(text_at(item, "name")) << '\n';
    return;
  }
  if (items.size() != 1) {
    out << "labelled " << items.size() << " endpoints: " << fleet::print_change(change) << '\n';
    return;
  }
  const auto text = labels_text(items.front());
  out << printable(text_at(items.front(), "name"))
      << (text.empty() ? " has no labels" : ": " + printable(text, 10'000)) << '\n';
}

Result<int> run(Context& context, const Options& options) {
  const auto wish = wish_of(options);
  if (!wish) return wish.error();
  const auto targets = find_targets(context, wish->choice);
  if (!targets) return targets.error();
  if (options.dry_run) {
    // It touches no node, so that nobody is asked; but a look before is free.
    const auto listed = agree_to_many(context, *targets, "label", "edgectl label", options.dry_run);
    if (!listed) return listed.error();
    return 0;
  }
  const auto answer = context.api.patch("/v1/labels", body_of(*targets, wish->change));
  if (!answer) return answer.error();
  if (context.structured()) return context.print(*answer);
  say_result(context, *answer, wish->change);
  return 0;
}

}  // namespace

void add_label(CLI::App& program, Run& chosen) {
  auto* command = program.add_subcommand(
      "label",
      "set and remove labels of endpoints\n\n"
      "All of the endpoints change or none. A label that has another value already is "
      "refused, unless --overwrite; removing one that is not there is no failure. "
      "No node hears of it.");
  command->footer(
      "edgectl label shop-17 site=berlin tier=prod\n"
      "edgectl label shop-17 tier-\ttake a label away\n"
      "edgectl label shop-17 shop-18 tier=dev --overwrite\n"
      "edgectl label -l site=berlin region=east\tall that have a label\n"
      "edgectl ls -q --state offline | edgectl label - broken=yes\tnames from stdin\n");
  auto options = std::make_shared<Options>();
  command
      ->add_option("WORD", options->words,
                   "endpoints by name or id (- reads them from stdin), and KEY=VALUE or KEY-")
      ->type_name("ENDPOINT")
      ->required();
  add_selector_flag(*command, options->choice);
  command->add_flag("--overwrite", options->overwrite, "replace values that are there");
  command->add_flag("--dry-run", options->dry_run, "list the endpoints, and change nothing");
  choose(*command, chosen, options, run);
}

}  // namespace edge::edgectl
