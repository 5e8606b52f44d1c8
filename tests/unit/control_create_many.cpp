// edgectl endpoint create --count N --prefix TEXT
#include <doctest/doctest.h>

#include "control_answers.hpp"

using namespace edgectl_test;

namespace {

json item(const char* name, const char* token) {
  return {{"apiVersion", "edge/v1"},
          {"endpoint", {{"apiVersion", "edge/v1"}, {"id", kId}, {"name", name}}},
          {"token", token},
          {"edge-id", kEdgeId},
          {"url", "https://edge.example.com:9000"},
          {"tunnel", "edge.example.com:8000"}};
}

json many() {
  return {{"apiVersion", "edge/v1"},
          {"items", {item("till-00001", "edge1.a.b"), item("till-00003", "edge1.c.d")}},
          {"existing", {"till-00002"}},
          {"warnings", {"edge.example.com does not resolve"}}};
}

const std::vector<std::string> kAsk{"endpoint", "create", "--count", "3", "--prefix", "till"};

std::vector<std::string> ask_with(std::initializer_list<const char*> more) {
  auto arguments = kAsk;
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

}  // namespace

TEST_CASE_FIXTURE(Fixture, "create --count says how many, and keeps the tokens to itself") {
  edged.answer("POST /v1/endpoints", 201, many());
  for (const bool terminal : {false, true}) {
    edgectl.is_terminal = terminal;
    const auto result = run(ask_with({"--if-absent"}));
    CHECK(result.status == 0);
    CHECK(result.out ==
          "created 2 endpoints, till-00001 to till-00003; agents will dial "
          "https://edge.example.com:9000 and edge.example.com:8000; 1 existed already\n");
    CHECK(result.err.find("does not resolve") != std::string::npos);
    CHECK(result.err.find("-o json or --show-token") != std::string::npos);
    CHECK((result.err.find("making 3 endpoints") != std::string::npos) == terminal);
  }
  CHECK(edged.asked().front() ==
        R"(POST /v1/endpoints {"count":3,"if-absent":true,"prefix":"till","start":1})");
}

TEST_CASE_FIXTURE(Fixture, "create --count prints join lines, JSON or names where asked to") {
  edged.answer("POST /v1/endpoints", 201, many());
  const auto shown = run(ask_with({"--show-token", "--start", "7", "--expires", "never"}));
  CHECK(shown.out == "till-00001  sudo edge-agent join --edge-id " + std::string(kEdgeId) +
                         " <<< 'edge1.a.b'\ntill-00003  sudo edge-agent join --edge-id " + kEdgeId +
                         " <<< 'edge1.c.d'\n");
  CHECK(edged.asked().front() ==
        R"(POST /v1/endpoints {"count":3,"expires":"never","prefix":"till","start":7})");
  const auto as_json = run(ask_with({"-o", "json"}));
  CHECK(json::parse(as_json.out) == many());
  CHECK(as_json.err.empty());
  CHECK(run(ask_with({"-q"})).out == "till-00001\ntill-00003\n");
}

TEST_CASE_FIXTURE(Fixture, "of many tokens none is printed that could leave its quotes") {
  auto answer = many();
  answer["items"][1]["token"] = "x'; reboot; '";
  edged.answer("POST /v1/endpoints", 201, answer);
  const auto result = run(ask_with({"--show-token"}));
  CHECK(result.status == 1);
  CHECK(result.out.find("reboot") == std::string::npos);
}

TEST_CASE_FIXTURE(Fixture, "create --count that finds all of them there says so") {
  edged.answer("POST /v1/endpoints", 201,
               {{"apiVersion", "edge/v1"}, {"items", json::array()}, {"existing", {"a", "b"}}});
  const auto result = run(kAsk);
  CHECK(result.out == "created no endpoint; 2 existed already\n");
  CHECK(result.err.empty());
}

TEST_CASE_FIXTURE(Fixture, "create refuses what is neither one nor many before asking edged") {
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"endpoint", "create"},
        {"endpoint", "create", "a", "--count", "3", "--prefix", "till"},
        {"endpoint", "create", "a", "--prefix", "till"},
        {"endpoint", "create", "--count", "3"},
        {"endpoint", "create", "--prefix", "till"},
        {"endpoint", "create", "--count", "0", "--prefix", "till"},
        {"endpoint", "create", "--count", "20001", "--prefix", "till"},
        {"endpoint", "create", "--count", "3", "--prefix", "Till"},
        {"endpoint", "create", "--count", "3", "--prefix", "till", "--expires", "soon"}}) {
    CAPTURE(arguments.size());
    CHECK(run(arguments).status == 2);
  }
  CHECK(edged.asked().empty());
}
