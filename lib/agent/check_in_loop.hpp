// The check-in loop: asks edged "am I needed?" for ever, at the pace that edged orders. What
// follows from a yes is its owner's. It starts no thread and no process and holds nothing large:
// one program may run thousands, each with an identity of its own.
// Thread rule: one loop.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "agent/attempts.hpp"
#include "agent/hold_ladder.hpp"
#include "agent/poll_link.hpp"
#include "config/settings.hpp"
#include "net/notify.hpp"
#include "wire/check_in.hpp"

namespace edge::agent {

enum class Ending { stopped, endpoint_removed, failed };

// One check-in that was answered, whatever the answer.
struct AnsweredCheckIn {
  int status = 0;
  milliseconds asked{0};  // the wait that it offered
  std::chrono::steady_clock::duration took{};
  bool held = false;
};

// What came of being needed.
struct AfterOffer {
  std::string failure, detail;  // edged hears of it before the next check-in; "" for nothing
  milliseconds pause{0};        // before the next check-in
};

// Each may be empty.
struct CheckInHooks {
  // The body of a 200. The next check-in follows when it has ended.
  std::function<net::Task<AfterOffer>(std::string offer)> needed;
  std::function<void(const std::string& text)> status;  // one line for systemctl status
  std::function<void(const AnsweredCheckIn& check_in)> answered;
  std::function<void(const Error& error)> failed;  // one that was not answered
  // Whether somebody waits for this agent to be back: no pause is longer than kUrgentPause then.
  std::function<bool()> is_urgent;
};

class CheckInLoop {
 public:
  // `config` and `identity` outlive this. `counter`: where this run's counter starts
  // (IdentityFolder::first_counter).
  CheckInLoop(net::asio::any_io_executor executor, const config::AgentConfig& config,
              const Identity& identity, std::uint64_t counter, CheckInHooks hooks,
              PollLinkOptions options = {});

  // Until stop(), or until edged says that the endpoint is gone. REQUIRES: the identity has its
  // key; not destroyed before it has ended.
  net::Task<Ending> run();
  void stop();

  // For the association before the first check-in, and for `needed`.
  PollLink& link() { return link_; }
  net::Task<> failed(std::string what, std::string hint);  // says so, and pauses
  void worked();
  void introduced() { introduced_ = true; }  // edged knows our version
  void say(const std::string& text) const {
    if (hooks_.status) hooks_.status(text);
  }

 private:
  net::Task<std::optional<Ending>> check_in();
  net::Task<std::optional<Ending>> handle(net::Response response, AnsweredCheckIn check_in);
  net::Task<> refused(const net::Response& response);
  net::Task<> cut(milliseconds asked, std::optional<milliseconds> age);
  net::Task<> needed(std::string offer);
  bool has_news() const;
  net::Task<> report();
  net::Task<> pause(milliseconds duration);
  milliseconds pause_after(const AnsweredCheckIn& check_in) const;

  const config::AgentConfig& config_;
  const Identity& identity_;
  CheckInHooks hooks_;
  PollLink link_;
  std::shared_ptr<net::Notify> bell_;  // rung by stop()
  Attempts attempts_;
  wire::Pace pace_;
  AfterOffer unreported_;  // a failure that edged should hear of
  HoldLadder ladder_;
  std::optional<milliseconds> reported_hold_;  // what edged knows of ladder_.shortened()
  unsigned reported_at_ = 0;                   // link_.tickets() of that time
  unsigned tickets_at_cut_ = 0;
  bool sure_ = false;        // that all is well: the last check-in was answered
  bool introduced_ = false;  // in this run
  bool stopping_ = false;
};

}  // namespace edge::agent
