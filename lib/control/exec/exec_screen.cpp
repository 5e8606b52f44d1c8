#include "control/exec/exec_screen.hpp"

#include <unistd.h>

#include <utility>

namespace edge::control {
namespace {

constexpr std::size_t kRoom = 256 * 1024;  // bytes that wait to be written
constexpr const char* kErase = "\r\033[K";

}  // namespace

ExecScreen::ExecScreen(net::asio::any_io_executor executor, const Terminal& terminal, bool has_bar)
    : out_(executor, STDOUT_FILENO),
      err_(executor, STDERR_FILENO),
      out_is_terminal_(terminal.out),
      has_bar_(has_bar && terminal.err),
      room_(executor),
      work_(executor),
      end_(executor) {
  out_.make_roomy();
  for (auto* timer : {&room_, &work_, &end_}) timer->expires_at(SteadyTime::max());
}

void ExecScreen::add(To to, std::string text) {
  queued_ += text.size();
  if (!queue_.empty() && queue_.back().to == to) {
    queue_.back().text += text;
  } else {
    queue_.push_back({to, std::move(text)});
  }
  work_.cancel();
}

net::Task<bool> ExecScreen::print(To to, std::string lines) {
  if (!broken_ && !lines.empty()) add(to, std::move(lines));
  while (!broken_ && queued_ > kRoom) co_await room_.async_wait(net::as_values);
  co_return !broken_;
}

void ExecScreen::note(std::string line) {
  add(To::err, std::move(line) + "\n");
}

void ExecScreen::set_bar(std::string text) {
  if (!has_bar_ || text == bar_) return;
  bar_ = std::move(text);
  work_.cancel();
}

net::Task<> ExecScreen::put(To to, std::string text) {
  auto& stream = to == To::out ? out_ : err_;
  const auto error = co_await stream.write(net::asio::buffer(text));
  if (!error || broken_) co_return;
  broken_ = true;
  if (on_broken) on_broken();
}

// What is on the terminal's last row goes, and comes back below the lines, in one write: nobody
// sees it gone.
net::Task<> ExecScreen::write(Piece piece) {
  const bool over_bar = !drawn_.empty() && shares_terminal(piece.to);
  if (!over_bar) {
    co_await put(piece.to, std::move(piece.text));
    co_return;
  }
  drawn_ = finishing_ ? std::string() : bar_;
  auto text = kErase + std::move(piece.text) + drawn_;
  co_await put(piece.to, std::move(text));
}

net::Task<> ExecScreen::draw_bar() {
  drawn_ = bar_;
  auto text = "\r" + drawn_ + "\033[K";
  co_await put(To::err, std::move(text));
}

net::Task<> ExecScreen::run() {
  for (;;) {
    if (!queue_.empty() && !broken_) {
      auto piece = std::move(queue_.front());
      queue_.pop_front();
      const auto size = piece.text.size();
      co_await write(std::move(piece));
      queued_ -= size;
      room_.cancel();
      continue;
    }
    if (finishing_ || broken_) break;
    if (has_bar_ && bar_ != drawn_) {
      co_await draw_bar();
      continue;
    }
    co_await work_.async_wait(net::as_values);
    const auto state = co_await net::asio::this_coro::cancellation_state;
    if (state.cancelled() != net::asio::cancellation_type::none) break;
  }
  if (!drawn_.empty() && !broken_) {
    std::string erase = kErase;
    drawn_.clear();
    co_await put(To::err, std::move(erase));
  }
  finished_ = true;
  room_.cancel();
  end_.cancel();
}

net::Task<> ExecScreen::finish() {
  finishing_ = true;
  work_.cancel();
  while (!finished_) co_await end_.async_wait(net::as_values);
}

}  // namespace edge::control
