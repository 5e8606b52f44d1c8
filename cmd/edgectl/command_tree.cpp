#include "edgectl/command_tree.hpp"

#include <CLI/CLI.hpp>
#include <set>
#include <string>

#include "docs/help.hpp"
#include "edgectl/commands.hpp"

namespace edge::edgectl {
namespace {

constexpr const char* kDaily = "COMMANDS";
constexpr const char* kAdministration = "ADMINISTRATION";

constexpr const char* kProgramExamples =
    "edgectl endpoint create shop-17\tmake an endpoint, print its join line\n"
    "edgectl ls\tlist the endpoints\n"
    "edgectl connect shop-17\ta root shell on it\n"
    "edgectl connect shop-17 -- uname -a\trun one command on it\n";

CLI::App& add_noun(CLI::App& program, const char* name, const char* summary,
                   std::initializer_list<const char*> aliases) {
  CLI::App* noun = program.add_subcommand(name, summary);
  for (const char* alias : aliases) noun->alias(alias);
  noun->require_subcommand(0, 1);
  return *noun;
}

CLI::App& add_endpoint(CLI::App& program, Run& chosen) {
  auto& noun =
      add_noun(program, "endpoint", "make, show, rename and remove endpoints", {"endpoints", "ep"});
  noun.footer(
      "edgectl endpoint create shop-17\tmake one\nedgectl endpoint show shop-17\tall about it");
  add_endpoint_create(noun, chosen);
  add_endpoint_ls(noun, chosen);
  add_endpoint_show(noun, chosen);
  add_endpoint_rename(noun, chosen);
  add_endpoint_rm(noun, chosen);
  add_endpoint_token(noun, chosen);
  add_endpoint_disassociate(noun, chosen);
  return noun;
}

CLI::App& add_session(CLI::App& program, Run& chosen) {
  auto& noun = add_noun(program, "session", "list, show and end live sessions", {"sessions"});
  noun.footer("edgectl session ls\tall of them\nedgectl session kill 3a6d603a1ddcabcb\tend one");
  add_session_ls(noun, chosen);
  add_session_show(noun, chosen);
  add_session_kill(noun, chosen);
  return noun;
}

CLI::App& add_settings(CLI::App& program, Run& chosen) {
  auto& noun =
      add_noun(program, "settings", "show and change what all endpoints or one go by", {"setting"});
  noun.footer(
      "edgectl settings show\nedgectl settings set check-in.interval 30s\tfor all endpoints");
  add_settings_show(noun, chosen);
  add_settings_set(noun, chosen);
  add_settings_unset(noun, chosen);
  return noun;
}

CLI::App& add_snapshot(CLI::App& program, Run& chosen) {
  auto& noun =
      add_noun(program, "snapshot", "what a node looked like, or looks like now", {"snapshots"});
  noun.footer(
      "edgectl snapshot show shop-17\tthe last one\nedgectl snapshot take shop-17\ta new one");
  add_snapshot_show(noun, chosen);
  add_snapshot_take(noun, chosen);
  return noun;
}

CLI::Option* one_of(CLI::Option* option, const char* choices) {
  option->type_name(choices);
  const std::string all = std::string("|") + choices + "|";
  // A Validator without a description: CLI11 would put it into the placeholder.
  return option->check(CLI::Validator(
      [all, choices](std::string& text) {
        const bool known = !text.empty() && all.find("|" + text + "|") != std::string::npos;
        return known ? std::string() : "'" + text + "' is none of " + choices;
      },
      ""));
}

void add_global_flags(CLI::App& program, GlobalOptions& options) {
  program
      .add_option("--socket", options.socket,
                  "edged's admin socket (default /run/edged/admin.sock)")
      ->type_name("FILE");
  // Checked where it is parsed: a JSONPath says where it is wrong.
  program.add_option("-o,--output", options.output, "for people or for programs")
      ->type_name(control::kOutputFormats)
      ->default_str("table");
  one_of(program.add_option("--color", options.color, "when to use colour"), "auto|always|never")
      ->default_str("auto");
  program.add_flag("-q,--quiet", options.quiet, "names alone; no progress");
  program.add_option("--timeout", options.timeout, "how long edged may take to answer")
      ->type_name("DURATION")
      ->default_str("30s");
  program.add_flag("--yes", options.yes, "do not ask");
  program.add_flag("--no-headers", options.no_headers, "tables without their first line");
  program.add_flag("--version", options.version, "the version of edgectl");
  program.add_option("--generate-docs", options.generate_docs, "write man pages and completions")
      ->type_name("FOLDER")
      ->group("");
}

// Every flag has its variable: --if-absent is EDGECTL_IF_ABSENT. A command's own flag that has the
// name of a global one is another thing: --timeout of exec is EDGECTL_EXEC_TIMEOUT.
void name_variables(CLI::App& app, const std::set<std::string>& global = {}) {
  std::set<std::string> own;
  for (CLI::Option* option : app.get_options([](const CLI::Option*) { return true; })) {
    const auto& names = option->get_lnames();
    if (names.empty() || option->get_group().empty()) continue;
    if (names.front() == "help" || names.front() == "version") continue;
    own.insert(names.front());
    auto words = names.front();
    if (global.contains(words)) words = app.get_name() + "-" + words;
    std::string variable = "EDGECTL_";
    for (const char c : words) {
      variable += c == '-' ? '_' : static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
    }
    option->envname(variable);
  }
  for (CLI::App* child : app.get_subcommands([](const CLI::App*) { return true; })) {
    name_variables(*child, app.get_parent() == nullptr ? own : global);
  }
}

}  // namespace

CommandTree::CommandTree() : app(std::make_unique<CLI::App>()) {
  app->name("edgectl");
  app->description("reach and manage machines that only dial out");
  app->footer(kProgramExamples);
  docs::use_help(*app);
  app->fallthrough();
  app->require_subcommand(0, 1);

  add_endpoint_ls(*app, chosen);
  add_connect(*app, chosen);
  add_cp(*app, chosen);
  add_exec(*app, chosen);
  add_forward(*app, chosen);
  add_proxy(*app, chosen);
  add_ssh_config(*app, chosen);
  add_label(*app, chosen);
  add_wait(*app, chosen);
  add_ping(*app, chosen);
  add_doctor(*app, chosen);
  add_status(*app, chosen);
  add_version(*app, chosen);
  add_help(*app, chosen);
  for (CLI::App* command : app->get_subcommands([](const CLI::App*) { return true; })) {
    command->group(kDaily);
  }
  // Not before: commands inherit the group of their noun.
  for (CLI::App* noun : {&add_endpoint(*app, chosen), &add_session(*app, chosen),
                         &add_settings(*app, chosen), &add_snapshot(*app, chosen)}) {
    noun->group(kAdministration);
  }
  add_complete_names(*app, chosen);
  add_global_flags(*app, options);
  name_variables(*app);
}

CommandTree::~CommandTree() = default;

}  // namespace edge::edgectl
