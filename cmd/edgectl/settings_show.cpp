// edgectl settings show
#include <algorithm>

#include "base/text.hpp"
#include "control/json_fields.hpp"
#include "control/output.hpp"
#include "edgectl/choose.hpp"
#include "edgectl/commands.hpp"
#include "edgectl/settings_answer.hpp"
#include "edgectl/target_flags.hpp"

namespace edge::edgectl {
namespace {

using control::text_at;

struct Options {
  std::string key;
  std::string endpoint;
  control::TargetChoice choice;
};

// "14m left"; "" where it holds for good.
std::string time_left(const std::string& until, WallTime now) {
  const auto time = parse_rfc3339(until);
  return time ? format_age(*time - now) + " left" : until;
}

std::string until_text(const std::string& until, WallTime now) {
  return until + " (" + time_left(until, now) + ")";
}

Result<int> show_one(Context& context, const nlohmann::json& answer, const std::string& key) {
  const auto setting = find_setting(answer, key);
  if (!setting) return setting.error();
  if (context.structured()) {
    return context.print(*setting);
  }
  if (context.options.quiet) {
    context.world.out << printable(text_at(*setting, "value")) << '\n';
    return 0;
  }
  control::Page page;
  for (const char* field : {"key", "value", "default", "source"}) {
    page.add(field, text_at(*setting, field));
  }
  if (const auto until = text_at(*setting, "until"); !until.empty())
    page.add("until", until_text(until, context.now()) + ", then " + text_at(*setting, "then"));
  page.add("meaning", text_at(*setting, "prose"));
  page.print(context.world.out, context.colour_out);
  return 0;
}

// As they hold for several: a line for each endpoint and setting.
Result<int> show_many(Context& context, const Options& options) {
  auto choice = options.choice;
  if (!options.endpoint.empty()) choice.names.push_back(options.endpoint);
  const auto targets = find_targets(context, choice);
  if (!targets) return targets.error();
  auto items = nlohmann::json::array();
  control::Table table({"NAME", "KEY", "VALUE", "SOURCE"});
  for (const auto& target : *targets) {
    auto answer = context.api.get(settings_path(target.id));
    if (!answer) return answer.error();
    if (!options.key.empty()) {
      auto one = find_setting(*answer, options.key);
      if (!one) return one.error();
      (*answer)["settings"] = nlohmann::json::array({std::move(*one)});
    }
    for (const auto& setting : control::list_at(*answer, "settings")) {
      table.add({target.name, text_at(setting, "key"), text_at(setting, "value"),
                 text_at(setting, "source")});
    }
    items.push_back({{"id", target.id},
                     {"name", target.name},
                     {"settings", control::list_at(*answer, "settings")}});
  }
  if (context.structured()) {
    return context.print({{"apiVersion", "edge/v1"}, {"items", std::move(items)}});
  }
  table.print(context.world.out, {!context.options.no_headers, context.colour_out, ""});
  return 0;
}

void print_table(Context& context, const nlohmann::json& settings) {
  const bool any_until = std::any_of(settings.begin(), settings.end(), [](const auto& setting) {
    return !text_at(setting, "until").empty();
  });
  std::vector<std::string> headers{"KEY", "VALUE", "DEFAULT", "SOURCE"};
  if (any_until) headers.emplace_back("UNTIL");
  control::Table table(headers);
  for (const auto& setting : settings) {
    std::vector<control::Cell> row{text_at(setting, "key"), text_at(setting, "value"),
                                   text_at(setting, "default"), text_at(setting, "source")};
    if (any_until) row.emplace_back(time_left(text_at(setting, "until"), context.now()));
    table.add(std::move(row));
  }
  table.print(context.world.out, {!context.options.no_headers, context.colour_out, ""});
}

Result<int> run(Context& context, const Options& options) {
  if (!options.choice.empty()) return show_many(context, options);
  const auto answer = context.api.get(settings_path(options.endpoint));
  if (!answer) return answer.error();
  if (!options.key.empty()) return show_one(context, *answer, options.key);
  if (context.structured()) {
    return context.print(*answer);
  }
  const auto& settings = control::list_at(*answer, "settings");
  if (!context.options.quiet) {
    print_table(context, settings);
    return 0;
  }
  for (const auto& setting : settings)
    context.world.out << printable(text_at(setting, "key")) << '\n';
  return 0;
}

}  // namespace

void add_settings_show(CLI::App& noun, Run& chosen) {
  auto* command = noun.add_subcommand("show", "the settings, and where each value comes from");
  command->footer(
      "edgectl settings show\tfor all endpoints\n"
      "edgectl settings show --endpoint shop-17\tas they hold for one\n"
      "edgectl settings show check-in.interval\twhat it means\n"
      "edgectl settings show check-in.interval -l site=berlin\tas it holds for several\n");
  auto options = std::make_shared<Options>();
  command->add_option("KEY", options->key, "one setting, with what it means")->type_name("KEY");
  command->add_option("--endpoint", options->endpoint, "as they hold for this endpoint")
      ->type_name("ENDPOINT");
  add_target_flags(*command, options->choice);
  choose(*command, chosen, options, run);
}

}  // namespace edge::edgectl
