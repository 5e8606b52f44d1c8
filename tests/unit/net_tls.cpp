#include <openssl/ssl.h>

#include <optional>

#include "base/encoding.hpp"
#include "crypto/certificate.hpp"
#include "net/deadline.hpp"
#include "net/tls.hpp"
#include "net_drive.hpp"

namespace edge::net::test {
namespace {

const crypto::TlsIdentity& identity() {
  static const auto made = crypto::make_tls_identity({"edge.example.com"});
  return *made;
}

std::string pin() {
  return *crypto::pin_of_certificate(identity().certificate_pem);
}

TlsContext server_context() {
  auto context = make_server_context(identity().certificate_pem, identity().key_pem);
  REQUIRE(context);
  return *context;
}

struct Shaken {
  std::unique_ptr<TlsStream> server, client;
  Result<void> accepted = fail(Errc::failure, "not run");
  Result<void> connected = fail(Errc::failure, "not run");
};

Task<> accept(Shaken& shaken) {
  auto done = co_await shaken.server->accept();
  if (!done) shaken.server->close();
  shaken.accepted = std::move(done);
}

Task<> shake(Shaken& shaken, std::vector<std::string> pins, TlsContext context) {
  const auto executor = co_await asio::this_coro::executor;
  auto ends = connected(executor);
  auto client_context = make_client_context(pins);
  REQUIRE(client_context);
  shaken.server = std::make_unique<TlsStream>(std::move(ends.near->socket()), context);
  shaken.client = std::make_unique<TlsStream>(std::move(ends.far->socket()), *client_context);
  TaskGroup group(executor);
  group.spawn("server", accept(shaken));
  auto done = co_await shaken.client->connect("edge.example.com");
  if (!done) shaken.client->close();
  shaken.connected = std::move(done);
  co_await group.join();
}

Task<> shake_trusted(Shaken& shaken) {
  const std::vector<std::string> pins{pin()};
  co_await shake(shaken, pins, server_context());
}

Task<> handshake_only(std::vector<std::string> pins, TlsContext context, Result<void>& connected,
                      Result<void>& accepted) {
  Shaken shaken;
  co_await shake(shaken, std::move(pins), std::move(context));
  connected = shaken.connected;
  accepted = shaken.accepted;
}

Result<void> connect_with(std::vector<std::string> pins, TlsContext context = server_context()) {
  Result<void> connected, accepted;
  drive(handshake_only(std::move(pins), std::move(context), connected, accepted));
  return connected;
}

Task<> send_and_end(Stream& stream, std::string bytes) {
  const auto error = co_await write_text(stream, std::move(bytes));
  CHECK_FALSE(error);
  co_await stream.shutdown_write();
}

Task<> collect(Stream& stream, Whole& whole) {
  whole = co_await read_to_end(stream);
}

Task<> both_ways(std::size_t size) {
  Shaken shaken;
  co_await shake_trusted(shaken);
  REQUIRE(shaken.connected);
  Whole at_server, at_client;
  TaskGroup group(co_await asio::this_coro::executor);
  group.spawn("1", send_and_end(*shaken.client, pattern(size, 1)));
  group.spawn("2", send_and_end(*shaken.server, pattern(size, 2)));
  group.spawn("3", collect(*shaken.server, at_server));
  group.spawn("4", collect(*shaken.client, at_client));
  co_await group.join();
  CHECK((at_server.bytes == pattern(size, 1)));
  CHECK((at_client.bytes == pattern(size, 2)));
  CHECK(at_server.error == asio::error::eof);
  CHECK(at_client.error == asio::error::eof);
}

Task<> cut_off(error_code& error) {
  Shaken shaken;
  co_await shake_trusted(shaken);
  REQUIRE(shaken.connected);
  shaken.server->close();  // no close_notify: as an attacker, or a crash, would
  const auto whole = co_await read_to_end(*shaken.client);
  error = whole.error;
}

Task<> talk_plain(std::string bytes, Result<void>& accepted, Result<void>& connected) {
  const auto executor = co_await asio::this_coro::executor;
  auto one = test::connected(executor);
  TlsStream server(std::move(one.near->socket()), server_context());
  co_await write_text(*one.far, bytes);
  co_await one.far->shutdown_write();
  accepted = co_await server.accept();
  auto two = test::connected(executor);
  const std::vector<std::string> pins{pin()};
  auto context = make_client_context(pins);
  TlsStream client(std::move(two.near->socket()), *context);
  co_await write_text(*two.far, bytes);
  co_await two.far->shutdown_write();
  connected = co_await client.connect("edge.example.com");
}

Task<> stalled_handshake(Result<void>& accepted) {
  const auto executor = co_await asio::this_coro::executor;
  auto ends = connected(executor);
  TlsStream server(std::move(ends.near->socket()), server_context());
  Deadline deadline(executor, kSoon, [&server] { server.close(); });
  accepted = co_await server.accept();
  CHECK(deadline.passed());
}

Task<> hang_up_after_hello(Stream& server, std::string& hello) {
  std::array<char, 4096> chunk;
  auto [error, size] = co_await server.read_some(asio::buffer(chunk));
  hello.assign(chunk.data(), size);
  server.close();
}

// What a client says first, which is in the clear.
Task<> say_hello(std::string host, std::string& hello) {
  const auto executor = co_await asio::this_coro::executor;
  auto two = connected(executor);
  const std::vector<std::string> pins{pin()};
  auto context = make_client_context(pins);
  TlsStream client(std::move(two.near->socket()), *context);
  TaskGroup group(executor);
  group.spawn("server", hang_up_after_hello(*two.far, hello));
  const auto done = co_await client.connect(host);
  CHECK_FALSE(done);
  co_await group.join();
}

}  // namespace

TEST_CASE("a name is sent as the server's name, an address is not") {
  const struct {
    std::string host;
    bool sent;
  } rows[] = {{"edge.example.com", true}, {"192.0.2.77", false}, {"2001:db8::77", false}};
  for (const auto& row : rows) {
    CAPTURE(row.host);
    std::string hello;
    drive(say_hello(row.host, hello));
    REQUIRE(hello.size() > 100);
    CHECK((hello.find(row.host) != std::string::npos) == row.sent);
  }
}

TEST_CASE("a client takes a server whose pin it knows, whatever else it knows") {
  CHECK(connect_with({pin()}));
  CHECK(connect_with({"sha256/" + to_base64(std::string(32, 'x')), pin()}));
  CHECK(connect_with({"system", pin()}));
}

TEST_CASE("a renewed certificate of the same key keeps the pin") {
  const auto renewed = crypto::renew_certificate(identity().key_pem, {"other.example.com"});
  REQUIRE(renewed);
  auto context = make_server_context(renewed->certificate_pem, renewed->key_pem);
  REQUIRE(context);
  CHECK(connect_with({pin()}, *context));
}

TEST_CASE("a server without a known pin is refused and its pin is told") {
  const std::vector<std::vector<std::string>> tables{
      {"sha256/" + to_base64(std::string(32, 'x'))}, {"system"}, {""}, {}};
  for (const auto& pins : tables) {
    const auto connected = connect_with(pins);
    REQUIRE_FALSE(connected);
    CHECK(connected.error().code == Errc::not_allowed);
    CHECK(connected.error().message.find(pin()) != std::string::npos);
  }
}

TEST_CASE("a server that speaks only TLS 1.2 is no server of ours") {
  auto old = server_context();
  SSL_CTX_set_min_proto_version(old.get(), TLS1_2_VERSION);
  SSL_CTX_set_max_proto_version(old.get(), TLS1_2_VERSION);
  const auto connected = connect_with({pin()}, old);
  REQUIRE_FALSE(connected);
  CHECK(connected.error().code == Errc::unreachable);
}

TEST_CASE("the server side learns that its certificate was refused") {
  Result<void> connected, accepted;
  drive(handshake_only({"sha256/no"}, server_context(), connected, accepted));
  CHECK_FALSE(connected);
}

TEST_CASE("bytes go through TLS both ways unchanged and each direction ends on its own") {
  for (const std::size_t size : {std::size_t{1}, std::size_t{2'000'003}}) {
    CAPTURE(size);
    drive(both_ways(size));
  }
}

TEST_CASE("a connection that is cut without a goodbye is an error, not an end") {
  error_code error;
  drive(cut_off(error));
  CHECK(error);
  CHECK(error != asio::error::eof);
}

TEST_CASE("a peer that talks no TLS fails the handshake of either side") {
  for (const std::string bytes : {"GET / HTTP/1.1\r\n\r\n", "SSH-2.0-OpenSSH_9.2\r\n", ""}) {
    CAPTURE(bytes);
    Result<void> accepted, connected;
    drive(talk_plain(bytes, accepted, connected));
    CHECK_FALSE(accepted);
    REQUIRE_FALSE(connected);
    CHECK(connected.error().code == Errc::unreachable);
  }
}

TEST_CASE("a handshake that stalls is ended by closing the stream") {
  Result<void> accepted;
  drive(stalled_handshake(accepted));
  CHECK_FALSE(accepted);
}

TEST_CASE("a key and a certificate that do not belong together are refused") {
  const auto other = crypto::make_tls_identity({"other.example.com"});
  const auto mixed = make_server_context(identity().certificate_pem, other->key_pem);
  REQUIRE_FALSE(mixed);
  CHECK(mixed.error().code == Errc::usage);
  CHECK(make_server_context("", identity().key_pem).error().code == Errc::usage);
  CHECK(make_server_context(identity().certificate_pem, Secret("not a key")).error().code ==
        Errc::usage);
}

}  // namespace edge::net::test
