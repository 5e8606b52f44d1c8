// Where a file is while it is not whole yet: beside its target, so that a rename is enough. Always
// the same for the same target, so that a later run finds it. Pure.
#pragma once

#include <string>
#include <string_view>

namespace edge::control {

// ".NAME.part"; what would be too long for a file system is cut, and told apart by a hash.
std::string part_name(std::string_view name);

// A path's last part and what is before it ("" or with a slash at its end). "a/b/" is "b" in "a/".
struct SplitPath {
  std::string folder, name;
};
SplitPath split_path(std::string_view path);

std::string join_path(std::string_view folder, std::string_view name);

}  // namespace edge::control
