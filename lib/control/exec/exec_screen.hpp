// Where everything that a run over many shows comes together: the far commands' lines on stdout and
// stderr, our own notes, and below them, on a terminal, the bar. Pieces of whole lines are written
// one after the other, so that none is torn; who prints waits while nobody reads.
// Thread rule: one loop. Ownership: its owner awaits finish() before it lets go.
#pragma once

#include <deque>
#include <functional>
#include <string>

#include "control/local_stream.hpp"
#include "control/terminal.hpp"

namespace edge::control {

class ExecScreen {
 public:
  ExecScreen(net::asio::any_io_executor executor, const Terminal& terminal, bool has_bar);
  ExecScreen(const ExecScreen&) = delete;

  enum class To { out, err };
  // Returns when there is room for more. False: stdout or stderr has no reader any more.
  net::Task<bool> print(To to, std::string lines);
  void note(std::string line);     // on stderr; of ours, and few
  void set_bar(std::string text);  // the newest counts; nothing where there is no bar
  bool has_bar() const noexcept { return has_bar_; }
  bool is_broken() const noexcept { return broken_; }
  std::function<void()> on_broken;  // once

  net::Task<> run();     // writes, until finish()
  net::Task<> finish();  // all is written, and the bar is gone

 private:
  struct Piece {
    To to;
    std::string text;
  };
  void add(To to, std::string text);
  net::Task<> write(Piece piece);
  net::Task<> draw_bar();
  net::Task<> put(To to, std::string text);
  bool shares_terminal(To to) const noexcept { return to == To::out ? out_is_terminal_ : true; }

  LocalStream out_, err_;
  const bool out_is_terminal_, has_bar_;
  std::deque<Piece> queue_;
  std::size_t queued_ = 0;  // bytes
  std::string bar_, drawn_;
  bool broken_ = false, finishing_ = false, finished_ = false;
  net::asio::steady_timer room_, work_, end_;  // cancelled to say so, to all who wait
};

}  // namespace edge::control
