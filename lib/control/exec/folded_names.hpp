// Many names in few words, as clush folds them: shop-1, shop-2, shop-3 and shop-17 are
// "shop-[1-3,17]". Pure.
#pragma once

#include <string>
#include <vector>

namespace edge::control {

// By the last number of each name; names that share nothing stay as they are, behind a comma. Each
// name is folded once, in the order of their first parts, then of their numbers.
std::string folded(std::vector<std::string> names);

// The same and how many they are, where that is not plain: "shop-[1-3,17] (4)".
std::string folded_and_counted(const std::vector<std::string>& names);

}  // namespace edge::control
