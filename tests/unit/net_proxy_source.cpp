#include <sys/socket.h>

#include <ctime>

#include "net/proxy_source.hpp"
#include "net_drive.hpp"

namespace edge::net::test {
namespace {

const std::string kV2(
    "\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x0c\xc0\x00\x02\x01\xc0\x00\x02\x09\xdc\x04\x23\x28", 28);
const std::string kV1 = "PROXY TCP4 192.0.2.1 192.0.2.9 56324 443\r\n";
const std::string kHello = "\x16\x03\x01hello";

// Sent at once, the header is there and the client's bytes stay.
Task<> whole(std::string header, std::string source) {
  const auto executor = co_await asio::this_coro::executor;
  auto ends = connected(executor);
  co_await write_text(*ends.far, header + kHello);
  const auto found = co_await read_proxy_source(ends.near->socket(), kLong);
  REQUIRE(found);
  CHECK(found->value_or("own") == source);
  const auto rest = co_await read_exactly(*ends.near, kHello.size());
  CHECK(rest == kHello);
}

Task<> slow_writer(Stream& stream, std::string bytes) {
  const auto executor = co_await asio::this_coro::executor;
  for (const char byte : bytes) {
    co_await write_text(stream, std::string(1, byte));
    // Behind whatever the reader still has to do with the last byte.
    for (int i = 0; i < 3; ++i) co_await asio::post(executor, asio::use_awaitable);
  }
}

Task<> bytewise(std::string header) {
  const auto executor = co_await asio::this_coro::executor;
  auto ends = connected(executor);
  TaskGroup tasks(executor);
  tasks.spawn("writer", slow_writer(*ends.far, header + kHello));
  const auto found = co_await read_proxy_source(ends.near->socket(), kLong);
  REQUIRE(found);
  CHECK(found->value_or("own") == "192.0.2.1");
  const auto rest = co_await read_exactly(*ends.near, kHello.size());
  CHECK(rest == kHello);
  co_await tasks.join();
}

Task<> refused(std::string bytes, bool closes, milliseconds deadline, Errc expected) {
  const auto executor = co_await asio::this_coro::executor;
  auto ends = connected(executor);
  if (!bytes.empty()) co_await write_text(*ends.far, bytes);
  if (closes) ends.far->close();
  const auto cpu = std::clock();
  const auto found = co_await read_proxy_source(ends.near->socket(), deadline);
  REQUIRE_FALSE(found);
  CHECK(found.error().code == expected);
  // Waiting is not spinning.
  if (expected == Errc::timed_out) CHECK(std::clock() - cpu < CLOCKS_PER_SEC / 25);
}

}  // namespace

TEST_CASE("a PROXY header is taken off a connection and not a byte more") {
  drive(whole(kV1, "192.0.2.1"));
  drive(whole(kV2, "192.0.2.1"));
  drive(whole("PROXY UNKNOWN\r\n", "own"));
  drive(whole("", "own"));
}

TEST_CASE("a PROXY header may come a byte at a time") {
  drive(bytewise(kV1));
  drive(bytewise(kV2));
}

TEST_CASE("a connection with a broken PROXY header is refused") {
  drive(refused("PROXY TCP4 nobody\r\n", false, kLong, Errc::usage));
  drive(refused("PRO", true, kLong, Errc::unreachable));
  drive(refused("", true, kLong, Errc::unreachable));
}

TEST_CASE("a PROXY header that does not end has a deadline and costs no time until then") {
  constexpr milliseconds kHalfSecond{500};
  drive(refused("", false, kSoon, Errc::timed_out));
  drive(refused(kV2.substr(0, 20), false, kHalfSecond, Errc::timed_out));
  drive(refused(kV1.substr(0, 20), false, kHalfSecond, Errc::timed_out));
}

}  // namespace edge::net::test
