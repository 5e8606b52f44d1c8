// edgectl ls: which endpoints, in which order, in which columns and forms.
#include <doctest/doctest.h>

#include "control_answers.hpp"
#include "edgectl/followed_endpoints.hpp"

using namespace edgectl_test;

namespace {

json labelled(const char* name, const char* state, const char* version, const char* seen,
              json labels) {
  auto one = endpoint(name);
  one["id"] = std::string(31, '0') + name[0];
  one["state"] = state;
  one["version"] = version;
  one["last-seen"] = seen == nullptr ? json(nullptr) : json(seen);
  one["labels"] = std::move(labels);
  return one;
}

struct ListFixture : Fixture {
  ListFixture() {
    edged.answer("GET /v1/endpoints", 200, {{"apiVersion", "edge/v1"}, {"items", fleet}});
  }
  std::string names(std::vector<std::string> flags) {
    flags.insert(flags.begin(), {"ls", "-o", "jsonpath={.items[*].name}"});
    const auto result = run(flags);
    CHECK(result.status == 0);
    return result.out;
  }
  const json fleet{
      labelled("a-2", "online", "0.10.0", "2026-11-22T21:52:03Z", {{"site", "berlin"}}),
      labelled("a-10", "offline", "0.9.0", "2026-11-22T21:50:03Z", {{"site", "munich"}}),
      labelled("b", "new", "", nullptr, json::object())};
};

}  // namespace

TEST_CASE_FIXTURE(ListFixture, "ls goes by state and sorts by any column or label") {
  CHECK(names({}) == "a-10 a-2 b\n");
  CHECK(names({"--reverse"}) == "b a-2 a-10\n");
  CHECK(names({"--state", "online"}) == "a-2\n");
  CHECK(names({"--state", "online", "--state", "new"}) == "a-2 b\n");
  CHECK(names({"--state", "online,offline"}) == "a-10 a-2\n");
  CHECK(names({"--sort", "state"}) == "a-10 b a-2\n");
  CHECK(names({"--sort", "last-seen"}) == "a-2 a-10 b\n");
  CHECK(names({"--sort", "last-seen", "--reverse"}) == "a-10 a-2 b\n");  // never stays last
  CHECK(names({"--sort", "version"}) == "a-10 a-2 b\n");
  CHECK(names({"--sort", "site", "--reverse"}) == "a-10 a-2 b\n");
  CHECK(names({"--sort", "label:nobody-has-it"}) == "a-10 a-2 b\n");
  const auto wrong = run({"ls", "--sort", "sit"});
  CHECK(wrong.status == 2);
  CHECK(wrong.err.find("did you mean 'site'?") != std::string::npos);
  CHECK(run({"ls", "--state", "away"}).status == 2);
}

TEST_CASE_FIXTURE(ListFixture, "ls shows the columns that were asked for, labels among them") {
  CHECK(run({"ls", "--columns", "name,site,label:x"}).out ==
        "NAME  SITE    X\n"
        "a-10  munich  -\n"
        "a-2   berlin  -\n"
        "b     -       -\n");
  // Nobody who is new has a site, but others do.
  CHECK(run({"ls", "--columns", "name,site", "--sort", "site", "--state", "new"}).out ==
        "NAME  SITE\n"
        "b     -\n");
  const auto wide = run({"ls", "-o", "wide"}).out;
  CHECK(wide.find("LABELS") != std::string::npos);
  CHECK(wide.find("site=berlin") != std::string::npos);
  CHECK(wide.find("203.0.113.7") != std::string::npos);
  const auto wrong = run({"ls", "--columns", "name,stat"});
  CHECK(wrong.status == 2);
  CHECK(wrong.err.find("did you mean 'state'?") != std::string::npos);
  for (const char* odd : {"", ",", "name,,state", "label:"}) {
    CAPTURE(odd);
    CHECK(run({"ls", "--columns", odd}).status <= 2);
  }
}

TEST_CASE_FIXTURE(ListFixture, "no endpoint in a state is no failure") {
  edged.answer("GET /v1/endpoints", 200, {{"items", {fleet[2]}}});
  const auto result = run({"ls", "--state", "offline"});
  CHECK(result.status == 0);
  CHECK(result.out.empty());
  CHECK(result.err == "no such endpoint is in that state\n");
  CHECK(run({"ls", "--state", "offline", "-q"}).err.empty());
}

TEST_CASE_FIXTURE(ListFixture, "ls of names or a selector asks for these alone") {
  edged.answer("POST /v1/targets", 200, {{"items", {fleet[0]}}});
  edgectl.input = "a-2\n";
  CHECK(run({"ls", "-", "-l", "site=berlin", "-q"}).out == "a-2\n");
  CHECK(edged.asked().back() ==
        R"(POST /v1/targets {"endpoints":["a-2"],"selector":"site=berlin","whole":true})");
  edged.answer("POST /v1/targets", 404,
               error("not-found", "no endpoint has site=berln", "did you mean site=berlin?"));
  const auto nothing = run({"ls", "-l", "site=berln"});
  CHECK(nothing.status == 3);
  CHECK(nothing.err == "edgectl: no endpoint has site=berln\n  hint: did you mean site=berlin?\n");
}

