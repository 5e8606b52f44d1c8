// The doctor's way to the poll port, and what edged knows of this node's agent.
#include "agent/doctor.hpp"
#include "agent/doctor_words.hpp"
#include "fleet/reason_meaning.hpp"
#include "net/deadline.hpp"
#include "wire/check_in.hpp"

namespace edge::agent {
namespace {

constexpr milliseconds kMostSkew{60'000};
constexpr milliseconds kShortHold{2'000};
constexpr milliseconds kEarly{250};  // an answer that comes sooner was not held
constexpr milliseconds kRecentClone{600'000};

const char* const kNoAnswer = "edged has not answered";

WallTime wall_now() {
  return SystemClock().wall();
}

// Our clock against that of the answer; its own way back is in it, which is below any bound here.
std::optional<milliseconds> skew_of(const std::optional<WallTime>& theirs) {
  if (!theirs) return std::nullopt;
  return wall_now() - *theirs;
}

std::string hold_text(milliseconds hold) {
  return hold.count() == 0 ? "off" : format_duration(hold);
}

}  // namespace

net::Task<> Doctor::look_at_poll_ports() {
  for (const auto& url : identity_.urls) {
    co_await look_at_url(url);
  }
  look_at_clock();
  look_at_check_ins();
  look_at_last_tunnel();
  co_await look_at_hold();
}

net::Task<> Doctor::look_at_url(std::string text) {
  auto url = parse_https_url(text);
  if (!url) {
    report_.begin("poll name", text);
    report_.fail(url.error().message, {"the identity names no URL", "edge-agent join again"});
    co_return;
  }
  doctor::Reach reach(report_, poll_advice(), "poll", url->address, options_.each, options_.dial);
  auto socket = co_await reach.connect();
  if (!socket) co_return;
  auto pins = identity_.pins;
  auto stream = co_await reach.tls(std::move(*socket), std::move(pins), "the join token");
  if (!stream) co_return;
  if (view_) {  // another URL has told all
    report_.skip("poll http", text, "asked at " + url_ + " already");
    co_return;
  }
  if (link_) link_->use(std::move(stream));
  co_await ask_for_view(std::move(text));
}

net::Task<> Doctor::ask_for_view(std::string url) {
  report_.begin("poll http", url);
  if (!link_) {
    report_.skip("not associated yet: that happens when the agent first runs");
    co_return;
  }
  auto response = co_await link_->ask("GET", milliseconds{0}, options_.each);
  if (!response) {
    report_.fail(response.error().message, {"the TLS connection came about, and then no answer "
                                            "did: edged is stuck, or something in between is",
                                            "on the server: edgectl doctor"});
    co_return;
  }
  skew_ = skew_of(parse_http_date(std::string(net::find_header(response->headers, "Date"))));
  if (is_older_edged(*response)) {
    report_.pass("edged knows this node; it is too old to tell more");
    co_return;
  }
  if (const auto refused = judge_answer(*response, identity_.name)) {
    report_.fail(refused->seen, refused->trouble);
    co_return;
  }
  auto view = wire::parse_instance_view(response->body);
  if (!view) {
    report_.fail("200, and not edged's own",
                 {"something on the way answers in its place",
                  "look at what listens at " + url + ": a captive portal, a proxy?"});
    co_return;
  }
  view_ = *view;
  url_ = url;
  skew_ = skew_of(view_->time);
  report_.pass("200: edged knows this node as an instance of " + view_->name + ", and sees it at " +
               view_->address);
}

void Doctor::look_at_clock() {
  report_.begin("clock");
  if (!skew_) return report_.skip("nobody has told the time");
  const auto off = milliseconds(std::abs(skew_->count()));
  const auto text =
      off < milliseconds{1'000}
          ? std::string("the same as edged's")
          : format_age(off) + (skew_->count() > 0 ? " ahead of edged's" : " behind edged's");
  if (off <= kMostSkew) return report_.pass(text);
  report_.fail(text, {"logs of the two sides do not fit together, join tokens expire at another "
                      "time than they say, and with the pin 'system' certificates seem out of date",
                      "timedatectl here and on the server; let both follow a time server"});
}

void Doctor::look_at_check_ins() {
  report_.begin("check-in");
  if (!view_) return report_.skip(kNoAnswer);
  if (view_->cloned && *view_->cloned < kRecentClone) {
    return report_.fail(
        "another machine checked in with this identity " + format_age(*view_->cloned) + " ago",
        {"a clone of this node's disk: both are refused in turn",
         "on the copy: edge-agent leave, then join again"});
  }
  if (view_->has_tunnel) return report_.pass("its tunnel is open, so that it need not check in");
  const auto last = view_->silent_for ? "edged last heard from this agent " +
                                            format_age(*view_->silent_for) + " ago"
                                      : std::string("edged has never heard from this agent");
  if (!runs_) return report_.skip(last + ": it does not run");
  if (view_->silent_for && *view_->silent_for <= view_->silence_allowed)
    return report_.pass(last + (view_->held ? ", and its check-in is held" : ""));
  report_.fail(last + ", though it runs",
               {"the agent does not get through where this doctor does: it is stuck, or it has not "
                "noticed yet that the way is free again",
                "journalctl -u edge-agent, then systemctl restart edge-agent"});
}

void Doctor::look_at_last_tunnel() {
  report_.begin("last tunnel");
  if (!view_) return report_.skip(kNoAnswer);
  if (view_->failure.empty()) return report_.pass("the agent has reported no failure");
  const auto reason = fleet::reason_from_string(view_->failure);
  auto seen = view_->failure;
  if (!view_->failure_detail.empty()) seen += ": " + view_->failure_detail;
  if (!reason || *reason == fleet::Reason::none) {
    return report_.fail(seen, {"a reason that this version does not know", "edge-agent --version"});
  }
  report_.fail(seen,
               {fleet::meaning_of(*reason).meaning, fleet::next_step(*reason, identity_.name)});
}

// The checks have shown that this works: another connection needs no lines of its own.
net::Task<Result<void>> Doctor::connect_link() {
  if (link_->connected()) co_return Result<void>{};
  auto url = parse_https_url(url_);
  if (!url) co_return url.error();
  auto socket = co_await net::dial(url->address, options_.each, options_.dial);
  if (!socket) co_return socket.error();
  auto context = net::make_client_context(identity_.pins);
  if (!context) co_return context.error();
  auto stream = std::make_unique<net::TlsStream>(std::move(*socket), *context);
  net::Deadline bound(stream->executor(), options_.each, [raw = stream.get()] { raw->close(); });
  auto shaken = co_await stream->connect(url->address.host);
  if (!shaken) co_return shaken.error();
  link_->use(std::move(stream));
  co_return Result<void>{};
}

net::Task<Result<net::Response>> Doctor::ask(std::string method, milliseconds wait) {
  auto connected = co_await connect_link();
  if (!connected) co_return connected.error();
  auto response = co_await link_->ask(std::move(method), wait, options_.each);
  co_return response;
}

net::Task<> Doctor::look_at_hold() {
  report_.begin("hold");
  if (!view_) {
    report_.skip(kNoAnswer);
    co_return;
  }
  if (view_->hold.count() == 0) {
    report_.skip("off: the agent polls");
    co_return;
  }
  const doctor::Trouble cut{
      "something on the way ends requests that wait: a proxy's or a NAT's time-out",
      "raise it above the hold (docs/behind-a-proxy.md), or on the server: edgectl settings set "
      "check-in.hold 20s --endpoint " +
          identity_.name};
  const auto wait = options_.whole_hold ? view_->hold : std::min(view_->hold, kShortHold);
  const auto asked = std::chrono::steady_clock::now();
  auto response = co_await ask("GET", wait);
  const auto took =
      std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - asked);
  if (!response || response->status != 200) {
    const auto how =
        response ? "answered " + std::to_string(response->status) : response.error().message;
    report_.fail("a question that was to be held for " + format_duration(wait) + " ended after " +
                     format_age(took) + ": " + how,
                 cut);
    co_return;
  }
  if (took + kEarly < wait && wait <= milliseconds{55'000}) {
    report_.fail("a question that was to be held for " + format_duration(wait) +
                     " was answered after " + format_duration(took),
                 {"edged does not hold what it should, or something answers in its place",
                  "on the server: edgectl doctor"});
    co_return;
  }
  if (view_->hold_in_use && *view_->hold_in_use < view_->hold) {
    report_.fail("the agent asks for " + hold_text(*view_->hold_in_use) + " instead of the " +
                     hold_text(view_->hold) + " that is ordered",
                 cut);
    co_return;
  }
  report_.pass("a question was held for " + format_duration(wait) + "; ordered are " +
               hold_text(view_->hold));
}

}  // namespace edge::agent
