#include "edgectl/create_many.hpp"

#include "base/ids.hpp"
#include "base/numbered_name.hpp"
#include "base/text.hpp"
#include "control/json_fields.hpp"
#include "control/output.hpp"
#include "control/progress.hpp"

namespace edge::edgectl {
namespace {

using control::text_at;
using nlohmann::json;

Result<json> ask(Context& context, const ManyOptions& options) {
  json body{{"count", options.count}, {"prefix", options.prefix}, {"start", options.start}};
  if (!options.url.empty()) body["url"] = options.url;
  if (!options.token.expires.empty()) body["expires"] = options.token.expires;
  if (options.if_absent) body["if-absent"] = true;
  if (!options.labels.empty()) body["labels"] = options.labels;
  control::Progress progress(context.world.err, context.world.terminal,
                             context.options.quiet || !context.world.terminal.err);
  progress.show("making " + std::to_string(options.count) + " endpoints");
  return context.api.post("/v1/endpoints", body);
}

std::string name_of(const json& item) {
  return text_at(control::object_at(item, "endpoint"), "name");
}

void print_summary(std::ostream& out, const json& made, const json& existing) {
  if (made.empty()) {
    out << "created no endpoint";
  } else {
    out << "created " << made.size() << (made.size() == 1 ? " endpoint, " : " endpoints, ")
        << printable(name_of(made.front()))
        << (made.size() == 1 ? "" : " to " + printable(name_of(made.back())))
        << "; agents will dial " << printable(text_at(made.front(), "url")) << " and "
        << printable(text_at(made.front(), "tunnel"));
  }
  if (!existing.empty()) out << "; " << existing.size() << " existed already";
  out << '\n';
}

Result<int> print_join_lines(Context& context, const json& made) {
  for (const auto& item : made) {
    auto command = join_command(item);
    if (!command) return command.error();
    context.world.out << printable(name_of(item)) << "  " << *command << '\n';
  }
  return 0;
}

}  // namespace

Result<int> create_many(Context& context, const ManyOptions& options) {
  if (options.count == 0 || options.prefix.empty()) {
    return fail(Errc::usage, "--count and --prefix belong together",
                "edgectl endpoint create --count 100 --prefix till -o json");
  }
  const auto last =
      numbered_name(options.prefix, static_cast<std::uint64_t>(options.start + options.count - 1));
  if (!is_endpoint_name(last)) {
    return fail(Errc::usage, "'" + last + "' is no endpoint name: " + kEndpointNameRule);
  }
  const auto answer = ask(context, options);
  if (!answer) return answer.error();
  print_warnings(context, *answer);
  const auto& made = control::list_at(*answer, "items");
  if (context.structured()) {
    return context.print(*answer);
  }
  const bool quiet = context.options.quiet;
  const bool show = options.token.show_token;
  if (quiet && !show) {
    for (const auto& item : made) context.world.out << printable(name_of(item)) << '\n';
    return 0;
  }
  auto& summary = show ? context.world.err : context.world.out;
  if (!quiet) print_summary(summary, made, control::list_at(*answer, "existing"));
  if (show) return print_join_lines(context, made);
  if (made.empty()) return 0;
  say_how_to_ask(context, "the tokens were left out: -o json or --show-token shows them",
                 name_of(made.front()));
  return 0;
}

}  // namespace edge::edgectl
