#include "fleet/roster.hpp"

#include <sstream>
#include <unordered_set>

#include "base/encoding.hpp"
#include "base/files.hpp"
#include "wire/json.hpp"

namespace edge::bench {
namespace {

using agent::Identity;
using wire::Json;

constexpr std::size_t kMostFileBytes = 256U << 20;

std::string print(const Identity& identity) {
  Json json{{"endpoint", identity.endpoint.text},
            {"name", identity.name},
            {"instance", identity.instance.text},
            {"urls", identity.urls},
            {"pins", identity.pins},
            {"host-keys", identity.host_keys},
            {"tunnel", identity.tunnel},
            {"edge-id", std::string(identity.edge_id.reveal())},
            {"secret", to_base64url(identity.secret.reveal())},
            {"key", to_base64url(identity.key.reveal())}};
  return json.dump() + "\n";
}

Secret secret_at(const Json& json, const char* key) {
  return Secret(from_base64url(json.at(key).get<std::string>()).value_or(""));
}

// REQUIRES: a line of ours; nlohmann's exceptions end in load().
Identity parse(const std::string& line) {
  const auto json = Json::parse(line);
  Identity identity;
  identity.endpoint = EndpointId{json.at("endpoint").get<std::string>()};
  identity.name = json.at("name").get<std::string>();
  identity.instance = InstanceId{json.at("instance").get<std::string>()};
  identity.urls = json.at("urls").get<std::vector<std::string>>();
  identity.pins = json.at("pins").get<std::vector<std::string>>();
  identity.host_keys = json.at("host-keys").get<std::vector<std::string>>();
  identity.tunnel = json.at("tunnel").get<std::string>();
  identity.edge_id = Secret(json.at("edge-id").get<std::string>());
  identity.secret = secret_at(json, "secret");
  identity.key = secret_at(json, "key");
  identity.associated = !identity.key.empty();
  return identity;
}

// One object with a list of items, or an object a line.
std::vector<Json> items_of(const std::string& text) {
  auto whole = Json::parse(text, nullptr, false);
  if (whole.is_object() && whole.contains("items")) return whole["items"];
  std::vector<Json> items;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (!line.empty()) items.push_back(Json::parse(line));
  }
  return items;
}

}  // namespace

Result<Roster> Roster::load(const std::filesystem::path& folder) {
  if (auto made = make_folder(folder, 0700); !made) return made.error();
  Roster roster(folder);
  if (!std::filesystem::exists(roster.file())) return roster;
  auto text = read_file(roster.file(), kMostFileBytes);
  if (!text) return text.error();
  std::istringstream lines(*text);
  try {
    for (std::string line; std::getline(lines, line);) roster.identities_.push_back(parse(line));
  } catch (const Json::exception& error) {
    return fail(Errc::failure, roster.file().string() + ": " + error.what());
  }
  return roster;
}

Result<void> Roster::save() const {
  std::string text;
  for (const auto& identity : identities_) text += print(identity);
  return write_file(file(), text, 0600);
}

Result<void> Roster::add(const std::filesystem::path& created) {
  auto text = read_file(created, kMostFileBytes);
  if (!text) return text.error();
  std::unordered_set<std::string> known;
  for (const auto& identity : identities_) known.insert(identity.endpoint.text);
  try {
    for (const auto& item : items_of(*text)) {
      auto token = wire::parse_token(item.at("token").get<std::string>());
      if (!token) return token.error();
      if (!known.insert(token->endpoint.text).second) continue;
      identities_.push_back(agent::identity_from(*token, item.at("edge-id"), std::nullopt));
    }
  } catch (const Json::exception& error) {
    return fail(Errc::usage, created.string() + ": " + error.what());
  }
  return {};
}

Result<void> Roster::choose(std::size_t first, std::size_t count, const std::string& url) {
  const auto have = identities_.size();
  if (first >= have || (count > 0 && first + count > have)) {
    return fail(Errc::usage, "there are " + std::to_string(have) + " agents only",
                "fleet join makes more");
  }
  const auto begin = identities_.begin() + static_cast<std::ptrdiff_t>(first);
  const auto end = count == 0 ? identities_.end() : begin + static_cast<std::ptrdiff_t>(count);
  identities_ = std::vector<Identity>(begin, end);
  for (auto& identity : identities_) {
    if (!url.empty()) identity.urls = {url};
  }
  return {};
}

}  // namespace edge::bench
