// edgectl session kill
#include "base/text.hpp"
#include "control/exit_code.hpp"
#include "control/json_fields.hpp"
#include "edgectl/choose.hpp"
#include "edgectl/commands.hpp"
#include "edgectl/confirm.hpp"

namespace edge::edgectl {
namespace {

using control::text_at;

struct Options {
  std::vector<std::string> ids;
};

std::string path_of(const std::string& id) {
  return "/v1/sessions/" + control::percent_encode(id);
}

std::string described(const nlohmann::json& session) {
  return text_at(session, "id") + " of " + text_at(session, "operator") + " on " +
         text_at(session, "endpoint");
}

// Looked up first, all of them: who mistypes one ends none.
Result<std::vector<nlohmann::json>> look_up(Context& context, const std::vector<std::string>& ids) {
  std::vector<nlohmann::json> sessions;
  for (const auto& id : ids) {
    auto session = context.api.get(path_of(id));
    if (!session) return session.error();
    sessions.push_back(std::move(*session));
  }
  return sessions;
}

Result<void> ask_for(Context& context, const std::vector<nlohmann::json>& sessions,
                     const Options& options) {
  std::string question = "kill session";
  if (sessions.size() > 1) question = "kill " + std::to_string(sessions.size()) + " sessions:";
  std::string command = "edgectl session kill";
  for (std::size_t i = 0; i < sessions.size(); ++i) {
    question += (i == 0 ? " " : ", ") + described(sessions[i]);
    command += " " + printable(options.ids[i], 80);
  }
  return agree(context, question + "?", command);
}

Result<int> run(Context& context, const Options& options) {
  const auto sessions = look_up(context, options.ids);
  if (!sessions) return sessions.error();
  const auto agreed = ask_for(context, *sessions, options);
  if (!agreed) return agreed.error();
  std::size_t failed = 0;
  for (std::size_t i = 0; i < options.ids.size(); ++i) {
    const auto killed = context.api.remove(path_of(options.ids[i]));
    if (!killed && options.ids.size() == 1) return killed.error();
    if (!killed) {
      ++failed;
      control::print_error(context.world.err, killed.error(), context.style());
    } else if (context.names_only()) {
      context.world.out << printable(options.ids[i]) << '\n';
    } else if (!context.structured()) {
      context.world.out << "killed session " << printable(described((*sessions)[i])) << '\n';
    }
  }
  return failed == 0 ? control::kExitOk : control::kExitSomeFailed;
}

}  // namespace

void add_session_kill(CLI::App& noun, Run& chosen) {
  auto* command = noun.add_subcommand("kill",
                                      "end sessions, whoever has them\n\n"
                                      "edged closes both sides: the far processes are hung up, and "
                                      "the operator is told who it was. "
                                      "It is an event of the endpoint.");
  command->footer(
      "edgectl session kill 3a6d603a1ddcabcb\tasks first\n"
      "edgectl session ls -q --endpoint shop-17 | xargs edgectl session kill --yes\tall of one "
      "endpoint\n");
  auto options = std::make_shared<Options>();
  command->add_option("ID", options->ids, "the sessions, as session ls shows them")
      ->type_name("SESSION")
      ->required();
  choose(*command, chosen, options, run);
}

}  // namespace edge::edgectl
