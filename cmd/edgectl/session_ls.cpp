// edgectl session ls
#include "control/json_fields.hpp"
#include "edgectl/choose.hpp"
#include "edgectl/commands.hpp"
#include "edgectl/session_words.hpp"

namespace edge::edgectl {
namespace {

using control::Cell;
using control::text_at;

struct Options {
  std::string endpoint;
};

std::vector<Cell> row_of(const nlohmann::json& session, WallTime now, bool wide) {
  std::vector<Cell> row{text_at(session, "id"),
                        text_at(session, "endpoint"),
                        text_at(session, "operator"),
                        session_state_cell(session),
                        control::ago(text_at(session, "since"), now),
                        text_at(session, "idle"),
                        control::format_bytes(control::number_at(session, "bytes-in")),
                        control::format_bytes(control::number_at(session, "bytes-out")),
                        ends_text(session, now)};
  if (!wide) return row;
  for (const auto& cell :
       {instance_text(session), text_at(session, "way"), text_at(session, "tunnel"),
        text_at(session, "user"), text_at(session, "login-user"),
        control::count_at(session, "login-session"), control::count_at(session, "pid"),
        control::count_at(session, "resumes")})
    row.emplace_back(cell);
  return row;
}

void print_table(Context& context, const nlohmann::json& sessions) {
  std::vector<std::string> headers{"ID",   "ENDPOINT", "OPERATOR", "STATE", "SINCE",
                                   "IDLE", "IN",       "OUT",      "ENDS"};
  const bool wide = context.wide();
  if (wide) {
    for (const char* more :
         {"INSTANCE", "WAY", "TUNNEL", "USER", "LOGIN", "LOGIN SESSION", "PID", "RESUMES"})
      headers.emplace_back(more);
  }
  control::Table table(headers);
  for (const auto& session : sessions) table.add(row_of(session, context.now(), wide));
  table.print(context.world.out, {!context.options.no_headers, context.colour_out, ""});
}

Result<int> run(Context& context, const Options& options) {
  const auto query =
      options.endpoint.empty() ? "" : "?endpoint=" + control::percent_encode(options.endpoint);
  const auto answer = context.api.get("/v1/sessions" + query);
  if (!answer) return answer.error();
  if (context.structured()) {
    return context.print(*answer);
  }
  const auto& sessions = control::list_at(*answer, "items");
  if (context.names_only()) {
    for (const auto& session : sessions) context.world.out << text_at(session, "id") << '\n';
    return 0;
  }
  if (sessions.empty()) {
    context.world.err << "no sessions; edgectl connect NAME begins one\n";
    return 0;
  }
  print_table(context, sessions);
  return 0;
}

}  // namespace

void add_session_ls(CLI::App& noun, Run& chosen) {
  auto* command = noun.add_subcommand("ls", "list the live sessions, the oldest first");
  command->footer(
      "edgectl session ls\tall of them\n"
      "edgectl session ls --endpoint shop-17 -o wide\tof one endpoint, with all that is known\n"
      "edgectl session ls -q\ttheir ids alone\n");
  auto options = std::make_shared<Options>();
  command->add_option("--endpoint", options->endpoint, "those on this endpoint, by name or id")
      ->type_name("ENDPOINT");
  choose(*command, chosen, options, run);
}

}  // namespace edge::edgectl
