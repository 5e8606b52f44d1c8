// edgectl ping
#include <atomic>
#include <csignal>
#include <ctime>

#include "base/text.hpp"
#include "control/exit_code.hpp"
#include "control/json_fields.hpp"
#include "control/ping_text.hpp"
#include "control/progress.hpp"
#include "edgectl/choose.hpp"
#include "edgectl/commands.hpp"

namespace edge::edgectl {
namespace {

using nlohmann::json;

constexpr milliseconds kLeastInterval{100};
constexpr milliseconds kToOpen{150'000};  // as long as edged may wait for a check-in, and more

struct Options {
  std::string name;
  unsigned count = 4;
  std::string interval = "1s";
  std::string wait;
  bool no_tunnel = false;
};

// Ctrl-C ends the asking, not the summary.
std::atomic<bool> interrupted{false};

class OnInterrupt {
 public:
  OnInterrupt() {
    struct sigaction action {};
    action.sa_handler = [](int) { interrupted = true; };
    ::sigaction(SIGINT, &action, &before_);
  }
  OnInterrupt(const OnInterrupt&) = delete;
  ~OnInterrupt() { ::sigaction(SIGINT, &before_, nullptr); }

 private:
  struct sigaction before_ {};
};

void pause_for(milliseconds time) {
  timespec left{static_cast<time_t>(time.count() / 1000),
                static_cast<long>(time.count() % 1000) * 1'000'000};
  if (!interrupted) ::nanosleep(&left, nullptr);  // a signal ends it
}

class Pinging {
 public:
  Pinging(Context& context, const Options& options)
      : context_(context),
        options_(options),
        progress_(context.world.err, context.world.terminal, context.options.quiet) {}

  Result<int> run(milliseconds interval) {
    const OnInterrupt interrupt;
    if (!options_.no_tunnel) {
      // Before its tunnel opens: who has one does not check in.
      auto known = look();
      if (!known) return known.error();
      if (shows_lines()) context_.world.out << presence_line(*known) << std::endl;
      check_in_ = std::move(*known);
    }
    for (unsigned number = 1; !interrupted; ++number) {
      if (auto asked = ask(number); !asked && is_final(asked.error())) return asked.error();
      if (number == options_.count || interrupted) break;
      pause_for(interval);
    }
    return end();
  }

 private:
  Result<void> ask(unsigned number) {
    ++tally_.asked;
    auto answer = options_.no_tunnel ? look() : ping();
    progress_.clear();
    if (!answer) return tell_failure(number, answer.error());
    if (options_.no_tunnel) {
      ++tally_.answered;
      offline_ = control::text_at(*answer, "state") != "online";
    } else {
      const auto time = control::number_at(*answer, "round-trip-us").value_or(0);
      tally_.add(static_cast<std::int64_t>(time));
    }
    if (context_.structured()) {
      (*answer)["seq"] = number;
      answers_.push_back(std::move(*answer));
    } else if (shows_lines()) {
      context_.world.out << (options_.no_tunnel
                                 ? presence_line(*answer)
                                 : control::ping_line(printable(options_.name), number, *answer))
                         << std::endl;
    }
    return {};
  }

  bool shows_lines() const { return !context_.structured() && !context_.options.quiet; }
  std::string presence_line(const json& check_in) const {
    return printable(options_.name) + ": " + printable(control::text_at(check_in, "state")) + ", " +
           control::check_in_text(check_in);
  }

  Result<json> look() { return context_.api.get(path("/check-in")); }

  // The first one may have to wait for a tunnel.
  Result<json> ping() {
    if (context_.world.terminal.err && tally_.answered == 0)
      progress_.show("pinging " + options_.name + ": a tunnel to it is opened...");
    const auto query =
        options_.wait.empty() ? "" : "?wait=" + control::percent_encode(options_.wait);
    const auto patience = parse_duration(options_.wait).value_or(kToOpen);
    const auto api = context_.api.with_deadline(context_.api.deadline() + patience);
    return api.post(path("/ping" + query), json::object());
  }

  std::string path(const std::string& rest) const {
    return control::endpoint_path(options_.name, rest);
  }

  // A lost answer is a line, as ping's is; what no other answer can follow is an end.
  bool is_final(const Error& error) const {
    return error.code == Errc::not_found || error.code == Errc::usage ||
           error.code == Errc::not_allowed ||
           (tally_.answered == 0 && error.code != Errc::timed_out);
  }

  Result<void> tell_failure(unsigned number, const Error& error) {
    last_error_ = error;
    if (is_final(error) || interrupted) return error;
    if (context_.structured()) {
      answers_.push_back({{"seq", number}, {"error", to_string(error.code)}});
    } else {
      const auto first_line = error.message.substr(0, error.message.find('\n'));
      context_.world.out << "no answer from " << printable(options_.name) << ": seq=" << number
                         << " " << printable(first_line) << std::endl;
    }
    return error;
  }

  Result<int> end() {
    if (context_.structured()) {
      auto view = tally_.view();
      if (!options_.no_tunnel) view["check-in"] = check_in_;
      view["apiVersion"] = "edge/v1";
      view["endpoint"] = options_.name;
      view["answers"] = answers_;
      if (auto printed = context_.print(view); !printed) return printed;
    } else if (!options_.no_tunnel) {
      if (interrupted && context_.world.terminal.out) context_.world.out << '\n';  // after "^C"
      context_.world.out << tally_.text(printable(options_.name)) << '\n';
    }
    if (offline_) return control::exit_code(Errc::offline);
    if (tally_.answered > 0) return control::kExitOk;
    if (interrupted) return control::kExitInterrupted;
    return control::exit_code(last_error_.code);
  }

  Context& context_;
  const Options& options_;
  control::Progress progress_;
  control::PingTally tally_;
  json answers_ = json::array(), check_in_;
  Error last_error_;
  bool offline_ = false;
};

Result<int> run(Context& context, const Options& options) {
  const auto interval = parse_duration(options.interval);
  if (!interval || *interval < kLeastInterval)
    return fail(Errc::usage,
                "--interval '" + options.interval + "' is no duration of at least 100ms",
                "--interval 1s");
  if (!options.wait.empty() && !parse_duration(options.wait))
    return fail(Errc::usage, "--wait '" + options.wait + "' is no duration", "--wait 30s");
  return Pinging(context, options).run(*interval);
}

}  // namespace

void add_ping(CLI::App& program, Run& chosen) {
  auto* command = program.add_subcommand(
      "ping",
      "ask an agent whether it is there, and how long that takes\n\n"
      "The first line says when it checked in last, and when it does next (held now: a check-in "
      "waits at edged, so that it is reached at once). Then it is asked through its tunnel, which "
      "is opened where there is none: each answer has the round trip between edged and the agent, "
      "the path of the tunnel (direct, or poll-port: inside of the poll port's TLS) and the "
      "address that it comes from. --no-tunnel shows the check-ins alone and opens nothing. Exit "
      "status 0: it answered; 5: it "
      "is offline; 6: it did not answer in time.");
  command->footer(
      "edgectl ping shop-17\tfour times\n"
      "edgectl ping shop-17 -c 0 --interval 5s\tuntil Ctrl-C\n"
      "edgectl ping shop-17 --no-tunnel -c 1\twhen does it check in?\n"
      "edgectl ping shop-17 -c 10 -o json | jq '.\"round-trip-us\".avg'\tfor programs\n");
  auto options = std::make_shared<Options>();
  add_endpoint_name(*command, options->name);
  command->add_option("-c,--count", options->count, "so many times; 0: until Ctrl-C")
      ->type_name("N")
      ->default_str("4");
  command->add_option("--interval", options->interval, "the pause between two")
      ->type_name("DURATION")
      ->default_str("1s");
  command->add_option("--wait", options->wait, "wait so long for one that is offline")
      ->type_name("DURATION");
  command->add_flag("--no-tunnel", options->no_tunnel, "its check-ins alone; opens no tunnel");
  choose(*command, chosen, options, run);
}

}  // namespace edge::edgectl
