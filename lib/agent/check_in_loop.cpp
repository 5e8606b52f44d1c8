#include "agent/check_in_loop.hpp"

#include <sys/utsname.h>

#include "agent/retry_after.hpp"
#include "base/log.hpp"
#include "crypto/random.hpp"

namespace edge::agent {
namespace {

constexpr milliseconds kGraceForHeld{15'000};  // beyond the hold, for the way there and back
constexpr milliseconds kAnswerDeadline{20'000};
constexpr milliseconds kAgainSoon{200};       // after a wait that was not held back
constexpr milliseconds kWorthSaying{10'000};  // of patience that edged asks for
constexpr milliseconds kLeastCut{200};        // whatever ends sooner was no wait that something cut

// While an operator waits for a session to go on. They are few, so no herd comes of it.
constexpr milliseconds kUrgentPause{250};

SteadyTime steady_now() {
  return std::chrono::steady_clock::now();
}

// Answers of a proxy that has lost patience with edged.
bool is_impatient(int status) {
  return status == 408 || status == 502 || status == 504;
}

// Nothing when what ended it was no cut; an age of nothing when the answer never came.
struct Cut {
  std::optional<milliseconds> age;
};
std::optional<Cut> cut_by(const Error& error, milliseconds asked, milliseconds waited) {
  if (asked.count() == 0) return std::nullopt;
  if (error.code == Errc::timed_out && waited >= asked) return Cut{};
  if (error.code == Errc::unreachable && waited >= kLeastCut) return Cut{waited};
  return std::nullopt;
}

wire::AgentReport about_this_agent() {
  utsname system{};
  ::uname(&system);
  wire::AgentReport report;
  report.version = EDGE_VERSION;
  report.platform = std::string("linux-") + system.machine;
  report.host_name = system.nodename;
  return report;
}

std::string hold_text(milliseconds hold) {
  return hold.count() == 0 ? "off" : format_duration(hold);
}

void log_hold(std::optional<milliseconds> shortened, milliseconds ordered) {
  if (shortened) {
    log::warning("check-in.hold-shortened",
                 {{"hold", hold_text(*shortened)},
                  {"ordered", hold_text(ordered)},
                  {"reason", "something on the way cuts held check-ins"}});
  } else {
    log::info("check-in.hold-restored", {{"hold", hold_text(ordered)}});
  }
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
      attempts_(config.backoff_least, config.backoff_most) {
  ladder_.order(pace_.interval, pace_.hold);
}

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

net::Task<> CheckInLoop::pause(milliseconds duration) {
  const bool urgent = hooks_.is_urgent && hooks_.is_urgent();
  co_await bell_->wait(urgent ? std::min(duration, kUrgentPause) : duration);
}

net::Task<> CheckInLoop::failed(std::string what, std::string hint) {
  sure_ = false;
  ladder_.settle(/*same=*/false, steady_now());
  const auto wait = attempts_.failed(what, hint);
  say("not connected: " + what);
  co_await pause(wait);
}

void CheckInLoop::worked() {
  sure_ = true;
  attempts_.worked(link_.url());
}

net::Task<std::optional<Ending>> CheckInLoop::check_in() {
  if (has_news()) co_await report();
  net::Request request;
  request.method = "GET";
  request.target = "/v1/check-in";
  AnsweredCheckIn check_in;
  // The first answer of a run, and the first after a failure, are wanted at once: only then is it
  // known that all is well.
  const auto started = steady_now();
  if (sure_) check_in.asked = ladder_.next(started);
  if (check_in.asked.count() > 0)
    request.headers.emplace_back("Prefer", wire::print_wait(check_in.asked));
  auto response =
      co_await link_.ask_as_instance(std::move(request), check_in.asked + kGraceForHeld);
  if (stopping_) co_return std::nullopt;
  if (!response) {
    if (hooks_.failed) hooks_.failed(response.error());
    if (const auto found = cut_by(response.error(), check_in.asked, link_.waited())) {
      co_await cut(check_in.asked, found->age);
    } else {
      link_.try_next_url();
      co_await failed(response.error().message, response.error().hint);
    }
    co_return std::nullopt;
  }
  check_in.status = response->status;
  check_in.took = steady_now() - started;
  check_in.held = HoldLadder::was_held(check_in.asked, link_.waited());
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
  const auto not_before = net::find_header(response.headers, "Retry-After");
  // A 503 without it is not edged's: a proxy that does not find edged.
  if (response.status == 429 || (response.status == 503 && !not_before.empty())) {
    ladder_.settle(/*same=*/false, steady_now());
    if (response.status == 503) link_.try_next_url();  // it stops, or has too many
    const auto wait = retry_after(not_before, config_.backoff_least, crypto::random_fraction());
    if (wait > kWorthSaying) {
      log::info("check-in.put-off", {{"by", link_.url()}, {"for", format_age(wait)}});
      say(link_.url() + " asks for " + format_age(wait) + " of patience");
    }
    co_await pause(wait);
    co_return std::nullopt;
  }
  const auto ordered =
      wire::parse_pace(std::string(net::find_header(response.headers, "Edge-Next")));
  const bool by_edged = (response.status == 200 || response.status == 204) && ordered;
  if (!by_edged && check_in.held && (is_impatient(response.status) || response.status < 300)) {
    co_await cut(check_in.asked, link_.waited());
    co_return std::nullopt;
  }
  if (!by_edged) {
    co_await refused(response);
    co_return std::nullopt;
  }
  pace_ = *ordered;
  ladder_.order(pace_.interval, pace_.hold);
  ladder_.take_way(link_.way());
  ladder_.settle(link_.tickets() == tickets_at_cut_, steady_now());
  worked();
  say("endpoint " + identity_.name + ": checking in at " + link_.url());
  if (response.status == 200) {
    co_await needed(std::move(response.body));
    co_return std::nullopt;
  }
  ladder_.answered(check_in.asked, link_.waited());
  const auto wait = pause_after(check_in);
  if (wait.count() > 0) co_await pause(wait);
  co_return std::nullopt;
}

net::Task<> CheckInLoop::refused(const net::Response& response) {
  const int status = response.status;
  std::string what = "unexpected answer " + std::to_string(status) + " of " + link_.url();
  std::string hint;
  if (status < 300) hint = "it is not edged's: does something on the way answer in its place?";
  if (status == 503 || is_impatient(status)) hint = "a proxy on the way does not reach edged";
  if (status == 409) {
    link_.close();
    what = "another machine checks in with this node's identity (a clone of its disk?)";
    hint = "on the copy: edge-agent leave, then join again";
  } else if (status != 401) {
    link_.try_next_url();
  } else {
    what = "edged refuses edge ID and token (401)";
    hint = "on the server: edgectl endpoint show " + identity_.name +
           "; after endpoint token or disassociate it must join again, and so must a copy of "
           "another node's disk";
  }
  co_await failed(std::move(what), std::move(hint));
}

// A wait that something on the way has ended, or edged's own end: the next check-in tells. All that
// were cut at once come back spread over the first step of the back-off.
net::Task<> CheckInLoop::cut(milliseconds asked, std::optional<milliseconds> age) {
  log::info("check-in.cut", {{"asked", format_duration(asked)},
                             {"after", age ? format_duration(*age) : "no answer"}});
  ladder_.cut(asked, age);
  tickets_at_cut_ = link_.tickets();
  sure_ = false;
  const auto most = static_cast<double>(config_.backoff_least.count());
  const milliseconds wait(static_cast<std::int64_t>(crypto::random_fraction() * most));
  co_await pause(wait);
}

// Under hold the next question follows at once; without, or when nothing was held, after the
// interval.
milliseconds CheckInLoop::pause_after(const AnsweredCheckIn& check_in) const {
  const bool hold_next = ladder_.next(steady_now()).count() > 0;
  if (!hold_next) return pace_.interval;
  if (check_in.asked.count() == 0 || check_in.held) return milliseconds{0};
  return ladder_.is_pointless() ? pace_.interval : std::min(pace_.interval, kAgainSoon);
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
// why the last tunnel did not open, and a wait that is not what it ordered. It forgets that one
// when it is started anew, which a new ticket tells.
bool CheckInLoop::has_news() const {
  const auto hold = ladder_.shortened();
  return !introduced_ || !unreported_.failure.empty() || hold != reported_hold_ ||
         (hold && reported_at_ != link_.tickets());
}

net::Task<> CheckInLoop::report() {
  const auto hold = ladder_.shortened();
  wire::AgentReport message = introduced_ ? wire::AgentReport{} : about_this_agent();
  if (!unreported_.failure.empty()) {
    message.tunnel_failure = unreported_.failure;
    message.tunnel_detail = unreported_.detail.substr(0, 200);
  }
  if (hold || reported_hold_) message.hold = hold.value_or(pace_.hold);
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
  if (hold != reported_hold_) log_hold(hold, pace_.hold);
  reported_hold_ = hold;
  reported_at_ = link_.tickets();
}

}  // namespace edge::agent
