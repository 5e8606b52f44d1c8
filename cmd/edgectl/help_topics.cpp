#include "edgectl/help_topics.hpp"

#include <algorithm>

#include "control/exit_code.hpp"
#include "docs/fill.hpp"

namespace edge::edgectl {
namespace {

HelpTopic exit_codes() {
  HelpTopic topic{"exit-codes", "what the exit status says", {"EXIT STATUS", "", {}}};
  topic.section.text = "connect NAME -- CMD gives the status of the far command.\n";
  for (const auto& code : control::kExitCodes) {
    topic.section.terms.emplace_back(std::to_string(code.status), code.meaning);
  }
  return topic;
}

HelpTopic environment() {
  return {
      "environment",
      "variables and files",
      {"VARIABLES AND FILES",
       "Every flag has a variable: --if-absent is EDGECTL_IF_ABSENT, --socket is EDGECTL_SOCKET. "
       "A flag wins over its variable, a variable over the configuration file.",
       {{"EDGECTL_SOCKET", "edged's admin socket, as --socket"},
        {"EDGECTL_OUTPUT", "table, wide, json or name, as --output"},
        {"EDGECTL_TIMEOUT", "how long edged may take to answer, as --timeout"},
        {"NO_COLOR", "when not empty: no colour"},
        {"CLICOLOR_FORCE", "when neither empty nor 0: colour, also where no terminal is"},
        {"TERM", "dumb: no colour; sent to the far side by connect"},
        {"~/.config/edgectl/config.yaml", "may hold the key socket (below XDG_CONFIG_HOME if set)"},
        {"~/.local/state/edgectl",
         "host keys of instances that were seen, and for stock ssh your identity (id_ed25519) and "
         "its known hosts (below XDG_STATE_HOME if set)"},
        {"~/.ssh/edge.conf", "how stock ssh reaches NAME.edge, by ssh-config --write"},
        {"/run/edged/admin.sock", "where edged listens, unless told otherwise"}}}};
}

HelpTopic formatting() {
  return {"formatting",
          "output for people and for programs",
          {"FORMATTING",
           "What was asked for goes to stdout, everything else to stderr, so that > file is always "
           "clean.\n"
           "-o table is for people and may change; ages are relative. -o wide has more columns "
           "where there "
           "are more, and -o name has names or ids alone, as -q. -o json is the admin API's "
           "own answer: it has "
           "apiVersion, lists are in items, times are RFC 3339 in UTC, and it only grows. Failures "
           "are then one JSON "
           "object on stderr:\n"
           "  {\"error\": {\"code\": \"offline\", \"message\": \"...\", \"hint\": \"...\", "
           "\"retryable\": true}}\n",
           {{"-q", "names alone in lists; no progress"},
            {"--no-headers", "tables without their first line"},
            {"--color", "auto, always or never; colour never says what the words do not"}}}};
}

}  // namespace

std::vector<HelpTopic> help_topics() {
  return {exit_codes(), environment(), formatting()};
}

std::string print_topic(const HelpTopic& topic) {
  std::size_t width = 0;
  for (const auto& [term, meaning] : topic.section.terms) width = std::max(width, term.size());
  std::string out = docs::fill_paragraphs(topic.section.text) + "\n";
  for (const auto& [term, meaning] : topic.section.terms) {
    out += "  " + term + std::string(width - term.size() + 2, ' ') +
           docs::fill(meaning, width + 4, width + 4) + "\n";
  }
  return out;
}

}  // namespace edge::edgectl
