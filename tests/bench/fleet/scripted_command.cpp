#include "fleet/scripted_command.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/write.hpp>
#include <cerrno>
#include <charconv>
#include <cstring>

#include "net/task.hpp"
#include "net/waiter.hpp"

namespace edge::bench {
namespace {

namespace asio = boost::asio;
using Pipe = asio::posix::stream_descriptor;

constexpr std::size_t kLine = 100;
constexpr std::size_t kAtOnce = 4'000;  // as the buffer of stdio, and of whole lines

class Command final : public agent::SessionProcess {
 public:
  Command(asio::any_io_executor executor, std::string command)
      : command_(std::move(command)),
        input_(executor),
        output_(executor),
        errors_(executor),
        printed_(executor),
        ended_(executor),
        tasks_(executor) {}
  ~Command() override { hang_up(); }

  Result<void> open() {
    Descriptors read_by_it, written_by_it, errors_of_it;
    for (auto* pipe : {&read_by_it, &written_by_it, &errors_of_it})
      if (::pipe2(pipe->ends, O_CLOEXEC | O_NONBLOCK) != 0)
        return fail(Errc::unavailable, std::string("cannot make a pipe: ") + std::strerror(errno));
    ::close(read_by_it.ends[0]);  // it reads nothing
    input_.assign(read_by_it.ends[1]);
    output_.assign(written_by_it.ends[0]);
    printed_.assign(written_by_it.ends[1]);
    errors_.assign(errors_of_it.ends[0]);
    ::close(errors_of_it.ends[1]);
    tasks_.spawn("command", run());
    return {};
  }

  asio::awaitable<Result<void>> started() override { co_return Result<void>{}; }
  Pipe& input() override { return input_; }
  Pipe& output() override { return output_; }
  Pipe* error_output() override { return &errors_; }
  void close_input() override { close(input_); }
  Descriptor agent_listener() override { return {}; }
  void resize(const agent::WindowSize&) override {}
  void signal(const std::string&) override { hang_up(); }
  void hang_up() override { close(printed_); }
  asio::awaitable<agent::SessionEnd> ended() override {
    co_await ended_.wait();
    co_await tasks_.join();
    agent::SessionEnd end;
    end.status = status_;
    co_return end;
  }

 private:
  struct Descriptors {
    int ends[2];
  };
  static void close(Pipe& pipe) {
    boost::system::error_code ignored;
    pipe.close(ignored);
  }

  net::Task<> run() {
    if (command_.starts_with("print ")) {
      std::size_t bytes = 0;
      std::from_chars(command_.data() + 6, command_.data() + command_.size(), bytes);
      std::string lines;
      while (lines.size() < kAtOnce) lines += std::string(kLine - 1, '.') + "\n";
      while (bytes >= kLine) {
        const auto some = std::min(bytes - bytes % kLine, kAtOnce);
        auto [error, size] =
            co_await asio::async_write(printed_, asio::buffer(lines, some), net::as_values);
        if (error) break;
        bytes -= some;
      }
    } else if (command_ != "true") {
      status_ = 127;
    }
    close(printed_);
    ended_.ring();
  }

  const std::string command_;
  int status_ = 0;
  Pipe input_, output_, errors_;
  Pipe printed_;  // our end of its output
  net::Waiter ended_;
  net::TaskGroup tasks_;
};

}  // namespace

Result<std::unique_ptr<agent::SessionProcess>> start_scripted_command(
    net::asio::any_io_executor executor, const std::string&, const agent::SessionRequest& request) {
  auto command = std::make_unique<Command>(executor, request.command);
  if (auto opened = command->open(); !opened) return opened.error();
  return std::unique_ptr<agent::SessionProcess>(std::move(command));
}

}  // namespace edge::bench
