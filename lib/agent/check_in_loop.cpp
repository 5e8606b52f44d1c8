#include "agent/check_in_loop.hpp"

#include <sys/utsname.h>

#include "agent/retry_after.hpp"
#include "base/log.hpp"
#include "crypto/random.hpp"

namespace edge::agent {
namespace {

constexpr milliseconds kGraceForHeld{15'000};  // beyond the hold, for the way there and back
constexpr milliseconds kAnswerDeadline{20'000};
constexpr milliseconds kEarly{200};  // a held answer that comes faster than this is no hold
constexpr int kShortHolds = 2;       // in a row, before the interval counts instead

wire::AgentReport about_this_agent() {
  utsname system{};
  ::uname(&system);
  wire::AgentReport report;
  report.version = EDGE_VERSION;
  report.platform = std::string("linux-") + system.machine;
  report.host_name = system.nodename;
  return report;
}

}  // namespace

CheckInLoop::CheckInLoop(net::asio::any_io_executor executor, const config::AgentConfig& config,
                         const Identity& identity, std::uint64_t counter, CheckInHooks hooks,
                         PollLinkOptions options)
    : config_(config),
      identity_(identity),
      hooks_(std::move(hooks)),
      link_(identity, counter, config.connect_deadline, std::move(options)),
      bell_(std::make_shared<net::Notify>(executor)),
      attempts_(config.backoff_least, config.backoff_most) {}

void CheckInLoop::stop() {
  stopping_ = true;
  link_.stop();
  bell_->ring();
}

net::Task<Ending> CheckInLoop::run() {
  while (!stopping_) {
    const auto ending = co_await check_in();
    if (ending) co_return *ending;
  }
  co_return Ending::stopped;
}

net::Task<> CheckInLoop::failed(std::string what, std::string hint) {
  const auto wait = attempts_.failed(what, hint);
  say("not connected: " + what);
  co_await pause(wait);
}

void CheckInLoop::worked() {
  answered_ = true;
  attempts_.worked(link_.url());
}

net::Task<std::optional<Ending>> CheckInLoop::check_in() {
  if (!unreported_.failure.empty() || !introduced_) co_await report();
  net::Request request;
  request.method = "GET";
  request.target = "/v1/check-in";
  AnsweredCheckIn check_in;
  // The first answer of a run, and the first after a failure, are wanted at once: only then is it
  // known that all is well.
  check_in.asked = attempts_.failing() || !answered_ ? milliseconds{0} : pace_.hold;
  if (check_in.asked.count() > 0)
    request.headers.emplace_back("Prefer", wire::print_wait(check_in.asked));
  const auto started = std::chrono::steady_clock::now();
  auto response =
      co_await link_.ask_as_instance(std::move(request), check_in.asked + kGraceForHeld);
  if (stopping_) co_return std::nullopt;
  if (!response) {
    co_await failed(response.error().message, response.error().hint);
    co_return std::nullopt;
  }
  check_in.status = response->status;
  check_in.took = std::chrono::steady_clock::now() - started;
  check_in.held = check_in.asked.count() > 0 && check_in.took >= std::min(kEarly, check_in.asked);
  if (hooks_.answered) hooks_.answered(check_in);
  co_return co_await handle(std::move(*response), check_in);
}

net::Task<std::optional<Ending>> CheckInLoop::handle(net::Response response,
                                                     AnsweredCheckIn check_in) {
  if (response.status == 410) {
    log::error("agent.endpoint-removed", {{"endpoint", identity_.name},
                                          {"id", identity_.endpoint},
                                          {"next", "edge-agent leave, or join another endpoint"}});
    co_return Ending::endpoint_removed;
  }
  if (response.status == 429 || response.status == 503) {
    const auto wait = retry_after(net::find_header(response.headers, "Retry-After"),
                                  config_.backoff_least, crypto::random_fraction());
    co_await pause(wait);
    co_return std::nullopt;
  }
  if (response.status != 200 && response.status != 204) {
    co_await refused(response.status);
    co_return std::nullopt;
  }
  if (auto ordered = wire::parse_pace(std::string(net::find_header(response.headers, "Edge-Next"))))
    pace_ = *ordered;
  worked();
  say("endpoint " + identity_.name + ": checking in at " + link_.url());
  if (response.status == 200) {
    co_await needed(std::move(response.body));
    co_return std::nullopt;
  }
  const auto wait = pause_after(check_in);
  if (wait.count() > 0) co_await pause(wait);
  co_return std::nullopt;
}

net::Task<> CheckInLoop::refused(int status) {
  std::string what = "unexpected answer " + std::to_string(status) + " of " + link_.url();
  std::string hint;
  if (status == 409) {
    link_.close();
    what = "another machine checks in with this node's identity (a clone of its disk?)";
    hint = "on the copy: edge-agent leave, then join again";
  } else if (status == 401) {
    what = "edged refuses edge ID and token (401)";
    hint = "on the server: edgectl endpoint show " + identity_.name +
           "; after endpoint token or disassociate it must join again, and so must a copy of "
           "another node's disk";
  }
  co_await failed(std::move(what), std::move(hint));
}

// Under hold the next question follows at once; without, or when nothing was held, after the
// interval.
milliseconds CheckInLoop::pause_after(const AnsweredCheckIn& check_in) {
  const bool hold_ordered = pace_.hold.count() > 0;
  const bool asked = check_in.asked.count() > 0;
  if (hold_ordered && !asked) return milliseconds{0};  // now the held one
  const bool held = hold_ordered && check_in.held;
  short_holds_ = hold_ordered && !held ? short_holds_ + 1 : 0;
  if (held) return milliseconds{0};
  const bool soon = hold_ordered && short_holds_ <= kShortHolds;
  return soon ? std::min(pace_.interval, kEarly) : pace_.interval;
}

net::Task<> CheckInLoop::needed(std::string offer) {
  AfterOffer after;
  after.pause = config_.backoff_least;  // nobody wants to hear of it
  if (hooks_.needed) after = co_await hooks_.needed(std::move(offer));
  if (stopping_) co_return;
  unreported_ = after;
  if (after.pause.count() > 0) co_await pause(after.pause);
}

// What edged should know before it is asked again: once a run who we are (an upgrade changes that),
// and why the last tunnel did not open.
net::Task<> CheckInLoop::report() {
  wire::AgentReport message = introduced_ ? wire::AgentReport{} : about_this_agent();
  if (!unreported_.failure.empty()) {
    message.tunnel_failure = unreported_.failure;
    message.tunnel_detail = unreported_.detail.substr(0, 200);
  }
  net::Request request;
  request.method = "POST";
  request.target = "/v1/agent";
  request.headers = {{"Content-Type", "application/json"}};
  request.body = wire::print_agent_report(message);
  const auto response = co_await link_.ask_as_instance(std::move(request), kAnswerDeadline);
  if (!response || response->status != 204)
    co_return;  // the check-in that follows says what is wrong
  introduced_ = true;
  unreported_ = AfterOffer{};
}

}  // namespace edge::agent
