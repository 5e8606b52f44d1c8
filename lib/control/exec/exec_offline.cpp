// Endpoints that are offline and waited for: one question to edged for all of them, each second.
#include <algorithm>

#include "base/text.hpp"
#include "control/admin_ask.hpp"
#include "control/exec/exec_run.hpp"
#include "control/json_fields.hpp"

namespace edge::control {
namespace {

constexpr milliseconds kLookEvery{1'000}, kAskDeadline{10'000};

std::vector<std::size_t> waiting(const ExecRun& run) {
  std::vector<std::size_t> numbers;
  for (std::size_t number = 0; number < run.options.targets.size(); ++number)
    if (run.fan.state(number) == FanOut::State::waiting) numbers.push_back(number);
  return numbers;
}

net::Task<> look(ExecRun& run, std::vector<std::size_t> numbers) {
  nlohmann::json ids = nlohmann::json::array();
  std::map<std::string, std::size_t> by_id;
  for (const auto number : numbers) {
    const auto& id = run.options.targets[number].id;
    ids.push_back(id);
    by_id.emplace(id, number);
  }
  nlohmann::json body{{"endpoints", std::move(ids)}};
  const std::string method = "POST", path = "/v1/targets";
  const auto answer =
      co_await ask_admin(run.options.socket, method, path, std::move(body), kAskDeadline);
  if (!answer) co_return;  // edged is away, or one was removed: the wait has its end
  for (const auto& item : list_at(*answer, "items")) {
    const auto known = by_id.find(text_at(item, "id"));
    if (known == by_id.end() || text_at(item, "state") != "online") continue;
    run.fan.release(known->second);
    run.changed->ring();
  }
}

}  // namespace

net::Task<> wait_for_offline(ExecRun& run) {
  const auto until = run.started + run.options.wait;
  for (;;) {
    const auto left = std::chrono::ceil<milliseconds>(until - std::chrono::steady_clock::now());
    const bool go_on = co_await net::sleep(std::clamp(left, milliseconds{0}, kLookEvery));
    if (!go_on) co_return;
    auto numbers = waiting(run);
    if (left > kLookEvery) {
      if (!numbers.empty()) co_await look(run, std::move(numbers));
      continue;
    }
    for (const auto number : numbers) {
      auto result = run.results[number];
      result.outcome = ExecOutcome::offline;
      result.reason = "waited for " + format_duration(run.options.wait);
      result.duration = run.so_far();
      co_await settle(run, number, std::move(result));
    }
  }
}

}  // namespace edge::control
