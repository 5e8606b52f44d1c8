// The endpoints of a command on its command line, the same for all that act on several.
#pragma once

#include <string>
#include <vector>

#include "control/targets.hpp"
#include "edgectl/context.hpp"

namespace CLI {
class App;
}

namespace edge::edgectl {

// NAME... (or "-") and -l/--selector.
void add_target_flags(CLI::App& command, control::TargetChoice& choice);
void add_selector_flag(CLI::App& command, control::TargetChoice& choice);  // -l alone

Result<std::vector<control::Target>> find_targets(Context& context,
                                                  const control::TargetChoice& choice);

// Whether a command may go on with these. With --dry-run it may not: they are listed on stdout, and
// that was all. More than one node is asked for ("what": "run uname"; the question is "run uname on
// 15 endpoints?"), and refused where nobody can be asked, unless --yes. `command`: the start of
// what to type again, for the hint.
enum class Agreed { yes, only_listed };
Result<Agreed> agree_to_many(Context& context, const std::vector<control::Target>& targets,
                             const std::string& what, const std::string& command, bool dry_run);

// "shop-1, shop-2 and 13 more"
std::string name_some(const std::vector<control::Target>& targets);

}  // namespace edge::edgectl
