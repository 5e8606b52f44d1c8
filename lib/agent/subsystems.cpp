#include "agent/subsystems.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace edge::agent {
namespace {

constexpr std::array<std::pair<std::string_view, Subsystem>, 1> kSubsystems{{
    {"edge-sums", serve_sums},
}};

}  // namespace

Subsystem find_subsystem(std::string_view name) {
  const auto found = std::find_if(kSubsystems.begin(), kSubsystems.end(),
                                  [name](const auto& row) { return row.first == name; });
  return found == kSubsystems.end() ? nullptr : found->second;
}

}  // namespace edge::agent
