#include "docs/write_pages.hpp"

#include "base/files.hpp"

namespace edge::docs {

Result<void> write_pages(const std::filesystem::path& folder,
                         const std::vector<GeneratedFile>& files) {
  for (const auto& file : files) {
    const auto path = folder / file.path;
    std::error_code failed;
    std::filesystem::create_directories(path.parent_path(), failed);
    if (failed) {
      return fail(Errc::failure,
                  "cannot make " + path.parent_path().string() + ": " + failed.message());
    }
    const auto written = write_file(path, file.content, 0644);
    if (!written) return written.error();
  }
  return {};
}

}  // namespace edge::docs
