// Labels on the command line, and commands that change several endpoints.
#include <doctest/doctest.h>

#include <algorithm>

#include "control_answers.hpp"

using namespace edgectl_test;

namespace {

json target(const char* id, const char* name) {
  return {{"id", id}, {"name", name}, {"state", "online"}, {"labels", json::object()}};
}

struct LabelFixture : Fixture {
  LabelFixture() {
    edged.answer("POST /v1/targets", 200, {{"items", {target("1", "a"), target("2", "b")}}});
    edged.answer("PATCH /v1/labels", 200,
                 {{"items",
                   {{{"id", "1"}, {"name", "a"}, {"labels", {{"site", "berlin"}}}},
                    {{"id", "2"}, {"name", "b"}, {"labels", json::object()}}}}});
    edged.answer("PATCH /v1/targets/settings", 200,
                 {{"items", {{{"id", "1"}, {"name", "a"}}, {{"id", "2"}, {"name", "b"}}}}});
  }
  bool was_asked(const std::string& request) const {
    const auto asked = edged.asked();
    return std::find(asked.begin(), asked.end(), request) != asked.end();
  }
};

}  // namespace

TEST_CASE_FIXTURE(LabelFixture,
                  "label takes names and changes in any order, and sends one change") {
  const auto result = run({"label", "a", "site=berlin", "b", "tier-"});
  CHECK(result.status == 0);
  CHECK(result.out == "labelled 2 endpoints: site=berlin, -tier\n");
  CHECK(was_asked(R"(POST /v1/targets {"endpoints":["a","b"]})"));
  CHECK(was_asked(
      R"(PATCH /v1/labels {"endpoints":["1","2"],"overwrite":false,"remove":["tier"],"set":{"site":"berlin"}})"));
  CHECK(run({"label", "-l", "os=linux", "x=", "-q", "--overwrite"}).out == "a\nb\n");
  CHECK(was_asked(R"(POST /v1/targets {"selector":"os=linux"})"));
  edgectl.input = "a\nb\n";
  CHECK(run({"label", "-", "x=y"}).status == 0);
}

TEST_CASE_FIXTURE(LabelFixture, "a label of one endpoint shows all that it has then") {
  edged.answer("POST /v1/targets", 200, {{"items", {target("1", "a")}}});
  edged.answer("PATCH /v1/labels", 200,
               {{"items", {{{"name", "a"}, {"labels", {{"site", "berlin"}, {"x", ""}}}}}}});
  CHECK(run({"label", "a", "x="}).out == "a: site=berlin,x\n");
}

TEST_CASE_FIXTURE(LabelFixture, "a wrong label is told before edged is asked") {
  struct Row {
    std::vector<std::string> words;
    const char* reason;
  };
  for (const Row& row :
       {Row{{"a"}, "no label is given"}, Row{{"a", "x=y", "x=z"}, "given twice"},
        Row{{"a", "x=y", "x-"}, "both set and removed"}, Row{{"a", "-x=y"}, ""},
        Row{{"a", "x=a b"}, "is no value"}, Row{{"a", "x y=a"}, "is no label's key"},
        Row{{"a", "=y"}, "is no label's key"}, Row{{"a", "x=\033[31m"}, "is no value"},
        Row{{"x=y"}, "which endpoints?"}}) {
    auto words = row.words;
    words.insert(words.begin(), "label");
    const auto result = run(words);
    CAPTURE(result.err);
    CHECK(result.status == 2);
    CHECK(result.err.find(row.reason) != std::string::npos);
    CHECK(result.err.find('\033') == std::string::npos);
  }
  CHECK(edged.asked().empty());
}

TEST_CASE_FIXTURE(LabelFixture, "a dry run lists the endpoints and changes nothing") {
  CHECK(run({"label", "-l", "x", "y=z", "--dry-run", "-q"}).out == "a\nb\n");
  CHECK(run({"settings", "set", "check-in.interval", "5s", "-l", "x", "--dry-run", "-q"}).out ==
        "a\nb\n");
  CHECK(run({"snapshot", "take", "-l", "x", "--dry-run", "-q"}).out == "a\nb\n");
  for (const auto& request : edged.asked()) CHECK(request.starts_with("POST /v1/targets "));
}

