// Writing generated files, for --generate-docs.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/error.hpp"

namespace edge::docs {

struct GeneratedFile {
  std::filesystem::path path;  // below the folder: "man/edgectl.1"
  std::string content;
};

// REQUIRES: nothing else writes there. Makes the folders.
Result<void> write_pages(const std::filesystem::path& folder,
                         const std::vector<GeneratedFile>& files);

}  // namespace edge::docs
