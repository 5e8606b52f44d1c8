#include "edgectl/help_topics.hpp"

#include <algorithm>

#include "control/exit_code.hpp"
#include "docs/fill.hpp"

namespace edge::edgectl {
namespace {

HelpTopic exit_codes() {
  HelpTopic topic{"exit-codes", "what the exit status says", {"EXIT STATUS", "", {}}};
  topic.section.text =
      "connect NAME -- CMD, and exec NAME -- CMD, give the status of the far command.\n";
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
        {"EDGECTL_OUTPUT", "table, wide, json, yaml, name or jsonpath=EXPR, as --output"},
        {"EDGECTL_TIMEOUT", "how long edged may take to answer, as --timeout"},
        {"EDGECTL_EXEC_TIMEOUT", "how long exec lets a command run, as its own --timeout"},
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
  return {
      "formatting",
      "output for people and for programs",
      {"FORMATTING",
       "What was asked for goes to stdout, everything else to stderr, so that > file is always "
       "clean.\n"
       "-o table is for people and may change; ages are relative. -o json is the admin API's own "
       "answer: it has apiVersion, lists are in items, times are RFC 3339 in UTC, and it only "
       "grows. The other forms are made of it. Failures are then one JSON object on stderr:\n"
       "  {\"error\": {\"code\": \"offline\", \"message\": \"...\", \"hint\": \"...\", "
       "\"retryable\": true}}\n"
       "A JSONPath is kubectl's: {.items[*].name}, {.items[0].labels.site}, "
       "{.items[?(@.state==\"online\")].name}, {range .items[*]}{.name}{\"\\t\"}{.state}{\"\\n\"}"
       "{end}. A name with dots in it is ['example.com/role'], or has backslashes before them. "
       "What is not there is nothing.\n",
       {{"-o wide", "more columns where there are more: labels, address, platform"},
        {"-o json", "an answer; lists on one line an endpoint where stdout is no terminal"},
        {"-o yaml", "the same as YAML"},
        {"-o name", "names or ids alone, as -q"},
        {"-o jsonpath=EXPR", "values of the answer"},
        {"--columns, --sort", "of ls: which columns, by name, and by which one; labels, too"},
        {"-w", "of ls: go on; a line (or JSON object) for each change, on a terminal in place"},
        {"-q", "names alone in lists; no progress"},
        {"--no-headers", "tables without their first line"},
        {"--color", "auto, always or never; colour never says what the words do not"}}}};
}

HelpTopic selectors() {
  return {
      "selectors",
      "which endpoints a command is for",
      {"SELECTORS",
       "NAME... are names or ids; - reads them from stdin, one a line. -l takes a selector, as "
       "kubectl does: requirements with commas between them, all of which must hold. With names "
       "and -l together it is those of the names that it is true of. A selector that matches "
       "nothing, and a name that is unknown, is exit status 3, and nothing was done. Labels are "
       "set by endpoint create -l and by label.\n",
       {{"site=berlin", "the label site has this value (== is the same)"},
        {"tier!=dev", "it does not, or there is no label tier"},
        {"os in (linux,bsd)", "one of these values"},
        {"os notin (x)", "none of these, or no label os"},
        {"retired", "there is a label retired, whatever its value"},
        {"!retired", "there is none"},
        {"-l 'site=berlin,!retired'", "in quotes: shells mean something by ! and brackets"}}}};
}

}  // namespace

std::vector<HelpTopic> help_topics() {
  return {exit_codes(), environment(), formatting(), selectors()};
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
