#include "control/known_hosts.hpp"

#include <sstream>
#include <unordered_map>
#include <utility>

#include "base/file_lock.hpp"
#include "base/files.hpp"

namespace edge::control {
namespace {

constexpr std::size_t kMostBytes = 16 * 1024 * 1024;
constexpr milliseconds kLockPatience{10'000};

struct Remembered {
  std::string host_key;
  int line = 0;
};

// What the file says: the first line of an instance counts.
struct Memory {
  std::string content;
  std::unordered_map<std::string, Remembered> keys;
};

Result<Memory> load(const std::filesystem::path& file) {
  Memory memory;
  std::error_code ignored;
  if (!std::filesystem::exists(file, ignored)) return memory;
  auto text = read_file(file, kMostBytes);
  if (!text) return text.error();
  memory.content = std::move(*text);
  std::istringstream lines(memory.content);
  int number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    const auto space = line.find(' ');
    if (space == std::string::npos) continue;
    memory.keys.try_emplace(line.substr(0, space), Remembered{line.substr(space + 1), number});
  }
  return memory;
}

void add(Memory& memory, const InstanceKey& key) {
  auto& content = memory.content;
  if (!content.empty() && content.back() != '\n') content += '\n';
  content += key.instance + " " + key.host_key + "\n";
  memory.keys.try_emplace(key.instance, Remembered{key.host_key, 0});
}

bool knows_all(const Memory& memory, const std::vector<InstanceKey>& keys) {
  for (const auto& key : keys)
    if (!memory.keys.contains(key.instance)) return false;
  return true;
}

// The memory with the new ones of these in it. Who only has known ones waits for nobody.
Result<Memory> remember(const std::filesystem::path& folder, const std::vector<InstanceKey>& keys) {
  const auto file = folder / "known_hosts";
  auto memory = load(file);
  if (!memory || knows_all(*memory, keys)) return memory;
  if (auto made = make_folder(folder, 0700); !made) return made.error();
  const auto lock = FileLock::take(folder / "known_hosts.lock", kLockPatience);
  if (!lock) return lock.error();
  memory = load(file);  // another one may have written meanwhile
  if (!memory || knows_all(*memory, keys)) return memory;
  for (const auto& key : keys)
    if (!memory->keys.contains(key.instance)) add(*memory, key);
  if (auto written = write_file(file, memory->content, 0600); !written) return written.error();
  return memory;
}

Error another_key(const std::filesystem::path& folder, int line) {
  return fail(Errc::not_allowed,
              "the host key of this node is not the one seen before\n  remembered in " +
                  (folder / "known_hosts").string() + ":" + std::to_string(line),
              "if the machine was replaced: edgectl endpoint disassociate NAME, join it again");
}

}  // namespace

Result<void> check_known_host(const std::filesystem::path& folder, const std::string& instance,
                              const std::string& host_key) {
  const auto memory = remember(folder, {{instance, host_key}});
  if (!memory) return memory.error();
  const auto& known = memory->keys.at(instance);
  if (known.host_key == host_key) return {};
  return another_key(folder, known.line);
}

Result<std::vector<InstanceKey>> take_known_hosts(const std::filesystem::path& folder,
                                                  const std::vector<InstanceKey>& keys) {
  const auto memory = remember(folder, keys);
  if (!memory) return memory.error();
  std::vector<InstanceKey> taken;
  for (const auto& key : keys)
    if (memory->keys.at(key.instance).host_key == key.host_key) taken.push_back(key);
  return taken;
}

HostKeyMemory::HostKeyMemory(std::filesystem::path folder) : folder_(std::move(folder)) {}

Result<void> HostKeyMemory::check(const std::string& instance, const std::string& host_key) {
  if (!std::exchange(loaded_, true)) {
    const auto memory = load(folder_ / "known_hosts");
    if (!memory) return memory.error();
    for (const auto& [name, known] : memory->keys)
      known_.try_emplace(name, Line{known.host_key, known.line});
  }
  const auto [known, is_new] = known_.try_emplace(instance, Line{host_key, 0});
  if (is_new) unsaved_.push_back({instance, host_key});
  if (known->second.host_key == host_key) return {};
  return another_key(folder_, known->second.number);
}

Result<void> HostKeyMemory::save() {
  if (unsaved_.empty()) return {};
  const auto taken = take_known_hosts(folder_, unsaved_);
  if (!taken) return taken.error();
  unsaved_.clear();
  return {};
}

}  // namespace edge::control
