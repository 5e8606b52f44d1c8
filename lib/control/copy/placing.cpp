#include "control/copy/placing.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <set>

#include "control/copy/local_source.hpp"
#include "control/copy/part_name.hpp"

namespace edge::control {
namespace {

constexpr mode_t kFolderMode = 0777;  // less the umask

Result<std::shared_ptr<Descriptor>> open_folder(int in, const std::string& path) {
  auto folder =
      std::make_shared<Descriptor>(::openat(in, path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!*folder) return local_error(path, errno);
  return folder;
}

bool is_folder(const std::string& path) {
  struct stat about {};
  return ::stat(path.c_str(), &about) == 0 && S_ISDIR(about.st_mode);
}

Error no_folder(const std::string& path) {
  return fail(Errc::not_found, "there is no folder " + path, "name a folder that is there");
}

// A folder for the node below the target, made as needed.
Result<std::shared_ptr<Descriptor>> folder_of(const std::string& target, const std::string& node) {
  if (::mkdir(target.c_str(), kFolderMode) != 0 && errno != EEXIST)
    return local_error(target, errno);
  auto all = open_folder(AT_FDCWD, target);
  if (!all) return all.error();
  const auto path = join_path(target, node);
  if (!sftp::is_plain_name(node)) return fail(Errc::usage, "'" + node + "' is no name of a folder");
  if (::mkdirat((*all)->get(), node.c_str(), kFolderMode) != 0 && errno != EEXIST)
    return local_error(path, errno);
  return open_folder(AT_FDCWD, path);
}

// A link that the operator named stays, and what it leads to is written.
std::string without_link(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::is_symlink(path, error)) return path;
  const auto real = std::filesystem::canonical(path, error);
  return error ? path : real.string();
}

}  // namespace

Result<std::vector<std::string>> names_of(const std::vector<CopyPlace>& sources) {
  std::vector<std::string> names;
  std::set<std::string> seen;
  for (const auto& source : sources) {
    const auto split = split_path(source.path);
    const auto& name = split.name;
    if (name.empty() || name == "." || name == "..") {
      names.emplace_back();
      continue;
    }
    if (!seen.insert(source.endpoint + ":" + name).second)
      return fail(Errc::usage,
                  "two sources are called " + name + ", and one would replace the other");
    names.push_back(name);
  }
  return names;
}

net::Task<Result<std::string>> expanded(FarSide& far, std::string path) {
  if (!path.starts_with('~') || !far.files.has("expand-path@openssh.com")) co_return path;
  co_return co_await far.files.expand(path);
}

net::Task<Result<std::vector<std::string>>> place_there(FarSide& far, const CopyOrder& order) {
  auto names = names_of(order.sources);
  if (!names) co_return names.error();
  auto path = co_await expanded(far, order.target.path);
  if (!path) co_return path.error();
  const auto about = co_await far.files.stat(*path);
  if (!about && about.error().code != Errc::not_found)
    co_return fail(about.error().code, *path + ": " + about.error().message);
  if (about && about->is_folder()) {
    for (auto& name : *names) name = name.empty() ? *path : join_path(*path, name);
    co_return std::move(*names);
  }
  if (names->size() > 1 || order.target.path.ends_with('/')) {
    if (about) co_return fail(Errc::failure, *path + ": Not a directory");
    co_return no_folder(*path);
  }
  names->front() = *path;
  co_return std::move(*names);
}

Result<PlacedHere> place_here(const CopyOrder& order, const std::string& node) {
  auto names = names_of(order.sources);
  if (!names) return names.error();
  const auto& path = order.target.path;
  PlacedHere placed{nullptr, std::move(*names)};
  if (order.has_folder_per_name() || is_folder(path)) {
    auto folder = order.has_folder_per_name() ? folder_of(path, node) : open_folder(AT_FDCWD, path);
    if (!folder) return folder.error();
    placed.folder = std::move(*folder);
    return placed;
  }
  if (placed.names.size() > 1 || path.ends_with('/')) return no_folder(path);
  const auto split = split_path(without_link(path));
  auto folder = open_folder(AT_FDCWD, split.folder.empty() ? "." : split.folder);
  if (!folder) return folder.error();
  placed.folder = std::move(*folder);
  placed.names.front() = split.name;
  return placed;
}

}  // namespace edge::control
