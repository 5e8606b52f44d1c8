#include "control/copy/copy.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <csignal>
#include <iostream>
#include <nlohmann/json.hpp>

#include "base/descriptor.hpp"
#include "base/text.hpp"
#include "control/copy/copy_run.hpp"
#include "control/copy/local_source.hpp"
#include "control/copy/part_name.hpp"
#include "control/errors_print.hpp"
#include "control/exit_code.hpp"
#include "control/output.hpp"

namespace edge::control {
namespace {

constexpr milliseconds kTick{200};
constexpr milliseconds kFirstTick{1'000};  // what is over by then needs no progress
constexpr std::size_t kSpoolChunk = 1024 * 1024;

// "app.tar", or "app.tar and 3 more".
std::string what_is_copied(const CopyOrder& order) {
  const auto& first = order.sources.front();
  auto text = first.kind == CopyPlace::Kind::stream ? "stdin" : split_path(first.path).name;
  if (order.sources.size() > 1)
    text += " and " + std::to_string(order.sources.size() - 1) + " more";
  return text;
}

std::uint64_t bytes_of(const std::vector<CopyResult>& results) {
  std::uint64_t bytes = 0;
  for (const auto& result : results) bytes += result.meter.bytes;
  return bytes;
}

net::Task<> show_progress(CopyRun& run) {
  const auto what = what_is_copied(run.options.order);
  bool go_on = co_await net::sleep(kFirstTick);
  while (go_on) {
    const auto bytes = bytes_of(run.results);
    run.pace.note(std::chrono::steady_clock::now(), bytes);
    if (bytes > 0 || run.is_many())
      run.progress.show(progress_text(what, run.results, run.pace.bytes_per_second()));
    go_on = co_await net::sleep(kTick);
  }
}

// What has arrived stays in its .part: the next run can go on with it.
net::Task<> heed_signals(CopyRun& run) {
  const auto [error, number] = co_await run.signals.async_wait(net::as_values);
  if (error) co_return;
  run.progress.clear();
  std::cerr << "edgectl: interrupted; what has arrived is kept: the same command with --resume "
               "goes on with it\n"
            << std::flush;
  std::_Exit(number == SIGINT ? kExitInterrupted : 128 + number);
}

net::Task<> take_turns(CopyRun& run) {
  while (run.next < run.options.nodes.size()) {
    const auto number = run.next++;
    co_await copy_with(run, number);
  }
}

net::Task<> whole(CopyRun& run) {
  const auto executor = run.loop.get_executor();
  net::TaskGroup watching(executor), turns(executor);
  watching.spawn("signals", heed_signals(run));
  if (run.options.terminal.err && !run.options.quiet)
    watching.spawn("progress", show_progress(run));
  const auto at_once = std::min(run.options.parallel, run.options.nodes.size());
  for (std::size_t i = 0; i < at_once; ++i) turns.spawn("node", take_turns(run));
  co_await turns.join();
  watching.cancel();
  run.signals.cancel();
  co_await watching.join();
  run.progress.clear();
}

// Many nodes read it, and it can be read once: it is put into a file without a name.
Result<Descriptor> spool_stdin() {
  const char* folder = std::getenv("TMPDIR");
  Descriptor file(
      ::open(folder != nullptr ? folder : "/tmp", O_RDWR | O_TMPFILE | O_CLOEXEC, 0600));
  if (!file) return local_error("cannot keep stdin for many endpoints", errno);
  std::string buffer(kSpoolChunk, '\0');
  for (;;) {
    const auto got = ::read(STDIN_FILENO, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return local_error("cannot read stdin", errno);
    if (got == 0) return file;
    std::string_view left(buffer.data(), static_cast<std::size_t>(got));
    while (!left.empty()) {
      const auto written = ::write(file.get(), left.data(), left.size());
      if (written < 0 && errno != EINTR)
        return local_error("cannot keep stdin for many endpoints", errno);
      if (written > 0) left.remove_prefix(static_cast<std::size_t>(written));
    }
  }
}

void print_results(CopyRun& run) {
  const auto& options = run.options;
  if (options.json) {
    auto items = nlohmann::json::array();
    for (const auto& result : run.results) items.push_back(as_json(result));
    print_json(std::cout, {{"apiVersion", "edge/v1"}, {"items", std::move(items)}});
    std::cout << std::flush;
  } else if (run.is_many()) {
    for (const auto& line : summary_lines(run.results)) run.say(line);
  }
  const auto& only = run.results.front();
  if (only.error && !only.is_told) print_error(std::cerr, *only.error, {options.json, false});
}

}  // namespace

namespace {

// Small files are waited for, not worked for: many of them hide a long way. Of the descriptors that
// we may have, half are for them.
std::size_t files_at_once(std::size_t nodes) {
  constexpr std::size_t kMost = 200, kLeast = 4;
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return kLeast;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  return std::clamp<std::size_t>(limit.rlim_cur / 2 / nodes, kLeast, kMost);
}

}  // namespace

CopyRun::CopyRun(const CopyOptions& given)
    : options(given),
      signals(loop),
      progress(std::cerr, given.terminal, given.quiet),
      files_at_once(control::files_at_once(std::min(given.parallel, given.nodes.size()))) {
  for (const auto& node : given.nodes) {
    results.emplace_back();
    results.back().name = node.name;
  }
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT}) signals.add(number);
}

void CopyRun::say(const std::string& line) {
  progress.clear();
  std::cerr << line << '\n' << std::flush;
}

Result<int> copy(const CopyOptions& options) {
  std::signal(SIGPIPE, SIG_IGN);
  Descriptor spooled;
  // Ahead of the run, which takes the signals: an interrupt ends the waiting for stdin.
  if (options.order.sources.front().kind == CopyPlace::Kind::stream && options.nodes.size() > 1) {
    auto kept = spool_stdin();
    if (!kept) return kept.error();
    spooled = std::move(*kept);
  }
  CopyRun run(options);
  if (spooled) run.stdin_copied = "/proc/self/fd/" + std::to_string(spooled.get());
  net::asio::co_spawn(run.loop, whole(run), [](std::exception_ptr failure) {
    if (failure) std::rethrow_exception(failure);
  });
  run.loop.run();
  print_results(run);
  return exit_status(run.results);
}

}  // namespace edge::control
