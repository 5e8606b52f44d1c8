// edgectl endpoint create: what is asked, what is printed, and where the token goes.
#include <doctest/doctest.h>

#include "control_answers.hpp"

using namespace edgectl_test;

TEST_CASE_FIXTURE(Fixture,
                  "endpoint create prints the line to paste, with the token on a terminal") {
  edged.answer("POST /v1/endpoints", 201, created());
  edgectl.is_terminal = true;
  const auto result = run({"endpoint", "create", "shop-17"});
  CHECK(result.status == 0);
  CHECK(result.err == "");
  CHECK(result.out ==
        "created endpoint shop-17 (id 3f9c0000000000000000000000000001); agents will dial "
        "https://edge.example.com:9000 and edge.example.com:8000\n"
        "On the node, or on every node of a cluster, run:\n"
        "  sudo edge-agent join --edge-id 6e0cf2f5-5a0e-4c63-9b46-0c4cde3a1f11 <<< "
        "'edge1.eyJh.x-_'\n"
        "The token is shown once and expires in 24h if nobody has joined (--expires).\n");
  CHECK(edged.asked() == std::vector<std::string>{R"(POST /v1/endpoints {"name":"shop-17"})"});
}

TEST_CASE_FIXTURE(Fixture, "endpoint create keeps the token out of a pipe unless it is asked for") {
  edged.answer("POST /v1/endpoints", 201, created());
  const auto hidden = run({"endpoint", "create", "shop-17"});
  CHECK(hidden.status == 0);
  CHECK(hidden.out.find("edge1.") == std::string::npos);
  CHECK(hidden.out.find("join --edge-id 6e0c") != std::string::npos);
  CHECK(hidden.err.find("edgectl endpoint token shop-17 --show-token") != std::string::npos);
  const auto shown = run({"endpoint", "create", "shop-17", "--show-token", "--expires", "never"});
  CHECK(shown.out.find("<<< 'edge1.eyJh.x-_'\n") != std::string::npos);
  CHECK(shown.out.find("never expires") != std::string::npos);
  const auto as_json = run({"endpoint", "create", "shop-17", "-o", "json"});
  CHECK(json::parse(as_json.out) == created());
  CHECK(as_json.err.empty());
  const auto quiet = run({"endpoint", "create", "shop-17", "-q"});
  CHECK(quiet.out == std::string(kId) + "\n");
}

TEST_CASE_FIXTURE(Fixture, "endpoint create sends url and expires, and passes warnings on") {
  auto answer = created();
  answer["warnings"] = {"edge.example.com does not resolve"};
  edged.answer("POST /v1/endpoints", 201, answer);
  const auto result =
      run({"endpoints", "create", "shop-17", "--url", "https://a", "--expires=90d"});
  CHECK(result.err.starts_with("edgectl: warning: edge.example.com does not resolve\n"));
  CHECK(edged.asked().front() ==
        R"(POST /v1/endpoints {"expires":"90d","name":"shop-17","url":"https://a"})");
}

TEST_CASE_FIXTURE(Fixture, "a token that could leave its quotes is never printed") {
  auto answer = created();
  answer["token"] = "x'; reboot; '";
  edged.answer("POST /v1/endpoints", 201, answer);
  edgectl.is_terminal = true;
  const auto result = run({"endpoint", "create", "shop-17"});
  CHECK(result.status == 1);
  CHECK(result.out.find("reboot") == std::string::npos);
}

TEST_CASE_FIXTURE(Fixture, "endpoint create --if-absent succeeds where the endpoint exists") {
  edged.answer("POST /v1/endpoints", 409, error("conflict", "endpoint shop-17 exists"));
  edged.answer("GET /v1/endpoints/shop-17", 200, endpoint("shop-17"));
  CHECK(run({"endpoint", "create", "shop-17"}).status == 8);
  const auto result = run({"endpoint", "create", "shop-17", "--if-absent"});
  CHECK(result.status == 0);
  CHECK(result.out == "endpoint shop-17 exists already\n");
  const auto as_json =
      json::parse(run({"endpoint", "create", "shop-17", "--if-absent", "-o", "json"}).out);
  CHECK(as_json["created"] == false);
  CHECK(as_json["endpoint"] == endpoint("shop-17"));
}

TEST_CASE_FIXTURE(Fixture, "endpoint create refuses bad names and durations before asking edged") {
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"endpoint", "create", "Shop 17"},
        {"endpoint", "create", std::string(300, 'a')},
        {"endpoint", "create", "shop", "--expires", "soon"}}) {
    const auto result = run(arguments);
    CHECK(result.status == 2);
    CHECK(result.out.empty());
  }
  CHECK(edged.asked().empty());
}
