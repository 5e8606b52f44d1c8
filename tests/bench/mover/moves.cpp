#include "mover/moves.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <thread>

#include "mover/far_end.hpp"

namespace edge::bench {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::size_t kChunk = 64 * 1024;
std::array<char, kChunk> zeros{}, received;

double since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// The rest of the stream, which is short.
std::string rest_of(Socket& socket) {
  std::string text;
  while (const auto came = socket.receive(received.data(), received.size()))
    text.append(received.data(), came);
  return text;
}

// Whatever can be sent or received now; true when something was.
bool send_some(Socket& socket, std::uint64_t& left) {
  const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(left, kChunk));
  const auto sent = ::send(socket.descriptor(), zeros.data(), size, MSG_NOSIGNAL | MSG_DONTWAIT);
  if (sent < 0 && errno != EAGAIN) fail_with_errno("send");
  if (sent > 0) left -= static_cast<std::uint64_t>(sent);
  return sent > 0;
}

}  // namespace

Moved move_down(const std::string& target, std::uint64_t bytes) {
  auto socket = reach(target, "sink");
  const auto start = Clock::now();
  for (auto left = bytes; left > 0;) {
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(left, kChunk));
    socket.send_all(zeros.data(), size);
    left -= size;
  }
  socket.end_writing();
  const auto told = rest_of(socket);
  if (told != std::to_string(bytes) + "\n") throw Failed("the far end got '" + told + "'");
  return {bytes, since(start)};
}

Moved move_up(const std::string& target, std::uint64_t bytes) {
  auto socket = reach(target, "source " + std::to_string(bytes));
  const auto start = Clock::now();
  std::uint64_t got = 0;
  while (const auto came = socket.receive(received.data(), received.size())) got += came;
  if (got != bytes) throw Failed("got " + std::to_string(got) + " bytes");
  return {bytes, since(start)};
}

Moved move_both_ways(const std::string& target, std::uint64_t bytes) {
  auto socket = reach(target, "echo");
  const auto start = Clock::now();
  std::uint64_t to_send = bytes, to_come = bytes;
  while (to_come > 0) {
    pollfd ready{socket.descriptor(), POLLIN, 0};
    if (to_send > 0) ready.events |= POLLOUT;
    if (::poll(&ready, 1, -1) < 0) fail_with_errno("poll");
    if ((ready.revents & POLLOUT) != 0 && send_some(socket, to_send) && to_send == 0)
      socket.end_writing();
    if ((ready.revents & (POLLIN | POLLHUP | POLLERR)) == 0) continue;
    const auto came = socket.receive(received.data(), received.size());
    if (came == 0 || came > to_come)
      throw Failed(std::to_string(to_come) + " bytes did not come back as they were");
    to_come -= came;
  }
  return {bytes, since(start)};
}

std::vector<double> echo(const std::string& target, double for_seconds, double pause) {
  auto socket = reach(target, "echo");
  std::vector<double> took;
  char byte = 'x';
  const auto once = [&] {
    const auto sent = Clock::now();
    socket.send_all(&byte, 1);
    if (socket.receive(&byte, 1) != 1) throw Failed("the far end has gone");
    return since(sent);
  };
  once();
  const auto start = Clock::now();
  do {
    took.push_back(once());
    if (pause > 0) std::this_thread::sleep_for(std::chrono::duration<double>(pause));
  } while (since(start) < for_seconds);
  return took;
}

}  // namespace edge::bench
