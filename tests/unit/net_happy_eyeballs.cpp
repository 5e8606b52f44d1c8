#include <deque>

#include "net/happy_eyeballs.hpp"
#include "net_drive.hpp"
#include "net_peers.hpp"

namespace edge::net::test {
namespace {

using asio::ip::tcp;
using Addresses = std::vector<tcp::endpoint>;

Addresses endpoints(const std::vector<std::string>& texts) {
  Addresses addresses;
  for (const auto& text : texts) addresses.emplace_back(asio::ip::make_address(text), 9000);
  return addresses;
}

struct Raced {
  Result<Socket> socket = fail(Errc::failure, "not run");
  std::chrono::steady_clock::duration took{};
};

Task<> connect(Addresses addresses, milliseconds deadline, Raced& raced) {
  const auto started = std::chrono::steady_clock::now();
  auto socket = co_await connect_first(std::move(addresses), deadline, std::nullopt);
  raced.took = std::chrono::steady_clock::now() - started;
  raced.socket = std::move(socket);
}

Raced race(asio::io_context& loop, Addresses addresses, milliseconds deadline = kLong) {
  Raced raced;
  drive(loop, connect(std::move(addresses), deadline, raced));
  return raced;
}

tcp::acceptor listening(asio::io_context& loop, const char* host = "127.0.0.1") {
  return tcp::acceptor(loop, tcp::endpoint(asio::ip::make_address(host), 0));
}

Task<> race_and_stop(Addresses addresses, Raced& raced) {
  TaskGroup group(co_await asio::this_coro::executor);
  group.spawn("race", connect(std::move(addresses), kLong, raced));
  co_await sleep(kSoon);  // until it waits
  group.cancel();
  co_await group.join();
}

}  // namespace

TEST_CASE("the families of a name take turns, the resolver's first one first") {
  const struct {
    const char* name;
    std::vector<std::string> resolved, expected;
  } rows[] = {
      {"none", {}, {}},
      {"one", {"192.0.2.1"}, {"192.0.2.1"}},
      {"one family", {"192.0.2.1", "192.0.2.2"}, {"192.0.2.1", "192.0.2.2"}},
      {"IPv6 first",
       {"2001:db8::1", "2001:db8::2", "192.0.2.1"},
       {"2001:db8::1", "192.0.2.1", "2001:db8::2"}},
      {"IPv4 first",
       {"192.0.2.1", "192.0.2.2", "192.0.2.3", "2001:db8::1"},
       {"192.0.2.1", "2001:db8::1", "192.0.2.2", "192.0.2.3"}},
      {"twice the same", {"::1", "127.0.0.1", "127.0.0.1", "::1"}, {"::1", "127.0.0.1"}},
  };
  for (const auto& row : rows) {
    CAPTURE(row.name);
    CHECK(interleave(endpoints(row.resolved)) == endpoints(row.expected));
  }
}

TEST_CASE("of a name with very many addresses a bounded number is tried, of both families") {
  std::vector<std::string> many;
  for (int i = 0; i < 200; ++i) many.push_back("192.0.2." + std::to_string(i));
  many.push_back("2001:db8::1");
  const auto order = interleave(endpoints(many));
  CHECK(order.size() == kMostAddresses);
  CHECK(order[1] == endpoints({"2001:db8::1"})[0]);
}

TEST_CASE("an error names each address with its reason, and not more than a few") {
  const auto one = asio::ip::make_address("192.0.2.1"), two = asio::ip::make_address("2001:db8::1");
  CHECK(print_attempts({}) == "no address");
  CHECK(print_attempts({{one, "refused"}}) == "refused");
  CHECK(print_attempts({{one, "refused"}, {two, "late"}}) ==
        "192.0.2.1: refused; 2001:db8::1: late");
  const std::vector<FailedAttempt> many(9, {one, "refused"});
  CHECK(print_attempts(many).ends_with("; 192.0.2.1: refused; and 5 more"));
}

TEST_CASE("an address that nobody answers costs a moment and not the deadline") {
  asio::io_context loop(1);
  const Swallowing silent(loop);
  auto good = listening(loop, "127.0.0.2");
  const auto raced = race(loop, {silent.address(), good.local_endpoint()});
  REQUIRE(raced.socket);
  CHECK(peer_address(*raced.socket) == "127.0.0.2");
  CHECK(raced.took >= kNextAttempt);
  CHECK(raced.took < kLong / 2);
}

TEST_CASE("an IPv6 address that nobody answers does not keep the IPv4 one back") {
  asio::io_context loop(1);
  const Swallowing silent(loop, "::1");
  auto good = listening(loop);
  const auto raced = race(loop, {silent.address(), good.local_endpoint()});
  REQUIRE(raced.socket);
  CHECK(peer_address(*raced.socket) == "127.0.0.1");
}

TEST_CASE("after an address that refuses the next one is tried at once") {
  asio::io_context loop(1);
  std::deque<Refusing> refusing;
  Addresses addresses;
  for (int i = 0; i < 12; ++i) addresses.push_back(refusing.emplace_back(loop).address());
  auto good = listening(loop);
  addresses.push_back(good.local_endpoint());
  const auto raced = race(loop, addresses);
  REQUIRE(raced.socket);
  CHECK(raced.took < 6 * kNextAttempt);  // of the twelve that patience would take
}

TEST_CASE("the first that connects is taken and nobody else is dialled") {
  asio::io_context loop(1);
  auto first = listening(loop, "127.0.0.2"), second = listening(loop, "127.0.0.3");
  const auto raced = race(loop, {first.local_endpoint(), second.local_endpoint()});
  REQUIRE(raced.socket);
  CHECK(peer_address(*raced.socket) == "127.0.0.2");
  second.non_blocking(true);
  error_code error;
  (void)second.accept(error);
  CHECK(error == asio::error::would_block);  // nobody was there
}

TEST_CASE("when no address takes the connection each is named with its reason") {
  asio::io_context loop(1);
  const Refusing here(loop), there(loop, "::1");
  const auto raced = race(loop, {here.address(), there.address()});
  REQUIRE_FALSE(raced.socket);
  CHECK(raced.socket.error().code == Errc::unreachable);
  CHECK(raced.socket.error().message == "127.0.0.1: Connection refused; ::1: Connection refused");
}

TEST_CASE("all addresses share one deadline and whoever is late is named") {
  asio::io_context loop(1);
  const Swallowing one(loop), two(loop, "127.0.0.2");
  const Refusing three(loop, "127.0.0.3");
  const auto raced = race(loop, {one.address(), three.address(), two.address()}, 2 * kNextAttempt);
  REQUIRE_FALSE(raced.socket);
  CHECK(raced.socket.error().code == Errc::timed_out);
  CHECK(
      raced.socket.error().message ==
      "127.0.0.1: no answer in time; 127.0.0.3: Connection refused; 127.0.0.2: no answer in time");
  CHECK(raced.took >= 2 * kNextAttempt);
}

TEST_CASE("no address at all is an error at once") {
  asio::io_context loop(1);
  const auto raced = race(loop, {});
  REQUIRE_FALSE(raced.socket);
  CHECK(raced.socket.error().message == "no address");
}

TEST_CASE("a race that is cancelled ends at once") {
  asio::io_context loop(1);
  const Swallowing silent(loop);
  Raced raced;
  drive(loop, race_and_stop({silent.address()}, raced));
  REQUIRE_FALSE(raced.socket);
  CHECK(raced.socket.error().code == Errc::unavailable);
  CHECK(raced.took < kLong / 2);
}

}  // namespace edge::net::test
