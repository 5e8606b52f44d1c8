// The pages of a program that runs in the background: PROGRAM.8 from its flags, FILE.5 from its
// settings.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "config/settings.hpp"

namespace CLI {
class App;
}

namespace edge::docs {

// Writes FOLDER/man/PROGRAM.8 and FOLDER/man/SETTINGS.5 (`settings_name` is "edged.yaml").
// REQUIRES: the app has its name and flags, the keys hold their defaults.
Result<void> generate_daemon(const CLI::App& app, const std::vector<config::Key>& keys,
                             const std::string& settings_name, const std::filesystem::path& folder);

}  // namespace edge::docs