TEST_CASE_FIXTURE(ListFixture, "an empty selector and one that does not parse are wrong usage") {
  for (const char* empty : {"", " "}) {
    const auto result = run({"ls", "-l", empty});
    CHECK(result.status == 2);
    CHECK(result.err.find("the selector is empty") != std::string::npos);
  }
  const auto wrong = run({"ls", "-l", "site=berlin,=x"});
  CHECK(wrong.status == 2);
  CHECK(wrong.err ==
        "edgectl: the selector is wrong at character 13: a label's key is expected here\n"
        "  site=berlin,=x\n"
        "              ^\n"
        "  hint: edgectl help selectors\n");
}

TEST_CASE_FIXTURE(ListFixture, "JSON is handed on as edged wrote it where no terminal reads it") {
  const std::string text = "{\"items\": [\n{\"name\":\"a\"},\n{\"name\":\"b\"}\n]}\n";
  edged.answer_text("GET /v1/endpoints", 200, text);
  CHECK(run({"ls", "-o", "json"}).out == text);
  edgectl.is_terminal = true;
  const auto indented = run({"ls", "-o", "json"}).out;
  CHECK(indented != text);
  CHECK(json::parse(indented)["items"] == json::parse(text)["items"]);
}

TEST_CASE_FIXTURE(ListFixture, "yaml and jsonpath hold for whatever prints JSON") {
  edged.answer("GET /v1/endpoints/a-2", 200, fleet[0]);
  edged.answer("GET /v1/status", 200, {{"version", "0.1.0"}});
  CHECK(run({"endpoint", "show", "a-2", "-o", "yaml"}).out.find("name: a-2\n") !=
        std::string::npos);
  CHECK(run({"endpoint", "show", "a-2", "-o", "jsonpath={.labels.site}"}).out == "berlin\n");
  CHECK(run({"version", "-o", "jsonpath={.daemon.version}"}).out == "0.1.0\n");
  CHECK(run({"status", "-o", "yaml"}).out == "version: \"0.1.0\"\n");
  CHECK(run({"ls", "-o", "name"}).out == "a-10\na-2\nb\n");
  const auto wrong = run({"ls", "-o", "jsonpath={.items[}"});
  CHECK(wrong.status == 2);
  CHECK(wrong.err.find("  {.items[}\n          ^\n") != std::string::npos);
  CHECK(run({"ls", "-o", "xml"}).status == 2);
}

TEST_CASE("a follower knows each endpoint as it was told last") {
  edge::edgectl::FollowedEndpoints known;
  const auto row = [](const char* id, const char* state) {
    return json{{"type", "row"}, {"endpoint", {{"id", id}, {"name", id}, {"state", state}}}}.dump();
  };
  CHECK_FALSE(known.take(row("a", "online")));
  CHECK_FALSE(known.take(row("b", "online")));
  CHECK(known.take(R"({"type":"round"})"));
  CHECK(known.take_changes().size() == 2);
  known.take(row("a", "offline"));
  known.take(R"({"type":"gone","id":"b"})");
  known.take(R"({"type":"gone","id":"x"})");
  CHECK(known.take(R"({"type":"round"})"));
  const auto changes = known.take_changes();
  REQUIRE(changes.size() == 2);
  CHECK(changes[0]["state"] == "offline");
  CHECK(changes[1]["state"] == "removed");
  CHECK(known.all().size() == 1);
}

TEST_CASE("a follower that comes back is told what changed meanwhile, and no more") {
  edge::edgectl::FollowedEndpoints known;
  const auto row = [](const char* id, const char* state, const char* seen) {
    return json{{"type", "row"}, {"endpoint", {{"id", id}, {"state", state}, {"last-seen", seen}}}}
        .dump();
  };
  for (const char* id : {"a", "b", "c"}) known.take(row(id, "online", "1"));
  known.take(R"({"type":"round"})");
  known.take_changes();
  known.begin_again();
  known.take(row("a", "online", "2"));
  known.take(row("b", "offline", "1"));
  known.take(row("d", "new", "1"));
  CHECK(known.take(R"({"type":"round"})"));
  const auto changes = known.take_changes();
  REQUIRE(changes.size() == 3);
  CHECK(changes[0]["id"] == "b");
  CHECK(changes[1]["id"] == "c");
  CHECK(changes[1]["state"] == "removed");
  CHECK(changes[2]["id"] == "d");
  known.take(row("a", "online", "3"));
  CHECK(known.take_changes().size() == 1);
}

TEST_CASE("a line of any shape is survived by a follower") {
  edge::edgectl::FollowedEndpoints known;
  for (const char* line : {"", "[]", "1", "{", R"({"type":1})", R"({"type":"row"})",
                           R"({"type":"row","endpoint":[]})", R"({"type":"row","endpoint":{}})",
                           R"({"type":"row","endpoint":{"id":1,"instances":[1,{}]}})",
                           R"({"type":"gone"})", R"({"type":"new word"})"}) {
    CHECK_FALSE(known.take(line));
  }
}
