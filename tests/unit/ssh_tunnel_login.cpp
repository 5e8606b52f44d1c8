#include <sys/socket.h>

#include <filesystem>

#include "ssh_ends.hpp"

namespace edge::ssh::test {
namespace {

// The opening of one tunnel, both ends closed again.
Task<> only_open(TunnelEnds& ends, TunnelRules rules, TunnelTarget target) {
  co_await open_tunnel(ends, std::move(rules), std::move(target));
  ends.client.reset();
  ends.server.reset();
}

TunnelEnds opened(TunnelRules rules, TunnelTarget target) {
  TunnelEnds ends;
  drive(only_open(ends, std::move(rules), std::move(target)));
  return ends;
}

Task<> silent_client(TunnelEnds& ends, std::string bytes) {
  const auto executor = co_await net::asio::this_coro::executor;
  const auto pair = net::socket_pair();
  ends.server =
      std::make_unique<TunnelServer>(executor, pair->first, *ends.identity, rules_for("right"));
  net::SocketStream peer(net::adopt_socket(executor, pair->second));
  co_await write_text(peer, std::move(bytes));
  co_await establish(ends, kSoon);
  ends.server.reset();
}

Task<> gone_client(TunnelEnds& ends) {
  const auto executor = co_await net::asio::this_coro::executor;
  const auto pair = net::socket_pair();
  ends.server =
      std::make_unique<TunnelServer>(executor, pair->first, *ends.identity, rules_for("right"));
  ::close(pair->second);
  co_await establish(ends, kLong);
  ends.server.reset();
}

Task<> silent_server(TunnelEnds& ends, std::string bytes) {
  const auto executor = co_await net::asio::this_coro::executor;
  const auto pair = net::socket_pair();
  net::SocketStream peer(net::adopt_socket(executor, pair->first));
  co_await write_text(peer, std::move(bytes));
  auto target = target_for("right");
  co_await connect(ends, pair->second, std::move(target), kSoon);
}

Task<> gone_server(TunnelEnds& ends) {
  const auto pair = net::socket_pair();
  ::close(pair->first);
  auto target = target_for("right");
  co_await connect(ends, pair->second, std::move(target), kLong);
}

Task<> open_and_end(TunnelEnds& ends, bool by_client, std::string& reason) {
  co_await open_good_tunnel(ends);
  if (by_client) {
    ends.client->close();
    co_await ends.server->until_dead();
    reason = ends.server->reason();
    CHECK_FALSE(ends.server->alive());
  } else {
    ends.server->close();
    co_await ends.client->until_dead();
    reason = ends.client->reason();
    CHECK_FALSE(ends.client->alive());
  }
  ends.client.reset();
  ends.server.reset();
}

Task<> probe_both(TunnelEnds& ends) {
  co_await open_good_tunnel(ends);
  const auto server_heard = ends.server->last_heard();
  const auto client_heard = ends.client->last_heard();
  co_await net::sleep(kSoon);
  ends.server->probe();
  co_await net::sleep(kSoon);
  CHECK(ends.server->last_heard() > server_heard);
  CHECK(ends.client->last_heard() > client_heard);
  const auto before = ends.client->last_heard();
  ends.client->probe();
  co_await net::sleep(kSoon);
  CHECK(ends.client->last_heard() > before);
  ends.client->close();
  ends.client->probe();  // of a dead one: nothing
  co_await ends.server->until_dead();
  ends.server->probe();
  ends.client.reset();
  ends.server.reset();
}

std::ptrdiff_t open_descriptors() {
  const std::filesystem::directory_iterator all("/proc/self/fd");
  return std::distance(begin(all), end(all));
}

}  // namespace

TEST_CASE("a tunnel that ended gives its descriptors back, whoever ended it") {
  opened(rules_for("right"), target_for("right"));  // what libraries open once
  const auto before = open_descriptors();
  for (const bool by_client : {true, false}) {
    TunnelEnds ends;
    std::string reason;
    drive(open_and_end(ends, by_client, reason));
  }
  opened(rules_for("right"), target_for("wrong"));
  CHECK(open_descriptors() == before);
}

TEST_CASE("a tunnel opens with the right credentials and the right forward") {
  const auto ends = opened(rules_for("right"), target_for("right"));
  CHECK(ends.established);
  CHECK(ends.failure == "");
}

TEST_CASE("a wrong password opens no tunnel and both ends say so") {
  const auto ends = opened(rules_for("right"), target_for("wrong"));
  REQUIRE_FALSE(ends.established);
  CHECK(ends.established.error().code == Errc::not_allowed);
  CHECK(ends.failure == "auth-refused");
}

TEST_CASE("an unknown user opens no tunnel") {
  auto target = target_for("right");
  target.user = "tunnel-2";
  const auto ends = opened(rules_for("right"), std::move(target));
  CHECK(ends.established.error().code == Errc::not_allowed);
  CHECK(ends.failure == "auth-refused");
}

TEST_CASE("a login check that throws is a refusal") {
  auto rules = rules_for("right");
  rules.login = [](const std::string&, const std::string&) -> bool {
    throw std::runtime_error("no store");
  };
  const auto ends = opened(std::move(rules), target_for("right"));
  CHECK(ends.established.error().code == Errc::not_allowed);
}

TEST_CASE("credentials that were used are refused to the next one") {
  auto rules = rules_for("right");
  auto shared = std::make_shared<decltype(rules.login)>(rules.login);
  rules.login = [shared](const std::string& user, const std::string& given) {
    return (*shared)(user, given);
  };
  const auto first = opened(rules, target_for("right"));
  CHECK(first.established);
  const auto second = opened(rules, target_for("right"));
  CHECK(second.established.error().code == Errc::not_allowed);
  CHECK(second.failure == "auth-refused");
}

TEST_CASE("another forward than the ordered one opens no tunnel") {
  auto by_name = target_for("right");
  by_name.forward_name = "0.0.0.0";
  auto by_port = target_for("right");
  by_port.forward_port = 22;
  auto any = target_for("right");
  any.forward_name = "";
  auto chosen_by_server = target_for("right");
  chosen_by_server.forward_port = 0;
  for (auto* target : {&by_name, &by_port, &any, &chosen_by_server}) {
    CAPTURE(target->forward_name);
    const auto ends = opened(rules_for("right"), std::move(*target));
    CHECK_FALSE(ends.established);
    CHECK(ends.failure == "lost");
  }
}

TEST_CASE("an agent does not give its password to a server with another key") {
  bool asked = false;
  auto rules = rules_for("right");
  rules.login = [&asked](const std::string&, const std::string&) { return asked = true; };
  auto target = target_for("right");
  target.host_keys = {Key::generate()->fingerprint()};
  const auto ends = opened(std::move(rules), std::move(target));
  CHECK(ends.failure == "host-key-mismatch");
  CHECK(ends.detail.find(host_key_print()) != std::string::npos);
  CHECK_FALSE(asked);
  CHECK_FALSE(ends.established);
}

TEST_CASE("one of several known host keys is enough") {
  auto target = target_for("right");
  target.host_keys.insert(target.host_keys.begin(), Key::generate()->fingerprint());
  CHECK(opened(rules_for("right"), std::move(target)).established);
}

TEST_CASE("a client that says nothing is cut off at the login deadline") {
  for (const std::string bytes : {"", "SSH-2.0-slow", "SSH-2.0-slow\r\n"}) {
    CAPTURE(bytes);
    TunnelEnds ends;
    drive(silent_client(ends, bytes));
    REQUIRE_FALSE(ends.established);
    CHECK(ends.established.error().code == Errc::timed_out);
  }
}

TEST_CASE("a client that talks something else is cut off at once") {
  for (const auto& bytes : {std::string("GET / HTTP/1.1\r\nHost: edge\r\n\r\n"),
                            std::string(100'000, 'x'), "SSH-2.0-x\r\n" + pattern(4'096)}) {
    TunnelEnds ends;
    drive(silent_client(ends, bytes));
    CHECK_FALSE(ends.established);
  }
}

TEST_CASE("a client that left before the handshake is no login") {
  TunnelEnds ends;
  drive(gone_client(ends));
  REQUIRE_FALSE(ends.established);
  CHECK(ends.established.error().code == Errc::failure);
}

TEST_CASE("a server that does not shake hands is given up at the deadline") {
  for (const std::string bytes : {"", "SSH-2.0-slow\r\n"}) {
    CAPTURE(bytes);
    TunnelEnds ends;
    drive(silent_server(ends, bytes));
    CHECK(ends.failure == "handshake-timeout");
  }
}

TEST_CASE("a server that has gone is lost") {
  TunnelEnds ends;
  drive(gone_server(ends));
  CHECK(ends.failure == "lost");
}

TEST_CASE("when one end closes the other one learns it") {
  for (const bool by_client : {true, false}) {
    CAPTURE(by_client);
    TunnelEnds ends;
    std::string reason;
    drive(open_and_end(ends, by_client, reason));
    CHECK_FALSE(reason.empty());
  }
}

TEST_CASE("a probe is answered and both ends have heard of each other") {
  TunnelEnds ends;
  drive(probe_both(ends));
}

}  // namespace edge::ssh::test
