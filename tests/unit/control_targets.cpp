// Which endpoints a command is for: names, stdin, selectors.
#include <doctest/doctest.h>

#include <sstream>

#include "control/targets.hpp"
#include "control_answers.hpp"

using namespace edge;
using namespace edge::control;
using namespace edgectl_test;

namespace {

json target(const char* name, const char* state = "online") {
  return {{"id", std::string(31, '0') + name},
          {"name", name},
          {"state", state},
          {"last-seen", nullptr},
          {"labels", {{"site", "berlin"}}}};
}

Result<std::vector<std::string>> names_from(const std::string& text) {
  std::istringstream in(text);
  return read_names({"-"}, in);
}

}  // namespace

TEST_CASE("names come from stdin one a line, without blanks, blank lines and duplicates") {
  const auto names = names_from("shop-1\n\n  shop-2 \t\r\nshop-1\n\r\n \nshop-3");
  REQUIRE(names.has_value());
  CHECK(*names == std::vector<std::string>{"shop-1", "shop-2", "shop-3"});
  std::istringstream in("b\na\n");
  CHECK(*read_names({"x", "-", "a", "y"}, in) == std::vector<std::string>{"x", "b", "a", "y"});
}

TEST_CASE("a stdin that names nothing, or does not end, is an error") {
  for (const char* nothing : {"", "\n", " \n\t\n"}) {
    CHECK(names_from(nothing).error().code == Errc::not_found);
  }
  CHECK(names_from(std::string(1'000'000, 'x')).error().code == Errc::usage);
  CHECK(names_from("a\n" + std::string(2'000, 'x') + "\nb\n").error().code == Errc::usage);
  std::string many;
  for (int i = 0; i < 20'001; ++i) many += "n" + std::to_string(i) + "\n";
  CHECK(names_from(many).error().code == Errc::usage);
  CHECK(names_from(std::string(1'000, '\0') + "\n").has_value());  // edged says it is no endpoint
}

TEST_CASE_FIXTURE(Fixture, "targets are found in one request, whatever was named how") {
  edged.answer("POST /v1/targets", 200, {{"items", {target("a"), target("b", "offline")}}});
  std::istringstream in("a\nb\n");
  const AdminClient api(edged.socket(), milliseconds{5'000});
  const auto found = find_targets(api, {{"-"}, "site=berlin"}, in);
  REQUIRE(found.has_value());
  REQUIRE(found->size() == 2);
  CHECK((*found)[0].name == "a");
  CHECK((*found)[0].is_online());
  CHECK((*found)[1].state == "offline");
  CHECK((*found)[1].labels.at("site") == "berlin");
  CHECK(edged.asked() ==
        std::vector<std::string>{
            R"(POST /v1/targets {"endpoints":["a","b"],"selector":"site=berlin"})"});
}

TEST_CASE_FIXTURE(Fixture, "nothing chosen and a wrong selector are told without asking edged") {
  std::istringstream in;
  const AdminClient api(edged.socket(), milliseconds{5'000});
  CHECK(find_targets(api, {}, in).error().code == Errc::usage);
  const auto wrong = find_targets(api, {{}, "site=berlin,=x"}, in);
  CHECK(wrong.error().code == Errc::usage);
  CHECK(wrong.error().message.find("at character 13") != std::string::npos);
  CHECK(edged.asked().empty());
}
