// One node's turn in a copy: its session, what goes there or comes from there, and how it went.
#include <unistd.h>

#include <algorithm>

#include "base/text.hpp"
#include "control/copy/copy_run.hpp"
#include "control/copy/download_tree.hpp"
#include "control/copy/placing.hpp"
#include "control/copy/upload_tree.hpp"
#include "control/pause_notice.hpp"
#include "control/show_waiting.hpp"

namespace edge::control {
namespace {

constexpr milliseconds kAskDeadline{5'000};
constexpr std::size_t kMostLines = 50;  // of failures, of one node; the rest is counted

// Bounds of what one node may have on its way here, so that many do not fill the memory.
sftp::Client::Limits limits_for(std::size_t nodes) {
  sftp::Client::Limits limits;
  if (nodes > 4) limits.bytes = 2 * 1024 * 1024;
  return limits;
}

struct Turn {
  CopyRun& run;
  const Target& node;
  CopyResult& result;
  std::unique_ptr<NodeFiles> files;
  std::size_t lines = 0;
  bool is_paused = false;

  // "shop-17: app/x: No such file", and once what is left out.
  void tell(const std::string& path, const std::string& words) {
    if (++lines > kMostLines + 1) return;
    std::string line = "edgectl: " + printable(node.name) + ": ";
    if (lines > kMostLines) {
      line += "more of the same is not shown";
    } else {
      line += (path.empty() ? "" : printable(path, 1'000) + ": ") + printable(words, 1'000);
    }
    run.say(line);
  }

  CopyListener listener() {
    return {result.meter,
            [this](const std::string& path, const Error& error) {
              // A connection that is gone fails all that is under way: once is enough.
              if (error.code == Errc::unreachable) return;
              tell(path, error.message);
              if (!result.error)
                result.error = fail(error.code, path + ": " + error.message, error.hint);
            },
            [this](const std::string& path, const std::string& words) {
              if (!run.options.quiet) tell(path, words);
            }};
  }

  // On a terminal each second anew; elsewhere when it begins and when it is over.
  void on_pause(const SessionLink::Pause& pause) {
    if (run.options.quiet) return;
    const auto words =
        pause.is_paused ? pause_text(node.name, pause) : node.name + " is back; the copy goes on";
    if (run.options.terminal.err && !run.is_many()) return run.progress.show(words);
    if (std::exchange(is_paused, pause.is_paused) != pause.is_paused)
      run.say("edgectl: " + printable(words, 400));
  }

  net::Task<Result<void>> open() {
    const auto& options = run.options;
    NodeConnection::Order order;
    order.session.socket = options.socket;
    order.session.endpoint = node.name;
    order.session.endpoint_id = node.id;
    order.session.wait = options.wait;
    order.account = account();
    order.state_folder = options.state_folder;
    order.on_pause = [this](const SessionLink::Pause& pause) { on_pause(pause); };
    const auto limits = limits_for(options.nodes.size());
    auto opened = co_await NodeFiles::open(std::move(order), limits);
    if (!opened) co_return opened.error();
    files = std::move(*opened);
    if (files->side().sums) co_return Result<void>{};
    result.is_verified = false;
    tell("", "its agent is too old to tell checksums: only sizes are compared");
    co_return Result<void>{};
  }

  // Whose place in the order it is.
  bool is_mine(const CopyPlace& source) const {
    return source.kind != CopyPlace::Kind::node || source.endpoint == node.name ||
           source.endpoint == node.id;
  }

  std::string account() const {
    const auto& order = run.options.order;
    if (order.is_upload()) return order.target.user;
    const auto mine = std::find_if(order.sources.begin(), order.sources.end(),
                                   [this](const CopyPlace& source) { return is_mine(source); });
    return mine == order.sources.end() ? "" : mine->user;
  }

  net::Task<Result<void>> upload(CopyListener& heard) {
    auto& far = files->side();
    auto targets = co_await place_there(far, run.options.order);
    if (!targets) co_return targets.error();
    const auto& sources = run.options.order.sources;
    if (sources.front().kind == CopyPlace::Kind::stream && run.stdin_copied.empty()) {
      auto target = co_await look_at_target(far, targets->front());
      if (!target) co_return target.error();
      LocalStream input(run.loop.get_executor(), STDIN_FILENO);
      auto copied =
          co_await upload_stream(far, run.options.terms, heard, input, std::move(*target));
      if (!copied)
        co_return fail(copied.error().code, targets->front() + ": " + copied.error().message);
      ++result.meter.files;
      co_return Result<void>{};
    }
    UploadTree tree(far, run.options.terms, heard, run.loop.get_executor());
    for (std::size_t i = 0; i < sources.size(); ++i)
      tree.add(run.stdin_copied.empty() ? sources[i].path : run.stdin_copied, (*targets)[i]);
    co_await tree.run(run.files_at_once);
    co_return Result<void>{};
  }

  net::Task<Result<void>> to_stdout(CopyListener& heard) {
    auto& far = files->side();
    auto path = co_await expanded(far, run.options.order.sources.front().path);
    if (!path) co_return path.error();
    auto about = co_await far.files.stat(*path);
    Result<void> copied;
    if (!about) {
      copied = about.error();
    } else if (!about->is_file()) {
      copied = fail(Errc::failure, about->is_folder() ? "Is a directory" : "not a regular file");
    } else {
      result.meter.bytes_to_copy = about->size.value_or(0);
      LocalStream output(run.loop.get_executor(), STDOUT_FILENO);
      copied = co_await download_stream(far, run.options.terms, heard, *path, *about, output);
    }
    if (!copied) co_return fail(copied.error().code, *path + ": " + copied.error().message);
    ++result.meter.files;
    co_return Result<void>{};
  }

  net::Task<Result<void>> download(CopyListener& heard) {
    if (run.options.order.target.kind == CopyPlace::Kind::stream)
      co_return co_await to_stdout(heard);
    auto placed = place_here(run.options.order, node.name);
    if (!placed) co_return placed.error();
    auto& far = files->side();
    DownloadTree tree(far, run.options.terms, heard, run.loop.get_executor());
    const auto& sources = run.options.order.sources;
    for (std::size_t i = 0; i < sources.size(); ++i) {
      if (!is_mine(sources[i])) continue;
      auto path = co_await expanded(far, sources[i].path);
      if (!path) co_return path.error();
      tree.add(std::move(*path), placed->folder, placed->names[i]);
    }
    co_await tree.run(run.files_at_once);
    co_return Result<void>{};
  }

  net::Task<Result<void>> all() {
    net::TaskGroup ticking(run.loop.get_executor());
    if (!run.is_many()) {
      const AdminClient api(run.options.socket, kAskDeadline);
      ticking.spawn("progress",
                    show_waiting(api, run.progress, run.options.terminal.err, node.name, {}));
    }
    auto opened = co_await open();
    ticking.cancel();
    co_await ticking.join();
    if (!opened) co_return opened.error();
    auto heard = listener();
    Result<void> copied;
    if (run.options.order.is_upload()) {
      copied = co_await upload(heard);
    } else {
      copied = co_await download(heard);
    }
    if (const auto lost = files->failure()) copied = *lost;
    const bool is_over = files->side().files.is_over();
    if (copied && is_over) {
      const auto& why = files->side().files.reason();
      copied = fail(Errc::failure, "the connection was lost" + (why.empty() ? "" : ": " + why));
    }
    co_await files->end();
    co_return copied;
  }
};

}  // namespace

net::Task<> copy_with(CopyRun& run, std::size_t number) {
  const auto started = std::chrono::steady_clock::now();
  Turn turn{run, run.options.nodes[number], run.results[number], nullptr};
  auto done = co_await turn.all();
  auto& result = turn.result;
  result.is_done = true;
  result.took =
      std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - started);
  if (!done) {
    result.error = done.error();
    result.is_told = run.is_many();
  }
  if (!done && run.is_many()) turn.tell("", done.error().message);
  if (result.ok() && !run.options.quiet) run.say(printable(result_text(result), 1'000));
}

}  // namespace edge::control
