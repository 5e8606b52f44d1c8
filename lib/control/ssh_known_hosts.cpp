#include "control/ssh_known_hosts.hpp"

#include <algorithm>
#include <map>

#include "base/file_lock.hpp"
#include "base/files.hpp"
#include "base/ids.hpp"
#include "ssh/key.hpp"

namespace edge::control {
namespace {

constexpr std::size_t kLargestFile = 16 * 1024 * 1024;
constexpr std::size_t kMostInstances = 1'000;  // of one endpoint
constexpr milliseconds kLockPatience{15'000};  // who has it asks edged, which has 5 s
constexpr std::string_view kHead =
    "# Kept by edgectl: ssh-config writes it, and proxy brings it up to date.\n";

std::string text_of(const nlohmann::json& object, const char* key) {
  if (!object.is_object()) return {};
  const auto field = object.find(key);
  return field != object.end() && field->is_string() ? field->get<std::string>() : std::string();
}

// As we print it: type and base64, nothing behind.
std::string canonical(const std::string& line) {
  const auto key = ssh::Key::from_public_line(line);
  return key ? key->public_line() : std::string();
}

// With its line end, wherever there is one.
std::string_view take_line(std::string_view& text) {
  const auto end = text.find('\n');
  const auto line = text.substr(0, end == std::string_view::npos ? end : end + 1);
  text.remove_prefix(line.size());
  return line;
}

bool is_of(std::string_view line, std::string_view host) {
  return line.size() > host.size() && line.substr(0, host.size()) == host &&
         line[host.size()] == ' ';
}

std::string lines_of(const SshHost& host) {
  std::string lines;
  for (const auto& key : host.keys) lines += host.host + " " + key + "\n";
  return lines;
}

Result<FileLock> lock_in(const std::filesystem::path& folder) {
  if (auto made = make_folder(folder, 0700); !made) return made.error();
  return FileLock::take(folder / "ssh_known_hosts.lock", kLockPatience);
}

std::vector<std::string> host_keys(const std::vector<InstanceKey>& keys) {
  std::vector<std::string> lines;
  for (const auto& key : keys)
    if (std::find(lines.begin(), lines.end(), key.host_key) == lines.end())
      lines.push_back(key.host_key);
  return lines;
}

}  // namespace

std::filesystem::path ssh_known_hosts_file(const std::filesystem::path& state_folder) {
  return state_folder / "ssh_known_hosts";
}

std::vector<InstanceKey> pinned_keys(const nlohmann::json& endpoint) {
  std::vector<InstanceKey> keys;
  const auto id = parse_endpoint_id(text_of(endpoint, "id"));
  if (!id || !endpoint.contains("instances")) return keys;
  for (const auto& instance : endpoint["instances"]) {
    if (keys.size() == kMostInstances) break;
    const auto own = parse_instance_id(text_of(instance, "id"));
    auto line = canonical(text_of(instance, "host-key-line"));
    if (own && !line.empty()) keys.push_back({id->text + "." + own->text, std::move(line)});
  }
  return keys;
}

std::string with_ssh_host(std::string_view content, const SshHost& host, std::size_t most) {
  std::string before, others;
  for (auto rest = content; !rest.empty();) {
    const auto line = take_line(rest);
    if (line.front() == '#') continue;  // our head: nobody else writes here
    (is_of(line, host.host) ? before : others) += line;
  }
  const auto wanted = lines_of(host);
  if (before == wanted && content.substr(0, kHead.size()) == kHead) return std::string(content);
  if (!others.empty() && others.back() != '\n') others += '\n';
  std::string_view kept(others);
  while (!kept.empty() && kHead.size() + kept.size() + wanted.size() > most) take_line(kept);
  return std::string(kHead) + std::string(kept) + wanted;
}

Result<void> refresh_ssh_host(const std::filesystem::path& state_folder, const std::string& host,
                              const std::function<std::vector<InstanceKey>()>& pinned) {
  const auto lock = lock_in(state_folder);
  if (!lock) return lock.error();
  const auto taken = take_known_hosts(state_folder, pinned());
  if (!taken) return taken.error();
  const auto file = ssh_known_hosts_file(state_folder);
  std::error_code ignored;
  std::string before;
  if (std::filesystem::exists(file, ignored)) {
    auto text = read_file(file, kLargestFile);
    if (!text) return text.error();
    before = std::move(*text);
  }
  const auto after = with_ssh_host(before, {host, host_keys(*taken)});
  if (after == before) return {};
  return write_file(file, after, 0600);
}

Result<void> write_ssh_known_hosts(const std::filesystem::path& state_folder,
                                   const nlohmann::json& endpoints) {
  const auto lock = lock_in(state_folder);
  if (!lock) return lock.error();
  std::vector<InstanceKey> all;
  std::map<std::string, std::string> names;  // endpoint id -> name
  for (const auto& endpoint : endpoints) {
    const auto name = text_of(endpoint, "name");
    if (!is_endpoint_name(name)) continue;
    names[text_of(endpoint, "id")] = name;
    const auto keys = pinned_keys(endpoint);
    all.insert(all.end(), keys.begin(), keys.end());
  }
  const auto taken = take_known_hosts(state_folder, all);
  if (!taken) return taken.error();
  std::string content(kHead);
  for (const auto& key : *taken) {
    const auto& name = names[key.instance.substr(0, key.instance.find('.'))];
    const auto line = name + ".edge " + key.host_key + "\n";
    if (content.size() + line.size() > kLargestFile / 2) break;  // proxy adds what is missing
    content += line;
  }
  return write_file(ssh_known_hosts_file(state_folder), content, 0600);
}

}  // namespace edge::control
