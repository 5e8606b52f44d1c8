// Bytes through a command: its stdin and stdout are pipes of ours.
#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>

#include "mover/far_end.hpp"
#include "mover/moves.hpp"

namespace edge::bench {
namespace {

constexpr std::size_t kChunk = 64 * 1024;

struct Child {
  pid_t pid = -1;
  int to = -1, from = -1;  // its stdin and stdout; -1: closed
};

Child start(const std::vector<std::string>& command) {
  std::array<int, 2> input{}, output{};
  if (::pipe2(input.data(), O_CLOEXEC) != 0 || ::pipe2(output.data(), O_CLOEXEC) != 0)
    fail_with_errno("pipe");
  const pid_t pid = ::fork();
  if (pid < 0) fail_with_errno("fork");
  if (pid == 0) {
    std::vector<char*> words;
    for (const auto& word : command) words.push_back(const_cast<char*>(word.c_str()));
    words.push_back(nullptr);
    ::dup2(input[0], STDIN_FILENO);
    ::dup2(output[1], STDOUT_FILENO);
    ::execvp(words[0], words.data());
    ::_exit(127);
  }
  ::close(input[0]);
  ::close(output[1]);
  return {pid, input[1], output[0]};
}

void end_input(Child& child) {
  ::close(child.to);
  child.to = -1;
}

// Waits for its end; throws Failed unless it was a good one.
void finish(const Child& child) {
  int status = 0;
  ::waitpid(child.pid, &status, 0);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
    throw Failed("the command ended with status " + std::to_string(status));
}

void send_some(Child& child, std::uint64_t& left) {
  static const std::array<char, kChunk> zeros{};
  const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(left, kChunk));
  const auto sent = ::write(child.to, zeros.data(), size);
  if (sent < 0 && errno != EAGAIN) fail_with_errno("write to the command");
  if (sent > 0) left -= static_cast<std::uint64_t>(sent);
  if (left == 0) end_input(child);
}

}  // namespace

Moved move_through(const std::vector<std::string>& command, std::uint64_t bytes) {
  if (command.empty()) throw Failed("no command");
  static std::array<char, kChunk> buffer;
  auto child = start(command);
  if (::write(child.to, "x", 1) != 1 || ::read(child.from, buffer.data(), 1) != 1)
    throw Failed("the command sent nothing back");
  const auto started = std::chrono::steady_clock::now();
  ::fcntl(child.to, F_SETFL, O_NONBLOCK);
  auto to_send = bytes, to_come = bytes;
  while (to_come > 0) {
    std::array<pollfd, 2> ready{{{child.from, POLLIN, 0}, {child.to, POLLOUT, 0}}};
    if (::poll(ready.data(), ready.size(), -1) < 0) fail_with_errno("poll");
    if (child.to >= 0 && ready[1].revents != 0) send_some(child, to_send);
    if (ready[0].revents == 0) continue;
    const auto came = ::read(child.from, buffer.data(), buffer.size());
    if (came <= 0) throw Failed(std::to_string(to_come) + " bytes did not come back");
    to_come -= std::min(to_come, static_cast<std::uint64_t>(came));
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - started;
  finish(child);
  return {bytes, took.count()};
}

}  // namespace edge::bench
