#include <doctest/doctest.h>

#include <sstream>

#include "doctor/print.hpp"
#include "doctor/report.hpp"

using namespace edge;
using doctor::Report;

namespace {

Report one_of_each() {
  Report report;
  report.begin("identity", "/var/lib/edge-agent");
  report.pass("endpoint shop-17");
  report.begin("poll tcp", "192.0.2.1:9000");
  report.fail("refused", {"nothing listens", "systemctl status edged"});
  report.skip("trial", "", "edged has not answered");
  return report;
}

}  // namespace

TEST_CASE("a report is healthy until something fails, and what was skipped is no failure") {
  Report report;
  CHECK(report.healthy());
  report.skip("proxy", "", "none");
  CHECK(report.healthy());
  CHECK_FALSE(one_of_each().healthy());
}

TEST_CASE("a report as JSON has every check with its verdict, in order") {
  const auto json = doctor::describe(one_of_each());
  CHECK(json["apiVersion"] == "edge/v1");
  CHECK(json["kind"] == "Doctor");
  CHECK(json["healthy"] == false);
  REQUIRE(json["checks"].size() == 3);
  CHECK(json["checks"][0]["verdict"] == "PASS");
  CHECK(json["checks"][1]["verdict"] == "FAIL");
  CHECK(json["checks"][1]["meaning"] == "nothing listens");
  CHECK(json["checks"][1]["next"] == "systemctl status edged");
  CHECK(json["checks"][2]["seen"] == "edged has not answered");
  CHECK(json["checks"][0]["took-ms"].is_number());
}

TEST_CASE("below a failed check stand its meaning and the next step, below the others nothing") {
  std::ostringstream out;
  const auto report = one_of_each();
  for (const auto& check : report.checks()) doctor::print_check(out, check, false);
  const auto text = out.str();
  CHECK(text.find("PASS  identity      /var/lib/edge-agent: endpoint shop-17 (") == 0);
  CHECK(text.find("\nFAIL  poll tcp      192.0.2.1:9000: refused (") != std::string::npos);
  CHECK(text.find("\n      means  nothing listens\n      next   systemctl status edged\nSKIP") !=
        std::string::npos);
  CHECK(text.find('\033') == std::string::npos);
}

TEST_CASE("what a server says reaches no terminal with its escapes") {
  Report report;
  report.begin("tunnel ssh", "a\033[2Jb");
  report.fail("it says '\033]0;title\007'", {"\033[31mred", "next\nline"});
  std::ostringstream out;
  doctor::print_check(out, report.checks()[0], false);
  CHECK(out.str().find('\033') == std::string::npos);
  CHECK(out.str().find('\007') == std::string::npos);
  CHECK(doctor::describe(report).dump().find("\\u001b") == std::string::npos);
}

TEST_CASE("on a terminal the check that is being made stands there until it has ended") {
  Report report;
  std::ostringstream out, err;
  doctor::show(report, out, err, {false, true});
  report.begin("poll name", "edge.example.com");
  CHECK(err.str().ends_with("poll name edge.example.com..."));
  CHECK(out.str().empty());
  report.doing("waiting for its check-in...");
  CHECK(err.str().find("waiting for its check-in") != std::string::npos);
  report.pass("192.0.2.1");
  CHECK(err.str().ends_with("\r\033[K"));
  CHECK(out.str().starts_with("PASS  poll name"));
}

TEST_CASE("the summary says how many failed") {
  std::ostringstream sick, well;
  doctor::print_summary(sick, one_of_each());
  CHECK(sick.str().starts_with("1 of 3 checks failed"));
  Report report;
  report.begin("identity");
  report.pass("");
  doctor::print_summary(well, report);
  CHECK(well.str().starts_with("all is well"));
}
