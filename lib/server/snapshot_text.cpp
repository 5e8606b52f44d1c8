#include "server/snapshot_text.hpp"

#include <nlohmann/json.hpp>

namespace edge::server {
namespace {
constexpr int kDeepest = 8;
}

bool is_snapshot(std::string_view text) {
  using nlohmann::json;
  bool too_deep = false;
  const auto bound = [&too_deep](int depth, json::parse_event_t, json&) {
    if (depth > kDeepest) too_deep = true;
    return !too_deep;
  };
  const auto parsed = json::parse(text, bound, /*allow_exceptions=*/false);
  return !too_deep && parsed.is_object() && parsed.value("kind", json()) == "Snapshot";
}

}  // namespace edge::server
