// Answers of the admin API as edged gives them, and edgectl with an edged to talk to.
#pragma once

#include "control_edgectl.hpp"
#include "control_fake_edged.hpp"

namespace edgectl_test {

using nlohmann::json;

inline constexpr const char* kId = "3f9c0000000000000000000000000001";
inline constexpr const char* kEdgeId = "6e0cf2f5-5a0e-4c63-9b46-0c4cde3a1f11";

inline json endpoint(const char* name) {
  return {{"apiVersion", "edge/v1"},
          {"id", kId},
          {"name", name},
          {"state", "online"},
          {"created", "2026-11-22T18:52:05.000Z"},
          {"last-seen", "2026-11-22T21:52:03.000Z"},
          {"address", "203.0.113.7"},
          {"associated", true},
          {"token-expires", nullptr},
          {"url", "https://edge.example.com:9000"},
          {"interval", "5s"},
          {"hold", "55s"},
          {"version", "0.1.0"},
          {"tunnel", {{"state", "idle"}, {"reason", ""}, {"since", ""}}}};
}

inline json created() {
  return {{"apiVersion", "edge/v1"},
          {"endpoint", endpoint("shop-17")},
          {"token", "edge1.eyJh.x-_"},
          {"edge-id", kEdgeId},
          {"url", "https://edge.example.com:9000"},
          {"tunnel", "edge.example.com:8000"},
          {"warnings", json::array()}};
}

inline json error(const char* code, const char* message, const char* hint = "") {
  return {{"error", {{"code", code}, {"message", message}, {"hint", hint}}}};
}

struct Fixture {
  FakeEdged edged;
  Edgectl edgectl;
  EdgectlRun run(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"--socket", edged.socket()});
    return edgectl.run(arguments);
  }
};

}  // namespace edgectl_test
