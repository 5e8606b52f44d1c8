// One endpoint, as far as edged knows it; then its tunnel, opened and pinged.
#include <algorithm>
#include <atomic>
#include <thread>

#include "control/doctor.hpp"
#include "control/json_fields.hpp"
#include "control/output.hpp"
#include "control/waiting_text.hpp"
#include "fleet/reason_meaning.hpp"

namespace edge::control {
namespace {

constexpr milliseconds kLeastWait{30'000};
constexpr milliseconds kLook{200};  // how often the state is looked at while a tunnel is awaited

// Of the endpoint, or of the instance that failed last.
std::string reason_of(const nlohmann::json& endpoint) {
  const auto reason = text_at(object_at(endpoint, "tunnel"), "reason");
  if (!reason.empty()) return reason;
  for (const auto& instance : list_at(endpoint, "instances")) {
    const auto failure = text_at(instance, "failure");
    if (!failure.empty()) return failure;
  }
  return "";
}

doctor::Trouble trouble_of(const std::string& text, const std::string& name) {
  const auto reason = fleet::reason_from_string(text);
  if (!reason || *reason == fleet::Reason::none)
    return {"no reason is known", "on the node: edge-agent doctor"};
  return {fleet::meaning_of(*reason).meaning, fleet::next_step(*reason, name)};
}

// Where it stopped, and whose turn it is.
std::string turn_of(const nlohmann::json& endpoint) {
  if (text_at(endpoint, "state") != "online") return "the agent's turn: it must check in";
  const auto state = text_at(object_at(endpoint, "tunnel"), "state");
  if (state == "connecting") return "the agent's turn: it was told to connect and must dial";
  if (state == "open") return "the agent's turn: its tunnel is open and it must answer";
  if (state == "closing") return "edged's turn: it closes the old tunnel";
  return "the agent's turn: edged waits for its next check-in";
}

// The states that were passed on the way: "required, connecting".
class Path {
 public:
  void add(const nlohmann::json& endpoint) {
    const auto state = text_at(object_at(endpoint, "tunnel"), "state");
    if (state.empty() || state == last_) return;
    last_ = state;
    if (++count_ <= kMost) text_ += (text_.empty() ? "" : ", ") + state;
  }
  std::string text() const { return count_ > kMost ? text_ + ", ..." : text_; }

 private:
  static constexpr int kMost = 8;
  std::string text_, last_;
  int count_ = 0;
};

milliseconds patience_for(const nlohmann::json& endpoint) {
  const auto at_most = parse_duration(text_at(endpoint, "wait-at-most"));
  return std::max(kLeastWait, 2 * at_most.value_or(milliseconds{0}) + kLeastWait / 2);
}

}  // namespace

bool Doctor::look_at_endpoint() {
  report_.begin("endpoint", name_);
  auto found = api_.get(endpoint_path(name_));
  if (!found) {
    const auto& hint = found.error().hint;
    report_.fail(found.error().message,
                 {"edged knows no such endpoint", hint.empty() ? "edgectl ls" : hint});
    return false;
  }
  endpoint_ = *found;
  report_.pass("id " + text_at(endpoint_, "id"));
  return true;
}

void Doctor::look_at_association() {
  report_.begin("association");
  if (is_true_at(endpoint_, "associated")) return report_.pass("an agent has joined");
  const auto expires = parse_rfc3339(text_at(endpoint_, "token-expires"));
  const bool expired = expires && *expires <= SystemClock().wall();
  report_.fail(
      expired ? "no agent has joined, and the join token has expired" : "no agent has joined yet",
      {"nobody can answer for this endpoint",
       "edgectl endpoint token " + name_ + " prints a line to run on the node"});
}

void Doctor::look_at_instances() {
  report_.begin("instances");
  const auto& instances = list_at(endpoint_, "instances");
  if (instances.empty()) return report_.skip("there is none");
  const auto now = SystemClock().wall();
  std::string text = std::to_string(instances.size()) + ", " + text_at(endpoint_, "state");
  for (const auto& instance : instances) {
    text += "; " + text_at(instance, "id") + " (" + text_at(instance, "host-name") + ") seen " +
            ago(text_at(instance, "last-seen"), now);
    if (!text_at(instance, "address").empty()) text += " from " + text_at(instance, "address");
  }
  if (text_at(endpoint_, "state") == "online") return report_.pass(text);
  report_.fail(text, {"no agent of it checks in: the node is down, has no network, or its agent "
                      "does not run or is refused",
                      "on the node: systemctl status edge-agent, then edge-agent doctor"});
}

void Doctor::look_at_hold() {
  report_.begin("hold");
  const auto ordered = text_at(endpoint_, "hold");
  if (ordered == "off") return report_.skip("off: its agents poll");
  for (const auto& instance : list_at(endpoint_, "instances")) {
    const auto shortened = text_at(instance, "shortened-hold");
    if (shortened.empty()) continue;
    return report_.fail(
        "instance " + text_at(instance, "id") + " asks for " + shortened + " instead of " + ordered,
        {"something on the way cuts held check-ins: a proxy's or a NAT's time-out",
         "raise it above the hold (docs/behind-a-proxy.md), or edgectl settings set check-in.hold "
         "20s --endpoint " +
             name_});
  }
  report_.pass("ordered are " + ordered + ", and no agent reports that it is cut");
}

void Doctor::look_at_last_tunnel() {
  report_.begin("last tunnel");
  const auto& tunnel = object_at(endpoint_, "tunnel");
  for (const auto& instance : list_at(endpoint_, "instances")) {
    const auto failure = text_at(instance, "failure");
    if (failure.empty()) continue;
    return report_.fail("instance " + text_at(instance, "id") + " could not open its last one: " +
                            failure + ": " + text_at(instance, "failure-detail"),
                        trouble_of(failure, name_));
  }
  const auto state = text_at(tunnel, "state"), reason = text_at(tunnel, "reason");
  if (state == "failed") return report_.fail("failed: " + reason, trouble_of(reason, name_));
  report_.pass(state + (reason.empty() ? "" : ", the last one ended: " + reason));
}

// In a thread the one request that edged answers when the tunnel is there; here its state
// meanwhile.
void Doctor::try_tunnel() {
  report_.begin("trial");
  if (text_at(endpoint_, "state") != "online")
    return report_.skip("nobody would answer: it is " + text_at(endpoint_, "state"));
  const auto wait = options_.wait.value_or(patience_for(endpoint_));
  Path path;
  std::atomic<bool> over{false};
  auto answer = json_result(nullptr);
  std::thread asking([&] {
    const auto patient = api_.with_deadline(wait + 4 * options_.each);
    answer = patient.post(endpoint_path(name_, "/ping?wait=" + format_duration(wait)),
                          nlohmann::json::object());
    over = true;
  });
  nlohmann::json last = endpoint_;
  std::string reason;
  while (!over) {
    if (auto now = api_.with_deadline(options_.each).get(endpoint_path(name_)); now && !over) {
      last = *now;
      path.add(last);
      if (const auto seen = text_at(object_at(last, "tunnel"), "reason"); !seen.empty())
        reason = seen;
      report_.doing(waiting_text(name_, last));
    }
    std::this_thread::sleep_for(kLook);
  }
  asking.join();
  if (answer) {
    return report_.pass("open after " + count_at(*answer, "waited-ms") +
                        " ms, and its agent answered a ping in " +
                        count_at(*answer, "round-trip-ms") + " ms");
  }
  if (reason.empty()) reason = reason_of(last);
  auto trouble = trouble_of(reason, name_);
  trouble.meaning = turn_of(last) + ". " + trouble.meaning;
  report_.fail(answer.error().message + " [" + path.text() + "]", std::move(trouble));
}

}  // namespace edge::control
