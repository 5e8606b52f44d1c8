// Small files that must never be half written, and folders that must not be readable by others.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace edge {

// The whole file, at most max_bytes; an Error names the path and the reason.
Result<std::string> read_file(const std::filesystem::path& path, std::size_t max_bytes = 1 << 20);

// Writes beside the target, fsyncs, renames, fsyncs the folder: afterwards either the old or the
// new is there.
Result<void> write_file(const std::filesystem::path& path, std::string_view content, mode_t mode);

// Reads a file that holds a key: refused (Errc::not_allowed) when group or others may read it.
Result<std::string> read_private_file(const std::filesystem::path& path);

// Makes the folder and its parents; the last one gets the mode (also when it exists).
Result<void> make_folder(const std::filesystem::path& path, mode_t mode);

}  // namespace edge
