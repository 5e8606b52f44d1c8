// Which endpoints a command is for: names, names from stdin, or a label selector.
#pragma once

#include <istream>
#include <map>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "control/admin_client.hpp"

namespace edge::control {

// As it was written. Names and a selector together: those of the names that it is true of.
struct TargetChoice {
  std::vector<std::string> names;  // or ids; "-": from stdin, one a line
  std::string selector;            // "": none

  bool empty() const { return names.empty() && selector.empty(); }
};

struct Target {
  std::string id, name;
  std::string state;      // online, offline or new
  std::string last_seen;  // RFC 3339; "": never
  std::map<std::string, std::string> labels;

  bool is_online() const { return state == "online"; }
};

// One request to edged. At least one endpoint, sorted by name, each once, whatever its state.
// Errc::usage: nothing was chosen, or the selector does not parse (and where). Errc::not_found: a
// name is unknown (all such names in one error, with what was probably meant), the selector matches
// nothing (with the nearest labels), or stdin named none.
Result<std::vector<Target>> find_targets(const AdminClient& api, const TargetChoice& choice,
                                         std::istream& in);

// The request that find_targets() sends, for who wants its answer whole: POST /v1/targets.
Result<nlohmann::json> target_request(const TargetChoice& choice, std::istream& in);

// The names with those of stdin in the place of "-": blanks around them, blank lines and duplicates
// are ignored; bounded. Errc::not_found when stdin names none and nothing else does.
Result<std::vector<std::string>> read_names(const std::vector<std::string>& names,
                                            std::istream& in);

}  // namespace edge::control