TEST_CASE_FIXTURE(LabelFixture, "endpoints are made with labels, one or many") {
  edged.answer("POST /v1/endpoints", 201, created());
  CHECK(run({"endpoint", "create", "shop-17", "-l", "site=berlin,tier=prod", "--label", "x="})
            .status == 0);
  CHECK(edged.asked().back() ==
        R"(POST /v1/endpoints {"labels":{"site":"berlin","tier":"prod","x":""},"name":"shop-17"})");
  edged.answer("POST /v1/endpoints", 201, {{"items", json::array()}});
  run({"endpoint", "create", "--count", "2", "--prefix", "x", "-l", "a=b"});
  CHECK(edged.asked().back() ==
        R"(POST /v1/endpoints {"count":2,"labels":{"a":"b"},"prefix":"x","start":1})");
  CHECK(run({"endpoint", "create", "x", "-l", "site"}).status == 2);
  CHECK(run({"endpoint", "create", "x", "-l", "site=a", "-l", "site=b"}).status == 2);
}

TEST_CASE_FIXTURE(LabelFixture, "a setting of several endpoints is asked for, and sent once") {
  const std::vector<std::string> words{"settings", "set", "check-in.interval", "5s", "-l", "x"};
  const auto refused = run(words);
  CHECK(refused.status == 2);
  CHECK(refused.err.find("--yes") != std::string::npos);
  edgectl.is_terminal = true;
  edgectl.input = "n\n";
  const auto declined = run(words);
  CHECK(declined.status == 1);
  CHECK(declined.err.find("set check-in.interval to 5s on 2 endpoints (a and b)?") !=
        std::string::npos);
  const std::string request =
      R"(PATCH /v1/targets/settings {"endpoints":["1","2"],"settings":{"check-in.interval":"5s"}})";
  CHECK_FALSE(was_asked(request));
  edgectl.input = "y\n";
  CHECK(run(words).out == "check-in.interval is 5s for 2 endpoints\n");
  CHECK(was_asked(request));
  CHECK(run({"settings", "unset", "check-in.interval", "a", "b", "--yes"}).out ==
        "check-in.interval is as for all endpoints again for 2 endpoints\n");
}

TEST_CASE_FIXTURE(LabelFixture, "a setting without names or selector is still that of all") {
  edged.answer("PATCH /v1/settings", 200,
               {{"settings", {{{"key", "check-in.interval"}, {"value", "5s"}}}}});
  CHECK(run({"settings", "set", "check-in.interval", "5s"}).out ==
        "check-in.interval is 5s for all endpoints\n");
  // But a script whose list is empty does not mean all.
  edgectl.input = "";
  CHECK(run({"settings", "set", "check-in.interval", "5s", "-"}).status == 3);
  CHECK(run({"settings", "set", "check-in.interval", "5s", "-l", ""}).status == 2);
}

TEST_CASE_FIXTURE(LabelFixture, "snapshots of several are rows, and offline is told from failed") {
  edged.answer("POST /v1/targets", 200,
               {{"items", {target("1", "a"), target("2", "b"), target("3", "c")}}});
  edged.answer("POST /v1/endpoints/1/snapshots", 200, {{"items", {{{"instance", "i"}}}}});
  edged.answer("POST /v1/endpoints/2/snapshots", 503, error("offline", "b is offline"));
  edged.answer("POST /v1/endpoints/3/snapshots", 408, error("timed-out", "c took too long"));
  const auto result = run({"snapshot", "take", "a", "b", "c", "--yes", "--parallel", "1"});
  CHECK(result.status == 10);
  CHECK(result.out ==
        "a  taken    -\n"
        "b  offline  b is offline\n"
        "c  failed   c took too long\n");
  CHECK(result.err == "1 taken, 1 offline, 1 failed\n");
  const auto as_json =
      json::parse(run({"snapshot", "take", "a", "b", "c", "--yes", "-o", "json"}).out);
  CHECK(as_json["items"].size() == 3);
  CHECK(run({"snapshot", "take", "a", "b", "c"}).status == 2);  // not confirmed
}
