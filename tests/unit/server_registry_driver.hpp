// A registry with a clock that the test moves, two associated instances, and no socket anywhere.
#pragma once

#include <doctest/doctest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <memory>
#include <string>
#include <vector>

#include "crypto/keys.hpp"
#include "printing.hpp"
#include "server/registry.hpp"

// boost's own operator<< needs one for Caller and for Refusal.
template <>
struct doctest::StringMaker<boost::system::result<edge::server::Caller, edge::server::Refusal>> {
  static doctest::String convert(
      const boost::system::result<edge::server::Caller, edge::server::Refusal>& result) {
    return result ? "a caller" : "a refusal";
  }
};

namespace edge::server::test {

using fleet::EndpointState;
using fleet::Reason;
using fleet::TunnelState;
using Kind = CheckInAnswer::Kind;
using Bell = std::shared_ptr<net::Notify>;

inline const EndpointId kEndpoint{std::string(32, 'e')};
inline const InstanceId kFirst{std::string(16, 'a')}, kSecond{std::string(16, 'b')};

inline Secret key_of_endpoint() {
  return Secret(std::string(32, 'k'));
}

class FakeTunnel final : public TunnelHandle {
 public:
  FakeTunnel(net::asio::any_io_executor executor, TunnelId id, InstanceId instance)
      : executor_(executor), id_(std::move(id)), instance_(std::move(instance)) {}
  net::asio::any_io_executor executor() override { return executor_; }
  const TunnelId& id() const override { return id_; }
  const InstanceId& instance() const override { return instance_; }
  bool is_silent() const override { return silent; }
  bool silent = false;
  void end(Reason reason) override { ended.push_back(reason); }
  server::TunnelWay way() const override { return server::TunnelWay::direct; }
  std::optional<milliseconds> idle_in() const override { return milliseconds{300'000}; }
  std::vector<Reason> ended;

 private:
  net::asio::any_io_executor executor_;
  TunnelId id_;
  InstanceId instance_;
};

inline store::InstanceRecord instance_record(const InstanceId& id) {
  store::InstanceRecord record;
  record.id = id;
  record.host_key = "ssh-ed25519 " + id.text;
  return record;
}

struct Fleet {
  FakeClock clock;
  Registry registry{clock, "https://edge.example.com:9000", "edge.example.com:8000"};
  boost::asio::io_context loop{1};
  Caller first{kEndpoint, kFirst, 0}, second{kEndpoint, kSecond, 0};

  Fleet() {
    store::EndpointRecord record;
    record.id = kEndpoint;
    record.name = "pump-7";
    record.token_hash = std::string(32, 't');
    registry.add(record);
    join(kFirst);
    join(kSecond);
  }
  void join(const InstanceId& id) {
    registry.apply_association(kEndpoint, std::string(32, 'h'), key_of_endpoint(),
                               instance_record(id));
  }
  Bell bell() { return std::make_shared<net::Notify>(loop.get_executor()); }
  static Visit visit(const Caller& caller, const Bell& hold = nullptr,
                     std::uint64_t connection = 0) {
    return {caller, connection, "192.0.2.1", std::chrono::hours{1}, hold};
  }
  CheckInAnswer check_in(const Caller& caller, const Bell& hold = nullptr) {
    return registry.arrive(visit(caller, hold), nullptr);
  }
  bool holds(const Bell& bell) {
    return registry.look_again(visit(first, bell), /*over=*/false).kind == Kind::hold;
  }
  // Whether it was rung since the last time.
  bool rung(const Bell& bell) {
    auto heard = std::make_shared<bool>(false);
    boost::asio::co_spawn(loop, hear(bell, heard), [](std::exception_ptr) {});
    loop.restart();
    loop.run();
    return *heard;
  }
  // The password of an offer, as its agent would open it.
  static std::string password(const wire::Offer& offer, const InstanceId& instance) {
    const auto opened =
        crypto::open_sealed(crypto::derive_purpose_key(key_of_endpoint(), "seal"), offer.sealed,
                            wire::offer_associated_data(kEndpoint, instance, offer));
    REQUIRE(opened);
    return std::string(opened->reveal());
  }
  std::shared_ptr<FakeTunnel> open(const Caller& caller) {
    registry.raise(kEndpoint);
    return come(caller);
  }
  // Whoever is asked for checks in and opens its tunnel.
  std::shared_ptr<FakeTunnel> come(const Caller& caller) {
    const auto answer = check_in(caller);
    REQUIRE(answer.kind == Kind::connect);
    REQUIRE(registry.consume(answer.offer.tunnel, password(answer.offer, caller.instance)));
    auto tunnel =
        std::make_shared<FakeTunnel>(loop.get_executor(), answer.offer.tunnel, caller.instance);
    REQUIRE(registry.tunnel_opened(caller, tunnel));
    return tunnel;
  }
  TunnelState state() const { return registry.waiting(kEndpoint).tunnel_state; }
  std::shared_ptr<LiveSession> session_on(const InstanceId& instance) {
    auto session = std::make_shared<LiveSession>();
    session->id = SessionId{"0123456789abcdef"};
    session->endpoint = kEndpoint;
    session->instance = instance;
    registry.add_session(session);
    return session;
  }
  wire::Authorization mac(std::uint64_t counter, const InstanceId& instance = kFirst,
                          const EndpointId& endpoint = kEndpoint) {
    wire::MacAuthorization claim;
    claim.endpoint = endpoint;
    claim.instance = instance;
    claim.counter = counter;
    claim.rest = wire::print_rest(endpoint, instance, counter);
    claim.mac = crypto::check_in_mac(crypto::derive_purpose_key(key_of_endpoint(), "mac"), "GET",
                                     "/v1/check-in", claim.rest);
    wire::Authorization authorization;
    authorization.mac = claim;
    return authorization;
  }
  boost::system::result<Caller, Refusal> authenticate(const wire::Authorization& claim,
                                                      std::uint64_t connection = 1) {
    return registry.authenticate(claim, "GET", "/v1/check-in", connection);
  }
  boost::system::result<Caller, Refusal> by_ticket(const std::string& ticket) {
    wire::Authorization authorization;
    authorization.ticket = ticket;
    return authenticate(authorization);
  }

 private:
  static net::Task<> hear(Bell bell, std::shared_ptr<bool> heard) {
    // A ring is a post: it is heard before the time is up.
    const bool rang = co_await bell->wait(milliseconds{5});
    *heard = rang;
  }
};

}  // namespace edge::server::test
