#include <doctest/doctest.h>

#include "control/exec/exec_result.hpp"
#include "control/exec/exec_summary.hpp"
#include "control/exec/fan_out_bar.hpp"

namespace edge::control {
namespace {

ExecResult result(std::string name, ExecOutcome outcome, int status = 0, std::string signal = {},
                  std::string reason = {}) {
  ExecResult made;
  made.name = std::move(name);
  made.outcome = outcome;
  made.status = status;
  made.signal = std::move(signal);
  made.reason = std::move(reason);
  made.duration = milliseconds{120};
  return made;
}

ExecSummary twenty() {
  ExecSummary summary;
  for (int i = 1; i <= 12; ++i)
    summary.results.push_back(result("shop-" + std::to_string(i), ExecOutcome::ok));
  for (int i = 13; i <= 15; ++i)
    summary.results.push_back(result("shop-" + std::to_string(i), ExecOutcome::failed, 3));
  summary.results.push_back(result("shop-16", ExecOutcome::failed, 0, "KILL"));
  summary.results.push_back(result("shop-17", ExecOutcome::timed_out, 0, {}, "after 30s"));
  summary.results.push_back(result("shop-18", ExecOutcome::offline));
  summary.results.push_back(result("shop-19", ExecOutcome::offline));
  summary.results.push_back(result("shop-20", ExecOutcome::not_started));
  summary.took = milliseconds{3'240};
  summary.record = "/state/exec/1.jsonl";
  return summary;
}

}  // namespace

TEST_CASE("a summary names the failed with why, the offline and what was left undone apart") {
  auto summary = twenty();
  summary.stopped = FanOut::Stop::too_many_failed;
  summary.most_failures = 4;
  CHECK(summary_lines(summary) ==
        std::vector<std::string>{"20 endpoints in 3.2 s: 12 ok, 5 failed, 2 offline, 1 not started",
                                 "  stopped: more than 4 failed (--max-fail)",
                                 "  failed:      shop-[13-15] (3): status 3",
                                 "  failed:      shop-16: ended by signal KILL",
                                 "  failed:      shop-17: timed out: after 30s",
                                 "  offline:     shop-[18-19] (2)", "  not started: shop-20",
                                 "  those again: edgectl exec --retry-failed /state/exec/1.jsonl"});
  const auto json = summary_json(summary)["summary"];
  CHECK(json["ok"] == 12);
  CHECK(json["failed"].size() == 5);
  CHECK(json["offline"] == nlohmann::json{"shop-18", "shop-19"});
  CHECK(json["not-started"] == nlohmann::json{"shop-20"});
}

TEST_CASE("the exit status says whether anything was left undone") {
  ExecSummary summary;
  summary.results = {result("a", ExecOutcome::ok), result("b", ExecOutcome::ok)};
  CHECK(exit_status(summary) == 0);
  CHECK(summary_lines(summary).size() == 1);
  summary.results.push_back(result("c", ExecOutcome::offline));
  CHECK(exit_status(summary) == 10);
  summary.skips_offline = true;
  CHECK(exit_status(summary) == 0);
  CHECK(summary_lines(summary).front() == "3 endpoints in 0.0 s: 2 ok, 1 offline (skipped)");
  summary.results.push_back(result("d", ExecOutcome::failed, 1));
  CHECK(exit_status(summary) == 10);
  summary.stopped = FanOut::Stop::interrupted;
  CHECK(exit_status(summary) == 10);  // all had begun, and ended
  summary.results.push_back(result("e", ExecOutcome::not_started));
  CHECK(exit_status(summary) == 130);
}

TEST_CASE("a result as JSON has null for the status or the signal that it does not have") {
  const auto ok = as_json(result("a", ExecOutcome::ok));
  CHECK(ok.dump() ==
        R"({"name":"a","outcome":"ok","status":0,"signal":null,"duration":0.12,"reason":""})");
  const auto killed = as_json(result("a", ExecOutcome::failed, 0, "TERM"));
  CHECK(killed["status"].is_null());
  CHECK(killed["signal"] == "TERM");
  const auto lost = as_json(result("a", ExecOutcome::lost, 0, {}, "the tunnel was closed"));
  CHECK(lost["status"].is_null());
  CHECK(lost["reason"] == "lost: the tunnel was closed");
}

TEST_CASE("every outcome is read back from its name") {
  for (int number = 0; number <= static_cast<int>(ExecOutcome::not_started); ++number) {
    const auto outcome = static_cast<ExecOutcome>(number);
    CHECK(exec_outcome_from(to_string(outcome)) == outcome);
  }
  CHECK_FALSE(exec_outcome_from("fine"));
}

TEST_CASE("a refusal is its first line, and nothing of it reaches a terminal that is not text") {
  const auto refused = refusal("a", fail(Errc::failure, "no\033[2J way\nsecond line"));
  CHECK(refused.outcome == ExecOutcome::refused);
  CHECK(why(refused) == "no\xEF\xBF\xBD[2J way");
  CHECK(refusal("a", fail(Errc::offline, "shop-3 is offline")).outcome == ExecOutcome::offline);
}

TEST_CASE("a bar says how many are where, how fast, and fits its terminal") {
  FanOut::Counts counts;
  counts.all = 1000;
  counts.ended = 400;
  counts.failed = 3;
  counts.running = 60;
  counts.paused = 4;
  CHECK(bar_text(counts, milliseconds{5'000}, 140) ==
        "[############------------------] 400/1000  3 failed  60 running  4 out of reach  536 left"
        "  80/s  7s to go");
  CHECK(bar_text(counts, milliseconds{100}, 140) ==
        "[############------------------] 400/1000  3 failed  60 running  4 out of reach  536 "
        "left");
  for (unsigned columns = 1; columns < 140; ++columns)
    CHECK(bar_text(counts, milliseconds{5'000}, columns).size() <=
          columns + 2);  // an ellipsis is 3
  counts.waiting = 500;
  CHECK(bar_text(counts, milliseconds{0}, 140).find("500 waited for  36 left") !=
        std::string::npos);
}

}  // namespace edge::control
