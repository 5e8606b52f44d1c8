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

// Prints the answer of a creation or of a new token (docs/admin-api.md); `what_happened` begins the
// first line. The token goes to a terminal, or where it was asked for; else stderr says how to ask.
// Warnings go to stderr.
Result<int> print_join_line(Context& context, const nlohmann::json& answer,
                            const std::string& what_happened, const TokenOptions& options);

}  // namespace edge::edgectl
