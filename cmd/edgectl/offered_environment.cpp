#include "edgectl/offered_environment.hpp"

#include <unistd.h>

#include <cstdlib>
#include <string_view>

namespace edge::edgectl {

Variables offered_environment() {
  Variables offered;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const auto name = text.substr(0, text.find('='));
    const bool wanted =
        name == "LANG" || name.substr(0, 3) == "LC_" || name == "COLORTERM" || name == "NO_COLOR";
    if (wanted && name.size() < text.size())
      offered.emplace_back(name, text.substr(name.size() + 1));
  }
  return offered;
}

Result<void> add_variables(const std::vector<std::string>& words, Variables& offered) {
  for (const auto& word : words) {
    const auto equals = word.find('=');
    const auto name = word.substr(0, equals);
    if (name.empty()) return fail(Errc::usage, "--env '" + word + "': NAME=VALUE, or NAME");
    std::erase_if(offered, [&name](const auto& entry) { return entry.first == name; });
    const char* here = std::getenv(name.c_str());
    if (equals != std::string::npos) {
      offered.emplace_back(name, word.substr(equals + 1));
    } else if (here != nullptr) {
      offered.emplace_back(name, here);
    } else {
      return fail(Errc::usage, "--env " + name + ": it is not set here",
                  "--env " + name + "=VALUE");
    }
  }
  return {};
}

}  // namespace edge::edgectl
