#include "control/copy/part_name.hpp"

#include "base/encoding.hpp"
#include "crypto/hash.hpp"

namespace edge::control {
namespace {

constexpr std::size_t kMostName = 255;
constexpr std::size_t kKept = 200;
constexpr std::size_t kHashBytes = 8;

}  // namespace

std::string part_name(std::string_view name) {
  constexpr std::string_view kEnd = ".part";
  if (1 + name.size() + kEnd.size() <= kMostName)
    return "." + std::string(name) + std::string(kEnd);
  const auto hash = crypto::hash_of(name);
  const std::string_view bytes(reinterpret_cast<const char*>(hash.data()), kHashBytes);
  return "." + std::string(name.substr(0, kKept)) + "." + to_hex(bytes) + std::string(kEnd);
}

SplitPath split_path(std::string_view path) {
  while (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  const auto slash = path.rfind('/');
  if (slash == std::string_view::npos) return {"", std::string(path)};
  return {std::string(path.substr(0, slash + 1)), std::string(path.substr(slash + 1))};
}

std::string join_path(std::string_view folder, std::string_view name) {
  std::string path(folder);
  if (!path.empty() && !path.ends_with('/')) path += '/';
  return path.append(name);
}

}  // namespace edge::control
