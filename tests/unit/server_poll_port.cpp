// The poll port on a test's own loop, asked over real connections.
#include <future>
#include <stdexcept>
#include <thread>

#include "agent/poll_link.hpp"
#include "counted_new.hpp"
#include "crypto/certificate.hpp"
#include "net_drive.hpp"
#include "server/poll/poll_port.hpp"
#include "server_registry_driver.hpp"
#include "store_folder.hpp"

namespace edge::server::test {
namespace {

using net::test::drive;
using net::test::kLong;

class SpoiltClock final : public Clock {
 public:
  SteadyTime steady() const override { return clock_.steady(); }
  WallTime wall() const override {
    if (spoilt) throw std::runtime_error("no time");
    return clock_.wall();
  }
  bool spoilt = false;

 private:
  SystemClock clock_;
};

struct Rig {
  net::asio::io_context loop{1};
  SpoiltClock clock;
  store::test::TempFolder folder;
  std::unique_ptr<store::Store> store = store::test::must_open(folder.path);
  StoreWorker worker{*store};
  Registry registry{clock, "https://edge.example.com:9000", "edge.example.com:8000"};
  config::EdgedConfig config;
  Parts parts{clock, config, registry, worker};
  crypto::TlsIdentity tls = *crypto::make_tls_identity({"localhost"});
  PollPort port{loop.get_executor(), parts};
  std::string url;

  Rig() {
    parts.tls.set(*net::make_server_context(tls.certificate_pem, tls.key_pem));
    auto acceptor = listen_tcp(loop.get_executor(), "127.0.0.1:0", /*share=*/false);
    REQUIRE(acceptor);
    url = "https://127.0.0.1:" + std::to_string(acceptor->local_endpoint().port());
    port.listen(std::move(*acceptor));
    store::EndpointRecord record;
    record.id = kEndpoint;
    record.name = "pump-7";
    registry.add(record);
    for (const auto& id : {kFirst, kSecond})
      registry.apply_association(kEndpoint, "", key_of_endpoint(), instance_record(id));
  }

  agent::Identity identity(const InstanceId& instance) const {
    agent::Identity identity;
    identity.endpoint = kEndpoint;
    identity.instance = instance;
    identity.urls = {url};
    identity.pins = {*crypto::pin_of_certificate(tls.certificate_pem)};
    identity.key = key_of_endpoint();
    return identity;
  }
};

// 0: no answer.
net::Task<int> check_in(agent::PollLink& link) {
  net::Request request;
  request.method = "GET";
  request.target = "/v1/check-in";
  const auto response = co_await link.ask_as_instance(std::move(request), kLong);
  co_return response ? response->status : 0;
}

net::Task<> one_is_spoilt(Rig& rig) {
  const auto one = rig.identity(kFirst), other = rig.identity(kSecond);
  agent::PollLink first(one, 1, kLong), second(other, 1, kLong);
  const int before = co_await check_in(first), beside = co_await check_in(second);
  CHECK(before == 204);
  CHECK(beside == 204);
  rig.clock.spoilt = true;
  const int spoilt = co_await check_in(first);
  CHECK(spoilt == 0);
  rig.clock.spoilt = false;
  const int after = co_await check_in(second);
  CHECK(after == 204);
  CHECK(second.handshakes().made == 1);
  first.close();
  second.close();
  co_await rig.port.drain(kLong);
}

net::Task<> a_whole_request_is_spoilt(Rig& rig) {
  const auto identity = rig.identity(kFirst);
  agent::PollLink link(identity, 1, kLong);
  const int before = co_await check_in(link);
  CHECK(before == 204);
  rig.clock.spoilt = true;
  net::Request request;
  request.method = "GET";
  request.target = "/v1/check-in";
  request.headers.emplace_back("X-Other", "not a plain check-in, which has a parser of its own");
  const auto response = co_await link.ask_as_instance(std::move(request), kLong);
  CHECK_FALSE(response);
  rig.clock.spoilt = false;
  CHECK(rig.parts.connections == 0);
  co_await rig.port.drain(kLong);
}

// What the loop's thread has allocated, as the client's thread asks it.
std::uint64_t allocations_of(net::asio::io_context& loop) {
  std::promise<std::uint64_t> count;
  net::asio::post(loop, [&count] { count.set_value(*edge::test::allocations()); });
  return count.get_future().get();
}

constexpr int kWarmUp = 20, kMeasured = 500;

net::Task<> ask_often(Rig& rig, const agent::Identity& identity, std::uint64_t& allocated) {
  agent::PollLink link(identity, 1, kLong);
  std::uint64_t before = 0;
  for (int i = 0; i < kWarmUp + kMeasured; ++i) {
    if (i == kWarmUp) before = allocations_of(rig.loop);
    const int status = co_await check_in(link);
    CHECK(status == 204);
  }
  allocated = allocations_of(rig.loop) - before;
  CHECK(link.handshakes().made == 1);
}

net::Task<> serve_until(Rig& rig, std::shared_ptr<net::Notify> asked) {
  co_await asked->wait(kLong);
  co_await rig.port.drain(kLong);
}

}  // namespace

TEST_CASE("what throws while a check-in is answered ends its connection, and no other") {
  Rig rig;
  drive(rig.loop, one_is_spoilt(rig));
}

TEST_CASE("what throws in a request that has a coroutine ends its connection, too") {
  Rig rig;
  drive(rig.loop, a_whole_request_is_spoilt(rig));
}

TEST_CASE("a plain check-in on a kept connection allocates next to nothing") {
  if (!edge::test::allocations()) {
    MESSAGE("not counted under AddressSanitizer");
    return;
  }
  Rig rig;
  const auto identity = rig.identity(kFirst);
  const auto asked = std::make_shared<net::Notify>(rig.loop.get_executor());
  std::uint64_t allocated = 0;
  std::thread client([&] {
    net::asio::io_context own(1);
    drive(own, ask_often(rig, identity, allocated));
    asked->ring();
  });
  drive(rig.loop, serve_until(rig, asked));
  client.join();
  CAPTURE(allocated);
  CHECK(allocated <= kMeasured + 10);  // the answer
}

}  // namespace edge::server::test
