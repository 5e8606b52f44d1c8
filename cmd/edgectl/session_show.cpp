// edgectl session show
#include "base/text.hpp"
#include "control/json_fields.hpp"
#include "edgectl/choose.hpp"
#include "edgectl/commands.hpp"
#include "edgectl/session_words.hpp"

namespace edge::edgectl {
namespace {

using control::text_at;

struct Options {
  std::string id;
};

std::string with_id(const std::string& name, const std::string& id) {
  return name.empty() ? id : name + " (" + id + ")";
}

void print_page(Context& context, const nlohmann::json& session) {
  const auto now = context.now();
  const std::string since = text_at(session, "paused-since");
  auto state = session_state_cell(session);
  if (!since.empty()) state.text += " since " + control::time_and_age(since, now);
  control::Page page;
  page.add("id", text_at(session, "id"));
  page.add("state", state);
  page.add("operator", text_at(session, "operator"));
  page.add("user", login_text(session));
  page.add("pid", control::count_at(session, "pid"));
  page.add("endpoint", with_id(text_at(session, "endpoint"), text_at(session, "endpoint-id")));
  page.add("instance", with_id(text_at(session, "host-name"), text_at(session, "instance")));
  page.add("tunnel", text_at(session, "tunnel") + ", " + text_at(session, "way"));
  page.add("since", control::time_and_age(text_at(session, "since"), now));
  page.add("idle", text_at(session, "idle"));
  page.add("from node", control::format_bytes(control::number_at(session, "bytes-in")));
  page.add("to node", control::format_bytes(control::number_at(session, "bytes-out")));
  page.add("resumes", control::count_at(session, "resumes"));
  page.add("ends", ends_text(session, now));
  page.print(context.world.out, context.colour_out);
}

Result<int> run(Context& context, const Options& options) {
  const auto session = context.api.get("/v1/sessions/" + control::percent_encode(options.id));
  if (!session) return session.error();
  if (context.structured()) return context.print(*session);
  if (context.names_only()) {
    context.world.out << printable(text_at(*session, "id")) << '\n';
  } else {
    print_page(context, *session);
  }
  return 0;
}

}  // namespace

void add_session_show(CLI::App& noun, Run& chosen) {
  auto* command = noun.add_subcommand(
      "show", "all about a session: who, where, how long, and what will end it");
  command->footer("edgectl session show 3a6d603a1ddcabcb\n");
  auto options = std::make_shared<Options>();
  command->add_option("ID", options->id, "the session, as session ls shows it")
      ->type_name("SESSION")
      ->required();
  choose(*command, chosen, options, run);
}

}  // namespace edge::edgectl
