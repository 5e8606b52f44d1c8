// The known_hosts file of stock ssh: NAME.edge and the host keys that edged pinned for it, as far
// as they are the ones that edgectl remembers. `edgectl proxy` brings the lines of its endpoint up
// to date before ssh hears the first byte of the node, so that the file never is behind.
#pragma once

#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "control/known_hosts.hpp"

namespace edge::control {

std::filesystem::path ssh_known_hosts_file(const std::filesystem::path& state_folder);

// The pinned keys of an endpoint as docs/admin-api.md has it. What is no id and no ed25519 key is
// left out: it never gets into a file.
std::vector<InstanceKey> pinned_keys(const nlohmann::json& endpoint);

struct SshHost {
  std::string host;               // "shop-17.edge"; REQUIRES: a name of this form, in lower case
  std::vector<std::string> keys;  // "ssh-ed25519 AAAA..."
};
// The file's text with these lines for this host and no others; what was longest without a change
// goes when it would be larger than `most`.
std::string with_ssh_host(std::string_view content, const SshHost& host,
                          std::size_t most = 8 * 1024 * 1024);

// `pinned` is asked while nobody else can write, so that an older answer never replaces a newer
// one. A key that is not the remembered one of its instance is left out.
Result<void> refresh_ssh_host(const std::filesystem::path& state_folder, const std::string& host,
                              const std::function<std::vector<InstanceKey>()>& pinned);

// The whole file anew, from a list of endpoints.
Result<void> write_ssh_known_hosts(const std::filesystem::path& state_folder,
                                   const nlohmann::json& endpoints);

}  // namespace edge::control
