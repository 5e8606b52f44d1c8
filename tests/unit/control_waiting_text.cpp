#include <doctest/doctest.h>

#include "control/waiting_text.hpp"

namespace edge::control {
namespace {

using nlohmann::json;

json cluster() {
  return {{"state", "online"},
          {"interval", "5s"},
          {"wait-at-most", "0s"},
          {"tunnel", {{"state", "open"}, {"reason", ""}, {"instance", "aa11"}}},
          {"instances",
           {{{"id", "aa11"}, {"host-name", "worker-1"}, {"held", false}, {"tunnel", nullptr}},
            {{"id", "bb22"},
             {"host-name", "worker-2"},
             {"held", false},
             {"failure-detail", "refused"},
             {"tunnel", {{"state", "required"}, {"reason", "lost"}}}}}}};
}

}  // namespace

TEST_CASE("who waits for one instance is told of that one, and not of the endpoint's tunnel") {
  const auto text = [](const std::string& wanted) {
    return waiting_text(wanted, seen_as_instance(cluster(), wanted));
  };
  CHECK(text("worker-1") == "connecting to worker-1: tunnel is open...");
  for (const std::string wanted : {"worker-2", "bb22", "bb"}) {
    CHECK(text(wanted) == "connecting to " + wanted +
                              ": last attempt: lost (refused); waiting for its check-in (at most "
                              "5s)...");
  }
  auto fresh = cluster();
  fresh["instances"][1]["tunnel"] = nullptr;
  fresh["instances"][1]["held"] = true;
  CHECK(waiting_text("it", seen_as_instance(fresh, "worker-2")) ==
        "connecting to it: waiting for its check-in...");
  CHECK(seen_as_instance(cluster(), "worker-9") == cluster());
}

}  // namespace edge::control
