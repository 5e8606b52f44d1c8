#include "agent_fake_port.hpp"
#include "crypto/keys.hpp"
#include "net/deadline.hpp"
#include "wire/check_in.hpp"

namespace edge::agent::test {
namespace {

using Asked = std::vector<Result<Response>>;

Task<> ask(PollLink& link, Request request, bool as_instance, milliseconds deadline,
           Asked& answers) {
  if (as_instance) {
    auto response = co_await link.ask_as_instance(std::move(request), deadline);
    answers.push_back(std::move(response));
  } else {
    auto response = co_await link.ask(std::move(request), deadline);
    answers.push_back(std::move(response));
  }
}

struct Plan {
  Request request = get();
  int times = 1;
  bool as_instance = true;
  milliseconds deadline = kLong;
  bool pause = false;  // so that a close by the server arrives before the next request
};

Task<> run(FakePort& port, const Identity& identity, Plan plan, Asked& answers,
           Handshakes& handshakes) {
  net::TaskGroup group(co_await net::asio::this_coro::executor);
  group.spawn("port", serve(port));
  {
    PollLink link(identity, 100, milliseconds{2'000});
    for (int i = 0; i < plan.times; ++i) {
      if (i > 0 && plan.pause) co_await net::sleep(kSoon);
      co_await ask(link, plan.request, plan.as_instance, plan.deadline, answers);
    }
    handshakes = link.handshakes();
    link.close();
  }
  port.acceptor.close();
  co_await group.join();
}

struct Played {
  Asked answers;
  std::vector<Request> seen;
  std::vector<std::string> authorizations;
  int connections = 0;
  std::uint64_t resumed = 0;  // handshakes, of the server's count
  Handshakes handshakes;      // of the link's
};

Played play(std::vector<Response> script, Plan plan, void (*change)(Identity&) = nullptr) {
  boost::asio::io_context loop(1);
  FakePort port(loop);
  port.script = std::move(script);
  auto identity = identity_for(port);
  if (change) change(identity);
  Played played;
  drive(loop, run(port, identity, plan, played.answers, played.handshakes));
  played.authorizations = port.authorizations();
  played.seen = std::move(port.seen);
  played.connections = port.connections;
  played.resumed = port.tickets->resumed;
  return played;
}

Plan times(int count) {
  Plan plan;
  plan.times = count;
  return plan;
}

std::string rest(std::uint64_t counter) {
  return wire::print_rest(EndpointId{std::string(32, 'e')}, InstanceId{std::string(16, 'a')},
                          counter);
}

}  // namespace

TEST_CASE("a first check-in is authorised by a MAC over its method, path and counter") {
  const auto played = play({answer(204)}, {});
  REQUIRE(played.answers[0]);
  const auto key = crypto::derive_purpose_key(Secret(std::string(32, 'k')), "mac");
  const auto mac = crypto::check_in_mac(key, "GET", "/v1/check-in", rest(101));
  CHECK(played.authorizations == std::vector<std::string>{"Edge " + rest(101) + "." + mac});
}

TEST_CASE("requests share one connection and each MAC has its own counter") {
  const auto played = play({answer(204), answer(204), answer(204)}, times(3));
  CHECK(played.connections == 1);
  REQUIRE(played.seen.size() == 3);
  for (std::uint64_t i = 0; i < 3; ++i) {
    CHECK(played.authorizations[i].find(rest(101 + i) + ".") != std::string::npos);
  }
}

TEST_CASE("a ticket is used until it is refused, then the MAC is asked with once more") {
  const auto played = play({answer(204, {{"Edge-Ticket", "one"}}), answer(204), answer(401),
                            answer(204, {{"Edge-Ticket", "two"}}), answer(204)},
                           times(4));
  REQUIRE(played.seen.size() == 5);
  CHECK(played.authorizations[0].rfind("Edge ", 0) == 0);
  CHECK(played.authorizations[1] == "Edge one");
  CHECK(played.authorizations[2] == "Edge one");
  CHECK(played.authorizations[3].rfind("Edge ", 0) == 0);
  CHECK(played.authorizations[4] == "Edge two");
  for (const auto& response : played.answers) CHECK(response->status == 204);
}

TEST_CASE("a MAC that is refused is the answer and is not asked again") {
  const auto played = play({answer(401)}, {});
  REQUIRE(played.answers[0]);
  CHECK(played.answers[0]->status == 401);
  CHECK(played.seen.size() == 1);
}

TEST_CASE("a kept connection that the server has closed meanwhile is made again quietly") {
  Plan plan = times(2);
  plan.pause = true;
  const auto played = play({answer(299), answer(204)}, plan);
  CHECK(played.connections == 2);
  REQUIRE(played.answers.size() == 2);
  CHECK(played.answers[1]);
}

TEST_CASE("a connection that is made again resumes the TLS session of the one before") {
  auto last = answer(204);
  last.keep_alive = false;
  const auto played = play({last, last, last, answer(204)}, times(4));
  CHECK(played.connections == 4);
  CHECK(played.resumed == 3);
  CHECK(played.handshakes.made == 4);
  CHECK(played.handshakes.resumed == 3);
  for (const auto& response : played.answers) CHECK(response);
}

TEST_CASE("a response that ends its connection is not kept") {
  auto last = answer(204);
  last.keep_alive = false;
  const auto played = play({last, answer(204)}, times(2));
  CHECK(played.connections == 2);
  CHECK(played.answers[1]);
}

TEST_CASE("a new connection that breaks is an error and is not tried in a loop") {
  const auto played = play({answer(0), answer(0), answer(0)}, {});
  REQUIRE_FALSE(played.answers[0]);
  CHECK(played.answers[0].error().code == Errc::unreachable);
  CHECK(played.answers[0].error().message.find("https://127.0.0.1:") == 0);
  CHECK(played.connections == 1);
}

TEST_CASE("a server that takes the request and says nothing runs into the deadline") {
  Plan plan;
  plan.deadline = milliseconds{50};
  const auto played = play({answer(-1)}, plan);
  REQUIRE_FALSE(played.answers[0]);
  CHECK(played.answers[0].error().code == Errc::timed_out);
  CHECK(played.connections == 1);
}

TEST_CASE(
    "a server with another pin is refused, whatever it would answer, and both pins' meaning is "
    "told") {
  const auto played =
      play({answer(204)}, {}, [](Identity& identity) { identity.pins = {"sha256/no"}; });
  REQUIRE_FALSE(played.answers[0]);
  CHECK(played.answers[0].error().code == Errc::not_allowed);
  CHECK(played.answers[0].error().message.find("127.0.0.1:") == 0);
  CHECK(played.seen.empty());
}

TEST_CASE("when one URL does not answer the next one is asked the next time") {
  const auto played = play({answer(204), answer(204)}, times(3), [](Identity& identity) {
    identity.urls.insert(identity.urls.begin(), "https://127.0.0.1:1");
  });
  REQUIRE(played.answers.size() == 3);
  CHECK(played.answers[0].error().code == Errc::unreachable);
  CHECK(played.answers[1]);
  CHECK(played.answers[2]);
}

TEST_CASE("a URL that does not answer is not asked again before all others were") {
  const auto played = play({answer(204)}, times(4), [](Identity& identity) {
    identity.urls = {"https://127.0.0.1:1", "https://127.0.0.1:2", "https://127.0.0.1:3",
                     identity.urls[0]};
  });
  REQUIRE(played.answers.size() == 4);
  for (int i = 0; i < 3; ++i) {
    const auto port = ":" + std::to_string(i + 1) + ":";
    CHECK(played.answers[i].error().message.find(port) != std::string::npos);
  }
  CHECK(played.answers[3]);
}

TEST_CASE("an association is asked for without any authorisation") {
  Plan plan;
  plan.as_instance = false;
  plan.request = get("/v1/associate");
  const auto played = play({answer(204)}, plan);
  CHECK(played.authorizations == std::vector<std::string>{""});
}

}  // namespace edge::agent::test
