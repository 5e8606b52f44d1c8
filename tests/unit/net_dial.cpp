#include "net/dial.hpp"
#include "net_peers.hpp"
#include "net_scripted_proxy.hpp"

namespace edge::net::test {

TEST_CASE("without a proxy the address itself is dialled, and with an exception, too") {
  asio::io_context loop(1);
  tcp::acceptor edge(loop, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
  const HostPort to{"127.0.0.1", edge.local_endpoint().port()};
  Dialled direct;
  drive(loop, dial_and_read(to, kLong, {}, 0, direct));
  CHECK(direct.opened);
  const Refusing nobody(loop);
  ProxyWishes wishes;
  wishes.url = Secret("http://127.0.0.1:" + std::to_string(nobody.address().port()));
  wishes.except = {"127.0.0.0/8"};
  DialOptions options;
  options.proxies = *ProxyRules::make(wishes);
  Dialled excepted;
  loop.restart();
  drive(loop, dial_and_read(to, kLong, options, 0, excepted));
  CHECK(excepted.opened);
}

TEST_CASE("a proxy that is not there is the hop that failed") {
  asio::io_context loop(1);
  const Refusing nobody(loop);
  const auto port = std::to_string(nobody.address().port());
  Dialled dialled;
  drive(loop, dial_and_read(kEdge, kLong, through("http://127.0.0.1:" + port), 0, dialled));
  REQUIRE_FALSE(dialled.opened);
  CHECK(dialled.opened.error().code == Errc::unreachable);
  CHECK(dialled.opened.error().message ==
        "cannot reach the proxy: cannot connect to 127.0.0.1:" + port + ": Connection refused");
}

TEST_CASE("a dial through a proxy comes from the address that was asked for") {
  asio::io_context loop(1);
  Proxy proxy(loop);
  auto options = through(proxy.url("http://"));
  options.from = asio::ip::make_address("127.0.1.7");
  Dialled dialled;
  drive(loop, dial_and_read(kEdge, milliseconds{50}, options, 0, dialled));
  CHECK_FALSE(dialled.opened);  // it is accepted here only, and nothing is said
  CHECK(peer_address(Socket(proxy.acceptor.accept())) == "127.0.1.7");
}

}  // namespace edge::net::test
