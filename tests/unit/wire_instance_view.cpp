#include <doctest/doctest.h>

#include "wire/instance_view.hpp"

using namespace edge;

TEST_CASE("what edged knows of an instance comes back as it was sent") {
  wire::InstanceView view;
  view.time = *parse_rfc3339("2026-11-23T09:05:03.120Z");
  view.name = "shop-17";
  view.address = "203.0.113.7";
  view.tunnel = "edge.example.com:8000";
  view.silent_for = milliseconds{2410};
  view.silence_allowed = milliseconds{130'000};
  view.held = true;
  view.hold = milliseconds{55'000};
  view.hold_in_use = milliseconds{0};
  view.failure = "lost";
  const auto parsed = wire::parse_instance_view(wire::print_instance_view(view));
  REQUIRE(parsed.has_value());
  CHECK(parsed->time == view.time);
  CHECK(parsed->name == view.name);
  CHECK(parsed->tunnel == view.tunnel);
  CHECK(parsed->silent_for == view.silent_for);
  CHECK(parsed->held);
  CHECK_FALSE(parsed->has_tunnel);
  CHECK_FALSE(parsed->cloned);
  CHECK(parsed->hold_in_use == milliseconds{0});
  CHECK(parsed->failure == "lost");
}

TEST_CASE("what is not edged's view of an instance is refused with a word for it") {
  for (
      const char* text :
      {"", "<html>", "[]", "{}", R"({"time": "now"})",
       R"({"time": "2026-11-23T09:05:03Z", "name": 5, "address": "", "tunnel": "", "allowed-ms": 1, "hold-ms": 1, "failure": "", "failure-detail": ""})",
       R"({"time": "2026-11-23T09:05:03Z", "name": "", "address": "", "tunnel": "", "allowed-ms": -1, "hold-ms": 1, "failure": "", "failure-detail": ""})"}) {
    CAPTURE(text);
    const auto view = wire::parse_instance_view(text);
    REQUIRE_FALSE(view.has_value());
    CHECK_FALSE(view.error().message.empty());
  }
}
