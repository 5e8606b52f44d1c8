#include "control/known_hosts.hpp"

#include <sstream>

#include "base/files.hpp"

namespace edge::control {
namespace {
constexpr std::size_t kMostBytes = 16 * 1024 * 1024;
}

Result<void> check_known_host(const std::filesystem::path& folder, const std::string& instance,
                              const std::string& host_key) {
  const auto file = folder / "known_hosts";
  std::string content;
  std::error_code ignored;
  if (std::filesystem::exists(file, ignored)) {
    auto text = read_file(file, kMostBytes);
    if (!text) return text.error();
    content = std::move(*text);
  }
  std::istringstream lines(content);
  int number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    if (line.compare(0, instance.size() + 1, instance + " ") != 0) continue;
    if (line.substr(instance.size() + 1) == host_key) return {};
    return fail(Errc::not_allowed,
                "the host key of this node is not the one seen before\n  remembered in " +
                    file.string() + ":" + std::to_string(number),
                "if the machine was replaced: edgectl endpoint disassociate NAME, join it again");
  }
  if (!content.empty() && content.back() != '\n') content += '\n';
  content += instance + " " + host_key + "\n";
  if (auto made = make_folder(folder, 0700); !made) return made.error();
  return write_file(file, content, 0600);
}

}  // namespace edge::control
