#include <openssl/ssl.h>

#include "crypto/certificate.hpp"
#include "net/client_contexts.hpp"
#include "net/tls.hpp"
#include "net_drive.hpp"

namespace edge::net::test {
namespace {

using crypto::TicketKeys;
using std::chrono::hours;

constexpr WallTime kStart{std::chrono::seconds{1'700'000'000}};

TicketKeys rotated(const TicketKeys& keys, int days) {
  const auto now = kStart + hours(24 * days);
  return keys.with(crypto::make_ticket_key(now), now);
}

std::shared_ptr<TicketRing> new_ring() {
  return std::make_shared<TicketRing>(rotated(TicketKeys(), 0));
}

// A server that can be another one, or be restarted, from one handshake to the next.
struct Server {
  crypto::TlsIdentity identity = *crypto::make_tls_identity({"edge.example.com"});
  std::shared_ptr<TicketRing> ring = new_ring();
  TlsContext context = make();

  TlsContext make() const {
    auto made = make_server_context(identity.certificate_pem, identity.key_pem, ring);
    REQUIRE(made);
    return *made;
  }
  std::string pin() const { return *crypto::pin_of_certificate(identity.certificate_pem); }
};

TlsContext trusting(const std::vector<std::string>& pins) {
  auto made = make_client_context(pins);
  REQUIRE(made);
  return *made;
}

struct Visit {
  Result<void> connected = fail(Errc::failure, "not run");
  bool resumed = false, server_resumed = false;
};

Task<> serve_a_byte(TlsStream& server, bool goodbye) {
  auto done = co_await server.accept();
  if (done) co_await write_text(server, "x");
  if (done && goodbye) co_await server.shutdown_write();
  if (!done) server.close();
}

// One connection and a byte over it: the ticket comes before the byte.
Task<> visit(TlsContext at, TlsContext from, SessionMemory& memory, std::string host, bool goodbye,
             Visit& seen) {
  const auto executor = co_await asio::this_coro::executor;
  auto ends = connected(executor);
  TlsStream server(std::move(ends.near->socket()), at);
  TlsStream client(std::move(ends.far->socket()), from);
  TaskGroup group(executor);
  group.spawn("server", serve_a_byte(server, goodbye));
  auto done = co_await client.connect(host, &memory);
  if (done) {
    const auto byte = co_await read_exactly(client, 1);
    CHECK(byte == "x");
    seen.resumed = client.resumed();
    seen.server_resumed = server.resumed();
  } else {
    client.close();
  }
  seen.connected = std::move(done);
  co_await group.join();
}

// As above, on a loop of its own. Returns whether it was resumed; both sides agree.
bool resumes(const TlsContext& at, const TlsContext& from, SessionMemory& memory,
             const std::string& host = "edge.example.com", bool goodbye = true) {
  Visit seen;
  drive(visit(at, from, memory, host, goodbye, seen));
  REQUIRE(seen.connected);
  CHECK(seen.resumed == seen.server_resumed);
  return seen.resumed;
}

}  // namespace

TEST_CASE("a client that comes back resumes, each time with the ticket of the time before") {
  const Server server;
  const auto client = trusting({server.pin()});
  SessionMemory memory;
  CHECK_FALSE(resumes(server.context, client, memory));
  for (int i = 0; i < 2 * SessionMemory::kMostOffers; ++i) {
    CAPTURE(i);
    CHECK(resumes(server.context, client, memory));
  }
}

TEST_CASE("a server counts its handshakes and those that were resumed") {
  const Server server;
  const auto client = trusting({server.pin()});
  SessionMemory memory;
  for (int i = 0; i < 3; ++i) resumes(server.context, client, memory);
  CHECK(server.ring->handshakes == 3);
  CHECK(server.ring->resumed == 2);
}

TEST_CASE("a connection that was cut does not spoil its session") {
  const Server server;
  const auto client = trusting({server.pin()});
  SessionMemory memory;
  resumes(server.context, client, memory, "edge.example.com", /*goodbye=*/false);
  CHECK(resumes(server.context, client, memory, "edge.example.com", /*goodbye=*/false));
  CHECK(resumes(server.context, client, memory));
}

TEST_CASE("a context made anew with the same ring and key takes the tickets of the old one") {
  const Server server;
  const auto client = trusting({server.pin()});
  SessionMemory memory;
  resumes(server.context, client, memory);
  CHECK(resumes(server.make(), client, memory));
}

TEST_CASE("a ring that was stored and read again takes its tickets back") {
  Server server;
  const auto client = trusting({server.pin()});
  SessionMemory memory;
  resumes(server.context, client, memory);
  const auto stored = server.ring->keys()->print();
  server.ring = std::make_shared<TicketRing>(*TicketKeys::parse(stored.reveal()));
  CHECK(resumes(server.make(), client, memory));
}

TEST_CASE("another ring does not take a ticket, and the handshake is a full one") {
  Server server;
  const auto client = trusting({server.pin()});
  SessionMemory memory;
  resumes(server.context, client, memory);
  server.ring = new_ring();
  const auto other = server.make();
  CHECK_FALSE(resumes(other, client, memory));
  CHECK(resumes(other, client, memory));
}

TEST_CASE("a server without a ring gives no tickets") {
  Server server;
  server.ring = nullptr;
  const auto client = trusting({server.pin()});
  const auto plain = server.make();
  SessionMemory memory;
  CHECK_FALSE(resumes(plain, client, memory));
  CHECK(memory.empty());
  CHECK_FALSE(resumes(plain, client, memory));
}

TEST_CASE("a ring without a key gives no tickets and fails no handshake") {
  Server server;
  server.ring = std::make_shared<TicketRing>(TicketKeys());
  const auto client = trusting({server.pin()});
  const auto keyless = server.make();
  SessionMemory memory;
  CHECK_FALSE(resumes(keyless, client, memory));
  CHECK_FALSE(resumes(keyless, client, memory));
}

TEST_CASE("a ticket outlives one rotation, and is renewed under the new key then") {
  const Server server;
  const auto client = trusting({server.pin()});
  SessionMemory memory;
  resumes(server.context, client, memory);
  server.ring->replace(rotated(*server.ring->keys(), 1));
  CHECK(resumes(server.context, client, memory));
  server.ring->replace(rotated(*server.ring->keys(), 2));  // the first key is gone
  CHECK(resumes(server.context, client, memory));
}

TEST_CASE("a ticket does not outlive two rotations") {
  const Server server;
  const auto client = trusting({server.pin()});
  SessionMemory memory;
  resumes(server.context, client, memory);
  server.ring->replace(rotated(*server.ring->keys(), 1));
  server.ring->replace(rotated(*server.ring->keys(), 2));
  CHECK_FALSE(resumes(server.context, client, memory));
}

TEST_CASE("a renewed certificate of the same key keeps the sessions") {
  Server server;
  const auto client = trusting({server.pin()});
  SessionMemory memory;
  resumes(server.context, client, memory);
  server.identity = *crypto::renew_certificate(server.identity.key_pem, {"other.example.com"});
  CHECK(resumes(server.make(), client, memory));
}

TEST_CASE("a server with another key does not resume, though its ring is the same") {
  Server server;
  Server other;
  other.ring = server.ring;
  const auto replaced = other.make();
  const auto client = trusting({server.pin(), other.pin()});
  SessionMemory memory;
  resumes(server.context, client, memory);
  CHECK_FALSE(resumes(replaced, client, memory));
}

TEST_CASE("a session is not a way around a client's new pins") {
  const Server server;
  SessionMemory memory;
  resumes(server.context, trusting({server.pin()}), memory);
  REQUIRE_FALSE(memory.empty());
  Visit seen;
  drive(
      visit(server.context, trusting({"sha256/another"}), memory, "edge.example.com", true, seen));
  REQUIRE_FALSE(seen.connected);
  CHECK(seen.connected.error().code == Errc::not_allowed);
  CHECK(memory.empty());
  CHECK(server.ring->resumed == 0);
}

TEST_CASE("a session is offered to the host that it is of and to no other") {
  const Server server;
  const auto client = trusting({server.pin()});
  SessionMemory memory;
  resumes(server.context, client, memory, "edge.example.com");
  CHECK_FALSE(resumes(server.context, client, memory, "other.example.com"));
  CHECK(resumes(server.context, client, memory, "other.example.com"));
}

TEST_CASE("a client that forgets makes a full handshake") {
  const Server server;
  const auto client = trusting({server.pin()});
  SessionMemory memory;
  resumes(server.context, client, memory);
  memory.forget();
  CHECK(memory.empty());
  CHECK_FALSE(resumes(server.context, client, memory));
}

TEST_CASE("a session that brings no new one is let go after some tries") {
  const Server server;
  const auto client = trusting({server.pin()});
  const auto stingy = server.make();
  SSL_CTX_set_num_tickets(stingy.get(), 0);
  SessionMemory memory;
  resumes(server.context, client, memory);
  for (int i = 0; i < SessionMemory::kMostOffers; ++i) {
    CAPTURE(i);
    CHECK(resumes(stingy, client, memory));
  }
  CHECK_FALSE(resumes(stingy, client, memory));
}

TEST_CASE("a certificate is looked at anew after a day, however often the session was renewed") {
  const Server server;
  const auto client = trusting({server.pin()});
  static FakeClock clock;
  SessionMemory memory([] { return clock.steady(); });
  CHECK_FALSE(resumes(server.context, client, memory));
  clock.advance(hours(12));
  CHECK(resumes(server.context, client, memory));
  clock.advance(hours(12) - milliseconds{1});
  CHECK(resumes(server.context, client, memory));
  clock.advance(milliseconds{1});
  CHECK_FALSE(resumes(server.context, client, memory));
  CHECK(resumes(server.context, client, memory));
}

TEST_CASE("clients with the same pins share a context, with other pins they do not") {
  ClientContexts contexts;
  const auto one = contexts.get({"sha256/one"});
  REQUIRE(one);
  CHECK(*contexts.get({"sha256/one"}) == *one);
  CHECK(*contexts.get({"sha256/two"}) != *one);
  CHECK(*contexts.get({"sha256/one", "system"}) != *one);
  contexts.forget({"sha256/one"});
  CHECK(*contexts.get({"sha256/one"}) != *one);
}

TEST_CASE("nobody may send early data") {
  const Server server;
  CHECK(SSL_CTX_get_max_early_data(server.context.get()) == 0);
  CHECK(SSL_CTX_get_recv_max_early_data(server.context.get()) == 0);
}

}  // namespace edge::net::test
