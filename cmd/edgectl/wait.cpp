// edgectl wait
#include "base/text.hpp"
#include "control/exit_code.hpp"
#include "control/json_fields.hpp"
#include "control/progress.hpp"
#include "control/wait_for.hpp"
#include "edgectl/choose.hpp"
#include "edgectl/commands.hpp"
#include "edgectl/target_flags.hpp"

namespace edge::edgectl {
namespace {

struct Options {
  control::TargetChoice targets;
  std::string what = "online";
  std::string timeout = "10m";
  bool any = false;
  bool open = false;
};

Result<control::WaitOrder> order_of(Context& context, const Options& options) {
  control::WaitOrder order;
  order.what = options.what;
  order.any = options.any;
  order.open = options.open;
  if (options.open && options.what != "tunnel")
    return fail(Errc::usage, "--open is for tunnels only", "--for tunnel --open");
  if (options.timeout != "never") {
    order.timeout = parse_duration(options.timeout);
    if (!order.timeout || *order.timeout > std::chrono::hours{24})
      return fail(Errc::usage, "--timeout '" + options.timeout + "' is no duration of at most 24h",
                  "--timeout 10m, or --timeout never");
  }
  auto targets = find_targets(context, options.targets);
  if (!targets) return targets.error();
  order.targets = std::move(*targets);
  return order;
}

Result<int> print_outcome(Context& context, const control::WaitOrder& order,
                          const control::WaitOutcome& outcome) {
  return context.print({{"apiVersion", "edge/v1"},
                        {"for", order.what},
                        {"done", outcome.done},
                        {"items", outcome.met},
                        {"waiting", outcome.waiting},
                        {"others", outcome.others}});
}

Result<int> run(Context& context, const Options& options) {
  const auto order = order_of(context, options);
  if (!order) return order.error();
  auto& world = context.world;
  control::Progress progress(world.err, world.terminal, context.options.quiet);
  control::WaitNews news;
  if (!context.structured()) {
    news.met = [&](const nlohmann::json& endpoint) {
      progress.clear();
      const auto name = printable(control::text_at(endpoint, "name"));
      world.out << (context.names_only() ? name : control::met_text(order->what, name))
                << std::endl;
    };
  }
  if (world.terminal.err && !context.options.quiet)
    news.progress = [&](const std::string& text) { progress.show(text); };
  const auto outcome = control::wait_for(context.api, *order, news);
  progress.clear();
  if (!outcome) return outcome.error();
  if (context.structured()) {
    if (auto printed = print_outcome(context, *order, *outcome); !printed) return printed;
  }
  if (!outcome->done) return control::late_error(*order, *outcome, context.now());
  return control::kExitOk;
}

}  // namespace

void add_wait(CLI::App& program, Run& chosen) {
  auto* command = program.add_subcommand(
      "wait",
      "wait until endpoints are online, offline, or have a tunnel\n\n"
      "Each endpoint counts from when it is so for the first time, and is printed then; who is so "
      "already counts at once. Exit status 0: all are (with --any: one is); 6: the time was over, "
      "and the error says which are not and what they are; 3: there is no such endpoint. A restart "
      "of edged is waited out. --for tunnel waits for a tunnel that somebody else needs; with "
      "--open it is opened, and stays for tunnel.idle.");
  command->footer(
      "edgectl wait shop-17\tuntil it is online\n"
      "edgectl wait shop-17 --for offline && edgectl wait shop-17\tuntil it was started anew\n"
      "edgectl wait -l site=berlin --for online --timeout 15m\n"
      "edgectl wait shop-17 shop-18 --for tunnel --open\topen both\n"
      "edgectl ls -q | edgectl wait - --any --for offline --timeout never\tthe first that goes\n");
  auto options = std::make_shared<Options>();
  add_target_flags(*command, options->targets);
  command->add_option("--for", options->what, "what to wait for")
      ->type_name("online|offline|tunnel")
      ->default_str("online")
      ->check(CLI::Validator(
          [](std::string& text) {
            const bool known = text == "online" || text == "offline" || text == "tunnel";
            return known ? std::string() : "'" + text + "' is none of online|offline|tunnel";
          },
          ""));
  command->add_option("--timeout", options->timeout, "give up after this long; never: do not")
      ->type_name("DURATION")
      ->default_str("10m");
  command->add_flag("--any", options->any, "one of them is enough");
  command->add_flag("--open", options->open, "open the tunnels that are waited for");
  choose(*command, chosen, options, run);
}

}  // namespace edge::edgectl
