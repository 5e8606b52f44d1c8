#include "edgectl/followed_endpoints.hpp"

#include "control/json_fields.hpp"

namespace edge::edgectl {
namespace {

using control::text_at;
using nlohmann::json;

// Without what changes while nothing happens.
json lasting_part(json endpoint) {
  for (const char* key : {"last-seen", "wait-at-most"}) endpoint.erase(key);
  if (endpoint.contains("instances") && endpoint["instances"].is_array()) {
    for (auto& instance : endpoint["instances"]) {
      if (!instance.is_object()) continue;
      instance.erase("last-seen");
      instance.erase("held");
    }
  }
  return endpoint;
}

}  // namespace

void FollowedEndpoints::begin_again() {
  again_ = true;
  confirmed_.clear();
}

bool FollowedEndpoints::take(std::string_view line) {
  auto parsed = json::parse(line.begin(), line.end(), nullptr, false);
  const auto type = text_at(parsed, "type");
  if (type == "row" && control::object_at(parsed, "endpoint").contains("id")) {
    take_row(std::move(parsed["endpoint"]));
  } else if (type == "gone") {
    remove(text_at(parsed, "id"));
  } else if (type == "round") {
    if (std::exchange(again_, false)) forget_unconfirmed();
    return true;
  }
  return false;
}

std::vector<json> FollowedEndpoints::take_changes() {
  std::vector<json> changes;
  for (auto& [id, endpoint] : changes_) changes.push_back(std::move(endpoint));
  changes_.clear();
  return changes;
}

void FollowedEndpoints::take_row(json endpoint) {
  const auto id = text_at(endpoint, "id");
  const auto [known, is_new] = all_.try_emplace(id);
  if (again_) confirmed_.insert(id);
  const bool told_again =
      again_ && !is_new && lasting_part(known->second) == lasting_part(endpoint);
  if (!told_again) changes_[id] = endpoint;
  known->second = std::move(endpoint);
}

void FollowedEndpoints::remove(const std::string& id) {
  const auto found = all_.find(id);
  if (found == all_.end()) return;
  changes_[id] = std::move(found->second);
  changes_[id]["state"] = "removed";
  all_.erase(found);
}

void FollowedEndpoints::forget_unconfirmed() {
  std::vector<std::string> gone;
  for (const auto& [id, endpoint] : all_) {
    if (confirmed_.count(id) == 0) gone.push_back(id);
  }
  for (const auto& id : gone) remove(id);
  confirmed_.clear();
}

}  // namespace edge::edgectl
