// edgectl snapshot take of several endpoints: some at a time, and a line for each when it is done.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "control/targets.hpp"
#include "edgectl/context.hpp"

namespace edge::edgectl {

struct SnapshotOrder {
  std::string query;         // "?wait=10m", or nothing
  milliseconds patience{0};  // for one answer
  std::size_t at_once = 16;
};

// Exit 10 when one or more failed; those that are offline are told apart.
Result<int> take_snapshots(Context& context, const std::vector<control::Target>& targets,
                           const SnapshotOrder& order);

}  // namespace edge::edgectl
