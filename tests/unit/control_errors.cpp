#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "control/errors_print.hpp"
#include "control/exit_code.hpp"
#include "control/progress.hpp"
#include "control/terminal.hpp"

using namespace edge;
using namespace edge::control;

namespace {
std::string printed(const Error& error, ErrorStyle style) {
  std::ostringstream err;
  print_error(err, error, style);
  return err.str();
}
}  // namespace

TEST_CASE("an error shows what, whom, why and one next step") {
  const Error error = fail(Errc::offline,
                           "cannot connect to shop-17: offline\n"
                           "last seen 3h12m ago (2026-11-22T21:52Z) from 203.0.113.7",
                           "edgectl connect shop-17 --wait 10m");
  CHECK(printed(error, {}) ==
        "edgectl: cannot connect to shop-17: offline\n"
        "  last seen 3h12m ago (2026-11-22T21:52Z) from 203.0.113.7\n"
        "  hint: edgectl connect shop-17 --wait 10m\n");
  CHECK(printed(fail(Errc::failure, "x"), {}) == "edgectl: x\n");
  CHECK(printed(fail(Errc::failure, "x"), {false, true}) == "\033[31medgectl:\033[0m x\n");
}

TEST_CASE("an error as JSON is one line with code, message, hint and whether to try again") {
  const auto text = printed(fail(Errc::offline, "a\nb", "c"), {true, true});
  CHECK(text == R"({"error":{"code":"offline","message":"a\nb","hint":"c","retryable":true}})"
                "\n");
  const auto usage = nlohmann::json::parse(printed(fail(Errc::usage, "\xff"), {true, false}));
  CHECK(usage["error"]["retryable"] == false);
}

TEST_CASE("an error's text cannot drive the terminal") {
  CHECK(printed(fail(Errc::failure, "\033[2J", "\a"), {}).find_first_of("\033\a") ==
        std::string::npos);
}

TEST_CASE("every code has its exit status") {
  struct Row {
    Errc code;
    int status;
  };
  for (const auto& row : {Row{Errc::failure, 1}, Row{Errc::usage, 2}, Row{Errc::not_found, 3},
                          Row{Errc::not_allowed, 4}, Row{Errc::offline, 5}, Row{Errc::timed_out, 6},
                          Row{Errc::unreachable, 7}, Row{Errc::conflict, 8}, Row{Errc::removed, 3},
                          Row{Errc::unavailable, 1}}) {
    CAPTURE(to_string(row.code));
    CHECK(exit_code(row.code) == row.status);
  }
}

TEST_CASE("colour follows the flag, then NO_COLOR, then CLICOLOR_FORCE, then the terminal") {
  struct Row {
    const char* wish;
    TerminalEnvironment environment;
    bool terminal;
    bool expected;
  };
  const Row rows[] = {
      {"auto", {"", "", "xterm"}, true, true},    {"auto", {"", "", "xterm"}, false, false},
      {"auto", {"", "", "dumb"}, true, false},    {"auto", {"1", "", "xterm"}, true, false},
      {"auto", {"1", "1", "xterm"}, true, false}, {"auto", {"", "1", "dumb"}, false, true},
      {"auto", {"", "0", "xterm"}, false, false}, {"always", {"1", "", "dumb"}, false, true},
      {"never", {"", "1", "xterm"}, true, false}};
  for (const auto& row : rows) {
    CAPTURE(row.wish);
    CAPTURE(row.environment.no_color);
    CHECK(want_colour(row.wish, row.environment, row.terminal) == row.expected);
  }
}

TEST_CASE("a question is asked on a terminal only, and only y and yes agree") {
  struct Row {
    const char* answer;
    bool expected;
  };
  for (const auto& row : {Row{"y\n", true}, Row{"yes\n", true}, Row{"Y\n", true}, Row{"\n", false},
                          Row{"n\n", false}, Row{"yep\n", false}, Row{"", false}}) {
    CAPTURE(row.answer);
    std::istringstream in(row.answer);
    std::ostringstream err;
    const auto agreed = confirm("remove?", "edgectl x", false, {true, false, true, 80}, in, err);
    REQUIRE(agreed.has_value());
    CHECK(*agreed == row.expected);
    CHECK(err.str().starts_with("remove? [y/N] "));
  }
  std::istringstream in("y\n");
  std::ostringstream err;
  const auto refused = confirm("remove?", "edgectl x", false, {false, true, true, 80}, in, err);
  REQUIRE(!refused);
  CHECK(refused.error().code == Errc::usage);
  CHECK(refused.error().hint == "edgectl x --yes");
  CHECK(*confirm("remove?", "edgectl x", true, {}, in, err));
  CHECK(err.str().empty());
}

TEST_CASE("progress rewrites one line on a terminal and clears it at the end") {
  std::ostringstream err;
  {
    Progress progress(err, {true, true, true, 12}, false);
    progress.show("one");
    progress.show("one");
    progress.show("a long second state");
  }
  CHECK(err.str() == "one\r\033[Ka long sec\u2026\r\033[K");
}

TEST_CASE("progress elsewhere is one line for each change of state, and nothing when quiet") {
  std::ostringstream err;
  {
    Progress progress(err, {}, false);
    progress.show("one");
    progress.show("one");
    progress.show("two");
    progress.finish("done");
  }
  CHECK(err.str() == "one\ntwo\ndone\n");
  std::ostringstream silent;
  Progress progress(silent, {true, true, true, 80}, true);
  progress.show("one");
  progress.finish("done");
  CHECK(silent.str().empty());
}
