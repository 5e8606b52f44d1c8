// What a new token is shown with: the line to paste on the nodes.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "edgectl/context.hpp"

namespace edge::edgectl {

struct TokenOptions {
  std::string expires;  // "24h" or "never"; empty: edged's default
  bool show_token = false;
};

// Errc::usage unless it is empty, "never" or a duration.
Result<void> check_expires(const std::string& expires);

// The answer's warnings, on stderr.
void print_warnings(Context& context, const nlohmann::json& answer);

// "sudo edge-agent join --edge-id ID <<< 'TOKEN'" of an answer that has both, in a form that may be
// pasted into a root shell.
Result<std::string> join_command(const nlohmann::json& answer);

// Why no token was printed, and what makes a new one; on stderr.
void say_how_to_ask(Context& context, const std::string& why, const std::string& name);

// Prints the answer of a creation or of a new token (docs/admin-api.md); `what_happened` begins the
// first line. The token goes to a terminal, or where it was asked for; else stderr says how to ask.
// Warnings go to stderr.
Result<int> print_join_line(Context& context, const nlohmann::json& answer,
                            const std::string& what_happened, const TokenOptions& options);

}  // namespace edge::edgectl
