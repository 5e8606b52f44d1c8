// edgectl cp: from the command line to control::copy
#include "base/rate.hpp"
#include "control/copy/copy.hpp"
#include "edgectl/choose.hpp"
#include "edgectl/commands.hpp"
#include "edgectl/connect_target.hpp"
#include "edgectl/target_flags.hpp"

namespace edge::edgectl {
namespace {

using control::CopyPlace;

struct Options {
  std::vector<std::string> places;
  control::TargetChoice choice;  // of ':PATH' and '-:PATH'
  std::string limit, wait;
  std::size_t parallel = 16;
  control::CopyTerms terms;
  bool dry_run = false;
};

Result<control::TargetChoice> choice_of(const control::CopyOrder& order, const Options& options) {
  auto choice = options.choice;
  auto places = order.sources;
  places.push_back(order.target);
  for (const auto& place : places) {
    if (place.kind == CopyPlace::Kind::named_on_stdin) choice.names.push_back("-");
    if (!place.is_far()) continue;
    const auto name = place.kind == CopyPlace::Kind::node ? place.endpoint : "x";
    const auto target = parse_connect_target(place.user.empty() ? name : place.user + "@" + name);
    if (!target) return target.error();
    if (place.kind == CopyPlace::Kind::node) choice.names.push_back(place.endpoint);
  }
  return choice;
}

std::string question(const control::CopyOrder& order) {
  const auto& first = order.sources.front();
  std::string what = first.kind == CopyPlace::Kind::stream ? "stdin" : first.path;
  if (order.sources.size() > 1) what += " and more";
  if (order.is_upload()) return "copy " + what + " to " + order.target.path;
  return "copy " + what + " here, as it is";
}

Result<void> read_flags(const Options& options, control::CopyOptions& copy) {
  copy.terms = options.terms;
  copy.parallel = options.parallel;
  if (!options.limit.empty()) {
    const auto rate = parse_rate(options.limit);
    if (!rate) return fail(rate.error().code, "--limit: " + rate.error().message, "--limit 10M");
    if (*rate > 0) copy.terms.limit = std::make_shared<net::RateLimit>(*rate);
  }
  if (!options.wait.empty()) {
    copy.wait = parse_duration(options.wait);
    if (!copy.wait)
      return fail(Errc::usage, "--wait '" + options.wait + "' is no duration", "--wait 10m");
  }
  if (options.parallel == 0)
    return fail(Errc::usage, "--parallel 0 copies nothing", "--parallel 8");
  return {};
}

Result<int> run(Context& context, const Options& options) {
  control::CopyOptions copy;
  if (auto read = read_flags(options, copy); !read) return read.error();
  auto order = control::parse_copy_order(options.places, !options.choice.selector.empty());
  if (!order) return order.error();
  const auto choice = choice_of(*order, options);
  if (!choice) return choice.error();
  auto nodes = find_targets(context, *choice);
  if (!nodes) return nodes.error();
  const auto agreed =
      agree_to_many(context, *nodes, question(*order), "edgectl cp ...", options.dry_run);
  if (!agreed) return agreed.error();
  if (*agreed == Agreed::only_listed) return 0;
  copy.socket = context.api.socket();
  copy.order = std::move(*order);
  copy.nodes = std::move(*nodes);
  copy.quiet = context.options.quiet;
  copy.json = context.json();
  copy.state_folder = context.world.state_folder;
  copy.terminal = context.world.terminal;
  return control::copy(copy);
}

}  // namespace

void add_cp(CLI::App& program, Run& chosen) {
  auto* command = program.add_subcommand(
      "cp",
      "copy files to and from nodes\n\n"
      "A file is written beside its target, checked there by the agent (size and SHA-256), and "
      "then "
      "renamed: the target is the old one or the whole new one, with the mode and the owner that "
      "it "
      "had. A copy goes on by itself when the connection was cut or edged restarted. NAME:PATH is "
      "on a node, relative to the account's home; a path here with a colon in its first part is "
      "written ./like:this. ':PATH' is on all endpoints that -l chooses, '-:PATH' on those whose "
      "names are on stdin, and '-' alone is stdin or stdout. From several endpoints each one's "
      "files go into a folder of its name. Links within a folder stay links.");
  command->footer(
      "edgectl cp app.tar shop-17:/opt/\tto a node\n"
      "edgectl cp shop-17:/var/log/syslog .\tfrom a node\n"
      "edgectl cp -rp site deploy@shop-17:www/\ta folder, with times and modes\n"
      "edgectl cp -l site=berlin app.tar :/opt/\tto many\n"
      "edgectl cp -l site=berlin :/etc/hostname names/\tfrom many: names/shop-17/hostname\n"
      "edgectl ls -q | edgectl cp app.tar -:/opt/\tto those on stdin\n"
      "edgectl cp --resume disk.img shop-17:/var/\tgo on with what was interrupted\n"
      "pg_dump shop | edgectl cp - shop-17:/tmp/shop.sql\tfrom stdin\n"
      "edgectl cp shop-17:/etc/app.yaml - | less\tto stdout\n");
  auto options = std::make_shared<Options>();
  command
      ->add_option("PLACE", options->places,
                   "one or more sources and then the target: a path here, [USER@]NAME:PATH, "
                   ":PATH, -:PATH or -")
      ->type_name("PLACE")
      ->required();
  add_selector_flag(*command, options->choice);
  command->add_flag("-r,--recursive", options->terms.recursive,
                    "folders, with all that is in them");
  command->add_flag("-p,--preserve", options->terms.preserve, "keep times and modes");
  command->add_flag("--resume", options->terms.resume,
                    "go on with what an interrupted copy left, if it is the same so far; what is "
                    "there already and the same is not copied again");
  command
      ->add_option("--limit", options->limit,
                   "bytes a second of the whole copy: 500K, 1.5M, 10Mbit")
      ->type_name("RATE");
  command->add_option("--parallel", options->parallel, "so many nodes at once")
      ->type_name("COUNT")
      ->default_str("16");
  command->add_option("--wait", options->wait, "how long to wait for an endpoint that is offline")
      ->type_name("DURATION");
  command->add_flag("--dry-run", options->dry_run, "list the endpoints, copy nothing");
  choose(*command, chosen, options, run);
}

}  // namespace edge::edgectl
