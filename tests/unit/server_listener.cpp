#include <sys/resource.h>

#include "net_drive.hpp"
#include "server/listener.hpp"

namespace edge::server {
namespace {

using namespace net::test;  // NOLINT: drive
using boost::asio::ip::tcp;

net::Task<> dial(std::uint16_t port, bool v6, bool& connected) {
  const std::string host = v6 ? "::1" : "127.0.0.1";
  const HostPort address{host, port};
  auto socket = co_await net::connect_tcp(address, kLong);
  connected = socket.has_value();
}

net::Task<> accept_two(Acceptor& acceptor, int& accepted) {
  net::TaskGroup group(co_await net::asio::this_coro::executor);
  group.spawn("accept", accept_all(acceptor, [&](net::Socket socket) {
                if (socket.is_open() && ++accepted == 2) acceptor.close();
              }));
  for (int i = 0; i < 2; ++i) {
    bool connected = false;
    co_await dial(acceptor.local_endpoint().port(), false, connected);
    CHECK(connected);
  }
  co_await group.join();  // closing the acceptor ends the accepting
}

std::string port_of(const Acceptor& acceptor) {
  return std::to_string(acceptor.local_endpoint().port());
}

}  // namespace

TEST_CASE("a listener hands on what connects until it is closed") {
  boost::asio::io_context loop(1);
  auto acceptor = listen_tcp(loop.get_executor(), "127.0.0.1:0", false);
  REQUIRE(acceptor);
  int accepted = 0;
  drive(loop, accept_two(*acceptor, accepted));
  CHECK(accepted == 2);
}

TEST_CASE("an address in use is a conflict that names it") {
  boost::asio::io_context loop(1);
  auto first = listen_tcp(loop.get_executor(), "127.0.0.1:0", false);
  REQUIRE(first);
  const auto address = "127.0.0.1:" + port_of(*first);
  for (const bool share : {false, true}) {
    const auto second = listen_tcp(loop.get_executor(), address, share);
    REQUIRE_FALSE(second);
    CHECK(second.error().code == Errc::conflict);
    CHECK(second.error().message.find("cannot listen on " + address) == 0);
  }
}

TEST_CASE("loops of one program share a port") {
  boost::asio::io_context loop(1);
  auto first = listen_tcp(loop.get_executor(), "127.0.0.1:0", true);
  REQUIRE(first);
  CHECK(listen_tcp(loop.get_executor(), "127.0.0.1:" + port_of(*first), true));
}

TEST_CASE("what is no address to listen on is named") {
  boost::asio::io_context loop(1);
  for (const std::string address :
       {"", "9000", "localhost:9000", "256.0.0.1:1", "127.0.0.1:99999", "[::1]"}) {
    CAPTURE(address);
    const auto acceptor = listen_tcp(loop.get_executor(), address, false);
    REQUIRE_FALSE(acceptor);
    CHECK(acceptor.error().code == Errc::usage);
    CHECK(acceptor.error().message.find(address) != std::string::npos);
  }
}

TEST_CASE("an address of another machine cannot be listened on") {
  boost::asio::io_context loop(1);
  const auto acceptor = listen_tcp(loop.get_executor(), "192.0.2.1:0", false);
  REQUIRE_FALSE(acceptor);
  CHECK(acceptor.error().message.find("192.0.2.1") != std::string::npos);
}

TEST_CASE("the unspecified IPv6 address takes IPv4 too") {
  boost::asio::io_context loop(1);
  auto acceptor = listen_tcp(loop.get_executor(), "[::]:0", false);
  REQUIRE(acceptor);
  bool connected = false;
  drive(loop, dial(acceptor->local_endpoint().port(), false, connected));
  CHECK(connected);
}

}  // namespace edge::server
