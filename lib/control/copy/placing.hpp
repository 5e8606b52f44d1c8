// Where each source goes: into a folder under its own name, or to a name of its own, as with cp(1).
// Thread rule: one loop.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/descriptor.hpp"
#include "control/copy/copy_place.hpp"
#include "control/copy/far_side.hpp"

namespace edge::control {

// Source names as they count in a target folder; empty for one whose content is meant ("dir/.").
// Errc::usage where two of them are the same.
Result<std::vector<std::string>> names_of(const std::vector<CopyPlace>& sources);

// The far path of each source.
net::Task<Result<std::vector<std::string>>> place_there(FarSide& far, const CopyOrder& order);
// "~name/..." as the far side has it; other paths as they are.
net::Task<Result<std::string>> expanded(FarSide& far, std::string path);

// The folder here, open, and the name of each source in it. `node`: whose folder, where there is
// one for each name.
struct PlacedHere {
  std::shared_ptr<Descriptor> folder;
  std::vector<std::string> names;
};
Result<PlacedHere> place_here(const CopyOrder& order, const std::string& node);

}  // namespace edge::control
