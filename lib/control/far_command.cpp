#include "control/far_command.hpp"

namespace edge::control {

std::string far_command(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

}  // namespace edge::control
