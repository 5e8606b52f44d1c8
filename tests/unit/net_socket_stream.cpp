#include <fcntl.h>
#include <sys/socket.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>

#include "net/socket_stream.hpp"
#include "net_drive.hpp"
#include "net_peers.hpp"
#include "store_folder.hpp"

namespace edge::net::test {
namespace {

using asio::ip::tcp;

Task<> try_tcp(HostPort address, milliseconds deadline, Result<std::string>& peer,
               std::optional<asio::ip::address> from = {}) {
  auto socket = co_await connect_tcp(address, deadline, from);
  if (socket) {
    peer = peer_address(*socket);
  } else {
    peer = socket.error();
  }
}

Result<std::string> tcp_peer(asio::io_context& loop, HostPort address,
                             milliseconds deadline = kLong) {
  Result<std::string> peer = fail(Errc::failure, "not run");
  drive(loop, try_tcp(std::move(address), deadline, peer));
  return peer;
}

}  // namespace

TEST_CASE("a connection is made to a listening address") {
  asio::io_context loop(1);
  tcp::acceptor acceptor(loop, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
  const auto peer = tcp_peer(loop, {"127.0.0.1", acceptor.local_endpoint().port()});
  REQUIRE(peer);
  CHECK(*peer == "127.0.0.1");
}

TEST_CASE("one of the addresses of a name is connected to") {
  asio::io_context loop(1);
  tcp::acceptor acceptor(loop, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
  CHECK(tcp_peer(loop, {"localhost", acceptor.local_endpoint().port()}));
}

TEST_CASE("a connection is dialled from the address that was asked for") {
  asio::io_context loop(1);
  tcp::acceptor acceptor(loop, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
  const HostPort address{"127.0.0.1", acceptor.local_endpoint().port()};
  Result<std::string> peer = fail(Errc::failure, "not run");
  drive(loop, try_tcp(address, kLong, peer, asio::ip::make_address("127.0.1.7")));
  REQUIRE(peer);
  CHECK(peer_address(Socket(acceptor.accept())) == "127.0.1.7");
}

TEST_CASE("an address that is not ours to dial from is an error") {
  asio::io_context loop(1);
  Result<std::string> peer = fail(Errc::failure, "not run");
  drive(loop, try_tcp({"127.0.0.1", 1}, kLong, peer, asio::ip::make_address("192.0.2.1")));
  REQUIRE_FALSE(peer);
  CHECK(peer.error().code == Errc::unreachable);
}

TEST_CASE("a refused connection names the address and the reason") {
  asio::io_context loop(1);
  std::uint16_t port = 0;
  {
    tcp::acceptor gone(loop, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
    port = gone.local_endpoint().port();
  }
  const auto peer = tcp_peer(loop, {"127.0.0.1", port});
  REQUIRE_FALSE(peer);
  CHECK(peer.error().code == Errc::unreachable);
  CHECK(peer.error().message.find("cannot connect to 127.0.0.1:" + std::to_string(port)) == 0);
  CHECK(peer.error().message.find("refused") != std::string::npos);
}

TEST_CASE("a name that does not resolve is named") {
  asio::io_context loop(1);
  const auto peer = tcp_peer(loop, {"no such name", 1});
  REQUIRE_FALSE(peer);
  CHECK(peer.error().code == Errc::unreachable);
  CHECK(peer.error().message.find("cannot resolve no such name:1: ") == 0);
}

TEST_CASE("a connection that nobody answers ends with its deadline") {
  asio::io_context loop(1);
  const Swallowing silent(loop);
  const auto peer = tcp_peer(loop, {"127.0.0.1", silent.address().port()}, milliseconds{50});
  REQUIRE_FALSE(peer);
  CHECK(peer.error().code == Errc::timed_out);
}

TEST_CASE("a Unix socket that is not there is named with its path") {
  asio::io_context loop(1);
  const store::test::TempFolder folder;
  const auto path = (folder.path / "admin.sock").string();
  const auto missing = connect_unix(loop.get_executor(), path);
  REQUIRE_FALSE(missing);
  CHECK(missing.error().code == Errc::unreachable);
  CHECK(missing.error().message.find(path) != std::string::npos);
  { const asio::local::stream_protocol::acceptor dead(loop, path); }
  CHECK(connect_unix(loop.get_executor(), path).error().code ==
        Errc::unreachable);  // nobody listens any more
  CHECK(connect_unix(loop.get_executor(), std::string(200, 'x')).error().code == Errc::usage);
}

TEST_CASE("a Unix socket has no peer address") {
  asio::io_context loop(1);
  const auto ends = connected(loop.get_executor());
  CHECK(peer_address(ends.near->socket()).empty());
}

TEST_CASE("an IPv4 peer of a dual-stack listener is shown as IPv4") {
  asio::io_context loop(1);
  tcp::acceptor acceptor(loop, tcp::endpoint(tcp::v6(), 0));
  tcp::socket client(loop);
  client.connect({asio::ip::address_v4::loopback(), acceptor.local_endpoint().port()});
  const Socket accepted(acceptor.accept());
  CHECK(peer_address(accepted) == "127.0.0.1");
}

TEST_CASE("an address has one text, whatever way it came") {
  const struct {
    const char *address, *expected;
  } rows[] = {
      {"192.0.2.7", "192.0.2.7"},
      {"::ffff:192.0.2.7", "192.0.2.7"},
      {"2001:db8::7", "2001:db8::7"},
      {"fe80::1%1", "fe80::1"},
  };
  for (const auto& row : rows) CHECK(text_of(asio::ip::make_address(row.address)) == row.expected);
}

TEST_CASE("a socket pair is non-blocking and not inherited") {
  const auto pair = socket_pair();
  REQUIRE(pair);
  for (const int descriptor : {pair->first, pair->second}) {
    CHECK((::fcntl(descriptor, F_GETFL) & O_NONBLOCK) != 0);
    CHECK((::fcntl(descriptor, F_GETFD) & FD_CLOEXEC) != 0);
    ::close(descriptor);
  }
}

}  // namespace edge::net::test
