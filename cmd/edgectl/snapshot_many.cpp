#include "edgectl/snapshot_many.hpp"

#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "base/text.hpp"
#include "control/exit_code.hpp"
#include "control/json_fields.hpp"
#include "control/output.hpp"
#include "control/progress.hpp"

namespace edge::edgectl {
namespace {

using control::text_at;
using nlohmann::json;

struct Outcome {
  std::size_t place = 0;  // of the target
  Result<json> answer = control::json_result(nullptr);

  bool is_offline() const { return !answer && answer.error().code == Errc::offline; }
};

// Threads that ask, since a request blocks; the caller's takes what they have.
class Askers {
 public:
  Askers(const control::AdminClient& api, const std::vector<control::Target>& targets,
         const SnapshotOrder& order)
      : api_(api.with_deadline(order.patience)), targets_(targets), order_(order) {
    const auto count = std::min(order.at_once, targets.size());
    for (std::size_t i = 0; i < count; ++i) threads_.emplace_back([this] { work(); });
  }
  Askers(const Askers&) = delete;
  Askers& operator=(const Askers&) = delete;
  ~Askers() {
    next_ = targets_.size();
    for (auto& thread : threads_) thread.join();
  }

  // REQUIRES: called at most once for each target.
  Outcome wait() {
    std::unique_lock lock(mutex_);
    there_is_one_.wait(lock, [this] { return !done_.empty(); });
    Outcome outcome = std::move(done_.front());
    done_.pop_front();
    return outcome;
  }

 private:
  void work() {
    const auto api = api_;  // one thread at a time
    for (auto place = next_++; place < targets_.size(); place = next_++) {
      const auto path = control::endpoint_path(targets_[place].id, "/snapshots" + order_.query);
      Outcome outcome{place, api.post(path, json::object())};
      const std::lock_guard lock(mutex_);
      done_.push_back(std::move(outcome));
      there_is_one_.notify_one();
    }
  }

  const control::AdminClient api_;
  const std::vector<control::Target>& targets_;
  const SnapshotOrder& order_;
  std::atomic<std::size_t> next_{0};
  std::mutex mutex_;
  std::condition_variable there_is_one_;
  std::deque<Outcome> done_;  // under mutex_
  std::vector<std::thread> threads_;
};

struct Counts {
  std::size_t taken = 0, offline = 0, failed = 0;

  void add(const Outcome& outcome) {
    ++(outcome.answer ? taken : outcome.is_offline() ? offline : failed);
  }
  std::string text() const {
    std::string words = std::to_string(taken) + " taken";
    if (offline != 0) words += ", " + std::to_string(offline) + " offline";
    if (failed != 0) words += ", " + std::to_string(failed) + " failed";
    return words;
  }
};

const char* status_of(const Outcome& outcome) {
  return outcome.answer ? "taken" : outcome.is_offline() ? "offline" : "failed";
}

json item_of(const control::Target& target, const Outcome& outcome) {
  json item{{"endpoint", target.name}, {"id", target.id}, {"status", status_of(outcome)}};
  if (outcome.answer) {
    item["snapshots"] = control::list_at(*outcome.answer, "items");
  } else {
    item["error"] = {{"code", to_string(outcome.answer.error().code)},
                     {"message", outcome.answer.error().message}};
  }
  return item;
}

// The first line is what fits into a row.
std::string reason_of(const Outcome& outcome) {
  if (outcome.answer) {
    const auto count = control::list_at(*outcome.answer, "items").size();
    return count == 1 ? "" : std::to_string(count) + " instances";
  }
  const auto& message = outcome.answer.error().message;
  return message.substr(0, message.find('\n'));
}

unsigned widest_name(const std::vector<control::Target>& targets) {
  std::size_t widest = 0;
  for (const auto& target : targets) widest = std::max(widest, target.name.size());
  return static_cast<unsigned>(widest);
}

control::Colour colour_of(const Outcome& outcome) {
  return outcome.answer         ? control::Colour::green
         : outcome.is_offline() ? control::Colour::yellow
                                : control::Colour::red;
}

}  // namespace

Result<int> take_snapshots(Context& context, const std::vector<control::Target>& targets,
                           const SnapshotOrder& order) {
  Counts counts;
  json items = json::array();
  control::Progress progress(context.world.err, context.world.terminal,
                             context.options.quiet || !context.world.terminal.err);
  std::vector<unsigned> widths{widest_name(targets), 7};
  Askers askers(context.api, targets, order);
  for (std::size_t done = 0; done < targets.size(); ++done) {
    progress.show(std::to_string(done) + " of " + std::to_string(targets.size()) + " snapshots");
    const auto outcome = askers.wait();
    const auto& target = targets[outcome.place];
    counts.add(outcome);
    progress.clear();
    if (context.structured()) {
      items.push_back(item_of(target, outcome));
    } else if (context.names_only()) {
      if (outcome.answer) context.world.out << printable(target.name) << '\n';
    } else {
      control::Table row({"", "", ""});
      row.add({target.name, {status_of(outcome), colour_of(outcome)}, reason_of(outcome)});
      row.print(context.world.out, {false, context.colour_out, "", &widths});
    }
    context.world.out.flush();
  }
  if (context.structured()) {
    const auto printed = context.print({{"apiVersion", "edge/v1"}, {"items", std::move(items)}});
    if (!printed) return printed;
  } else if (!context.options.quiet) {
    context.world.err << counts.text() << '\n';
  }
  return counts.offline + counts.failed == 0 ? control::kExitOk : control::kExitSomeFailed;
}

}  // namespace edge::edgectl
