#include <doctest/doctest.h>

#include <string>

#include "server/snapshot_text.hpp"

namespace edge::server {
namespace {

std::string nested(int depth) {
  const auto count = static_cast<std::size_t>(depth);
  return R"({"kind":"Snapshot","x":)" + std::string(count, '[') + std::string(count, ']') + "}";
}

}  // namespace

TEST_CASE("an object that says it is a snapshot is one") {
  CHECK(is_snapshot(R"({"kind": "Snapshot"})"));
  CHECK(is_snapshot(R"({"apiVersion": "edge/v1", "kind": "Snapshot", "disks": [{"a": [1, 2]}]})"));
  CHECK(is_snapshot(nested(4)));
}

TEST_CASE("anything else is not") {
  for (const std::string text :
       {"", "{", "null", "[]", "\"Snapshot\"", "[{\"kind\":\"Snapshot\"}]", "{}",
        R"({"kind": "snapshot"})", R"({"kind": null})", R"({"kind": ["Snapshot"]})",
        R"({"kind": "Snapshot"} trailing)", R"({"kind": "Snapshot", "bad": "\ud800"})",
        "{\"kind\": \"Snapshot\", \"bad\": \"\xff\"}", "{\"kind\": \"Snapshot\", \"bad\": \"\n\"}",
        R"({"x": {"kind": "Snapshot"}})"}) {
    CAPTURE(text);
    CHECK_FALSE(is_snapshot(text));
  }
}

TEST_CASE("a text that nests deeper than any snapshot is refused at any depth") {
  for (const int depth : {9, 100, 100'000, 500'000}) {
    CAPTURE(depth);
    CHECK_FALSE(is_snapshot(nested(depth)));
    CHECK_FALSE(is_snapshot(R"({"kind":"Snapshot","x":)" +
                            std::string(static_cast<std::size_t>(depth), '[')));
  }
}

}  // namespace edge::server
