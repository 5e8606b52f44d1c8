#include "control/copy/far_side.hpp"

#include "control/copy/part_name.hpp"

namespace edge::control {
namespace {

constexpr std::uint64_t kNoRoom = 1024 * 1024;  // less is no room for what comes in chunks

net::Task<Result<std::optional<sftp::Attributes>>> attributes_of(FarSide& far, std::string path) {
  auto found = co_await far.files.lstat(path);
  if (found) co_return std::optional(*found);
  if (found.error().code == Errc::not_found) co_return std::optional<sftp::Attributes>();
  co_return found.error();
}

}  // namespace

std::string part_path(const std::string& target) {
  const auto split = split_path(target);
  return split.folder + part_name(split.name);
}

net::Task<Error> explained(FarSide& far, std::string folder, Error error) {
  if (folder.empty()) folder = ".";
  // The names that follow are of what is copied: these are about where to.
  if (error.code == Errc::not_found) error.message += ": there is no folder " + folder;
  if (error.code == Errc::not_allowed) error.message += " in " + folder;
  if (error.code != Errc::failure) co_return error;
  const auto space = co_await far.files.space(folder);
  if (!space) co_return error;
  if (space->is_read_only) {
    error.message = "Read-only file system";
    error.code = Errc::not_allowed;
  } else if (space->free_bytes < kNoRoom) {
    error.message = "No space left on device";
  } else if (space->free_inodes == 0) {
    error.message = "No space left on device (no inode is free)";
  }
  co_return error;
}

net::Task<Result<FarTarget>> look_at_target(FarSide& far, std::string path) {
  FarTarget target;
  target.path = std::move(path);
  auto existing = co_await attributes_of(far, target.path);
  if (!existing) co_return existing.error();
  if (*existing && (*existing)->is_link()) {
    auto real = co_await far.files.real_path(target.path);
    if (!real) co_return real.error();
    target.path = std::move(*real);
    existing = co_await attributes_of(far, target.path);
    if (!existing) co_return existing.error();
  }
  target.existing = *existing;
  const auto path_of_part = part_path(target.path);
  auto part = co_await attributes_of(far, path_of_part);
  if (!part) co_return part.error();
  target.part = *part;
  co_return target;
}

}  // namespace edge::control
