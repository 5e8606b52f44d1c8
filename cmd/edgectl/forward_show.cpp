// edgectl forward show
#include "base/rate.hpp"
#include "control/forward/forward_control.hpp"
#include "control/forward/forward_registry.hpp"
#include "control/json_fields.hpp"
#include "edgectl/choose.hpp"
#include "edgectl/commands.hpp"
#include "edgectl/forward_words.hpp"

namespace edge::edgectl {
namespace {

using control::text_at;

struct Options {
  std::string id;
};

std::string bytes_text(const nlohmann::json& forward) {
  return control::format_bytes(control::number_at(forward, "bytes-in")) + " in, " +
         control::format_bytes(control::number_at(forward, "bytes-out")) + " out";
}

std::string limit_text(const nlohmann::json& forward) {
  const auto limit = control::number_at(forward, "limit").value_or(0);
  return limit > 0 ? format_rate(static_cast<std::uint64_t>(limit)) + " bytes a second, each way"
                   : std::string();
}

void print_page(Context& context, const nlohmann::json& forward) {
  const auto now = context.now();
  control::Page page;
  page.add("id", text_at(forward, "id"));
  page.add("target", forward_target(forward));
  for (const auto& one : control::list_at(forward, "forwards")) {
    if (one.is_string()) page.add("forward", one.get<std::string>());
  }
  page.add("state", forward_state_cell(forward));
  page.add("state since", control::time_and_age(text_at(forward, "state-since"), now));
  page.add("session", text_at(forward, "session"));
  page.add("connections", control::count_at(forward, "open") + " open, " +
                              control::count_at(forward, "connections") + " in all, " +
                              control::count_at(forward, "refused") + " refused");
  page.add("bytes", bytes_text(forward));
  page.add("limit", limit_text(forward));
  page.add("last error", text_at(forward, "last-error"));
  page.add("started", control::time_and_age(text_at(forward, "since"), now));
  page.add("started by",
           text_at(forward, "started-by") + ", process " + control::count_at(forward, "process") +
               (control::is_true_at(forward, "detached") ? ", in the background" : ""));
  page.add("log", text_at(forward, "log"));
  page.print(context.world.out, context.colour_out);
}

Result<int> run(Context& context, const Options& options) {
  const control::ForwardRegistry registry(control::forwards_folder(context.world.state_folder));
  const auto forward = registry.show(options.id);
  if (!forward) return forward.error();
  if (context.json()) {
    control::print_json(context.world.out, *forward);
  } else if (context.names_only()) {
    context.world.out << text_at(*forward, "id") << '\n';
  } else {
    print_page(context, *forward);
  }
  return 0;
}

}  // namespace

void add_forward_show(CLI::App& noun, Run& chosen) {
  auto* command = noun.add_subcommand("show", "all about one of your forwards");
  command->footer("edgectl forward show 3a6d603a\nedgectl forward show 3a -o json\tfor programs\n");
  auto options = std::make_shared<Options>();
  command->add_option("ID", options->id, "as forward ls shows it, or its beginning")
      ->type_name("FORWARD-ID")
      ->required();
  choose(*command, chosen, options, run);
}

}  // namespace edge::edgectl
