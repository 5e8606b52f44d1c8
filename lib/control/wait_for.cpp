#include "control/wait_for.hpp"

#include <algorithm>
#include <thread>
#include <unordered_set>

#include "base/text.hpp"
#include "control/json_fields.hpp"
#include "control/output.hpp"

namespace edge::control {
namespace {

using Clock = std::chrono::steady_clock;
using nlohmann::json;

// Of one request: nothing is lost when it ends, and a terminal's line is written anew.
constexpr milliseconds kEachRequest{20'000}, kOnTerminal{1'000};
constexpr milliseconds kEdgedAway{250};
constexpr milliseconds kGather{200};  // of many something happens all the time
constexpr milliseconds kForever = std::chrono::hours{24};
constexpr std::size_t kNamesShown = 10;

class Waiting {
 public:
  Waiting(const AdminClient& api, const WaitOrder& order, const WaitNews& news)
      : api_(api), order_(order), news_(news), began_(Clock::now()) {
    for (const auto& target : order.targets) ids_.push_back(target.id);
    outcome_.waiting = ids_.size();
  }

  Result<WaitOutcome> run() {
    for (;;) {
      const auto left = time_left();
      auto answer = ask(std::max(left, milliseconds{0}));
      if (!answer && !is_away(answer.error())) return answer.error();
      if (answer) take(*answer);
      known_ = known_ || answer.has_value();
      outcome_.done = ids_.empty() || (order_.any && !outcome_.met.empty());
      if (outcome_.done || left.count() <= 0) return outcome_;
      tell(answer.has_value());
      if (!answer) {
        std::this_thread::sleep_for(kEdgedAway);
      } else if (ids_.size() > 1 && !list_at(*answer, "items").empty()) {
        std::this_thread::sleep_for(kGather);
      }
    }
  }

 private:
  milliseconds time_left() const {
    if (!order_.timeout) return kForever;
    return *order_.timeout - std::chrono::duration_cast<milliseconds>(Clock::now() - began_);
  }

  // A demand lasts as long as its request: who opens tunnels asks once for all of them.
  Result<json> ask(milliseconds left) const {
    const bool once = order_.open && !order_.any;
    const auto each = news_.progress ? kOnTerminal : kEachRequest;
    const auto wait = once || order_.open ? left : std::min(left, each);
    const json body{{"endpoints", ids_},
                    {"for", order_.what},
                    {"wait", format_duration(wait)},
                    {"until", once ? "all" : "first"},
                    {"open", order_.open}};
    return api_.with_deadline(wait + api_.deadline()).post("/v1/wait", body);
  }

  // It was there, and may come back.
  bool is_away(const Error& error) const {
    return known_ && (error.code == Errc::unreachable || error.code == Errc::unavailable);
  }

  void take(const json& answer) {
    std::unordered_set<std::string> met;
    for (const auto& item : list_at(answer, "items")) {
      met.insert(text_at(item, "id"));
      outcome_.met.push_back(item);
      if (news_.met) news_.met(item);
    }
    std::erase_if(ids_, [&met](const std::string& id) { return met.count(id) != 0; });
    outcome_.waiting = ids_.size();
    const auto& others = list_at(answer, "others");
    outcome_.others.assign(others.begin(), others.end());
  }

  void tell(bool edged_is_there) const {
    if (!news_.progress) return;
    const auto all = order_.targets.size();
    auto text = all == 1 ? "waiting for " + order_.targets.front().name
                         : "waiting for " + std::to_string(ids_.size()) + " of " +
                               std::to_string(all) + " endpoints";
    text += order_.what == "tunnel" ? " to have a tunnel" : " to be " + order_.what;
    if (!edged_is_there) text += " (edged is away)";
    const auto passed = std::chrono::duration_cast<milliseconds>(Clock::now() - began_);
    text += ", " + format_age(passed);
    if (order_.timeout) text += " of " + format_duration(*order_.timeout);
    news_.progress(text);
  }

  const AdminClient& api_;
  const WaitOrder& order_;
  const WaitNews& news_;
  const Clock::time_point began_;
  std::vector<std::string> ids_;  // those that are not so yet
  WaitOutcome outcome_;
  bool known_ = false;  // edged has answered before
};

std::string state_text(const json& endpoint, const std::string& what, WallTime now) {
  const auto seen = text_at(endpoint, "last-seen");
  auto text = "\n" + printable(text_at(endpoint, "name")) + ": ";
  if (what == "tunnel") text += "tunnel " + printable(text_at(endpoint, "tunnel")) + ", ";
  return text + printable(text_at(endpoint, "state")) + ", last seen " + ago(seen, now);
}

}  // namespace

Result<WaitOutcome> wait_for(const AdminClient& api, const WaitOrder& order, const WaitNews& news) {
  return Waiting(api, order, news).run();
}

std::string met_text(const std::string& what, const std::string& name) {
  return name + (what == "tunnel" ? " has a tunnel" : " is " + what);
}

Error late_error(const WaitOrder& order, const WaitOutcome& outcome, WallTime now) {
  const auto all = order.targets.size();
  const auto is_not =
      order.what == "tunnel" ? std::string(" without a tunnel") : " not " + order.what;
  auto text = all == 1 ? printable(order.targets.front().name) + " is" + is_not
                       : std::to_string(outcome.waiting) + " of " + std::to_string(all) +
                             " endpoints are" + is_not;
  if (order.timeout) text += " after " + format_duration(*order.timeout);
  for (std::size_t i = 0; i < std::min(kNamesShown, outcome.others.size()); ++i)
    text += state_text(outcome.others[i], order.what, now);
  if (outcome.waiting > kNamesShown)
    text += "\nand " + std::to_string(outcome.waiting - kNamesShown) + " more";
  const auto first = outcome.others.empty() ? std::string("NAME")
                                            : printable(text_at(outcome.others.front(), "name"));
  return fail(Errc::timed_out, text,
              order.what == "offline" ? "edgectl ls" : "edgectl doctor " + first);
}

}  // namespace edge::control
