// The key that stock ssh logs in with: one for each operator, made on first use, vouched for by
// edged stream by stream. It opens nothing by itself.
#pragma once

#include <filesystem>

#include "base/error.hpp"
#include "ssh/key.hpp"

namespace edge::control {

// FOLDER/id_ed25519 (0600) and FOLDER/id_ed25519.pub, in OpenSSH's format.
Result<ssh::Key> operator_identity(const std::filesystem::path& folder);
std::filesystem::path identity_file(const std::filesystem::path& folder);

}  // namespace edge::control
