// Runs a test's coroutine on a loop of its own until everything on it has ended, with one deadline
// over all.
//
// gcc 12: pass named coroutine functions; no braced temporaries inside of co_await expressions.
#pragma once

#include <doctest/doctest.h>

#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <csignal>
#include <exception>
#include <memory>
#include <string>
#include <utility>

#include "net/socket_stream.hpp"
#include "printing.hpp"

namespace edge::net::test {

inline constexpr milliseconds kSoon{20};      // shorter than anything that is waited for
inline constexpr milliseconds kLong{30'000};  // a deadline that must not pass
inline constexpr std::chrono::seconds kMost{60};

inline void drive(asio::io_context& loop, Task<> task) {
  std::signal(SIGPIPE, SIG_IGN);  // as every program's main does
  bool finished = false;
  std::exception_ptr problem;
  asio::co_spawn(loop, std::move(task), [&](std::exception_ptr thrown) {
    finished = true;
    problem = thrown;
  });
  loop.run_for(kMost);
  if (problem) std::rethrow_exception(problem);
  REQUIRE_MESSAGE(finished, "the test's deadline passed");
  CHECK_MESSAGE(loop.stopped(), "something still waits on the loop");
}

inline void drive(Task<> task) {
  asio::io_context loop(1);
  drive(loop, std::move(task));
}

struct Ends {
  std::unique_ptr<SocketStream> near, far;
};

inline Ends connected(const asio::any_io_executor& executor) {
  auto pair = socket_pair();
  REQUIRE(pair);
  return {std::make_unique<SocketStream>(adopt_socket(executor, pair->first)),
          std::make_unique<SocketStream>(adopt_socket(executor, pair->second))};
}

// Everything until the end of the stream, and what ended it.
struct Whole {
  std::string bytes;
  error_code error;
};

inline Task<Whole> read_to_end(Stream& stream) {
  Whole whole;
  auto chunk = std::make_unique<std::array<char, 16 * 1024>>();
  for (;;) {
    const auto [error, size] = co_await stream.read_some(asio::buffer(*chunk));
    whole.bytes.append(chunk->data(), size);
    if (error) {
      whole.error = error;
      co_return whole;
    }
  }
}

inline Task<std::string> read_exactly(Stream& stream, std::size_t count) {
  std::string bytes(count, '\0');
  std::size_t filled = 0;
  while (filled < count) {
    const auto [error, size] =
        co_await stream.read_some(asio::buffer(bytes.data() + filled, count - filled));
    filled += size;
    if (error) break;
  }
  bytes.resize(filled);
  co_return bytes;
}

inline Task<error_code> write_text(Stream& stream, std::string text) {
  const auto error = co_await stream.write(asio::buffer(text));
  co_return error;
}

// Bytes that repeat with a long period: a lost, doubled or moved piece shows.
inline std::string pattern(std::size_t size, unsigned seed = 1) {
  std::string bytes(size, '\0');
  std::uint32_t state = seed * 2'654'435'761u + 1;
  for (auto& byte : bytes) {
    state = state * 1'664'525u + 1'013'904'223u;
    byte = static_cast<char>(state >> 24);
  }
  return bytes;
}

}  // namespace edge::net::test
