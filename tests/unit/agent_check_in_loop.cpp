#include <algorithm>

#include "agent/check_in_loop.hpp"
#include "agent_fake_port.hpp"

namespace edge::agent::test {
namespace {

Response paced(int status, const char* pace) {
  return answer(status, {{"Edge-Next", pace}});
}

struct Played {
  std::vector<std::string> asked;  // "GET", "GET wait=55", "POST"
  std::vector<std::string> bodies, offers, said, peers;
  std::vector<AnsweredCheckIn> answered;
  std::vector<Errc> failed;
  int connections = 0;
  Ending ending = Ending::failed;
};

struct Plan {
  AfterOffer after;  // what every offer leads to
  PollLinkOptions options;
  std::string stop_when_said;  // before the script's end
  bool two_urls = false;       // of the same port: by its address, then by its name
};

Task<AfterOffer> take_offer(Played& played, std::string offer, AfterOffer after) {
  played.offers.push_back(std::move(offer));
  co_return after;
}

Task<> run(FakePort& port, const Identity& identity, Plan plan, Played& played) {
  const auto executor = co_await net::asio::this_coro::executor;
  net::TaskGroup group(executor);
  group.spawn("port", serve(port));
  {
    config::AgentConfig config;
    config.backoff_least = milliseconds{1};
    config.backoff_most = milliseconds{2};
    CheckInHooks hooks;
    hooks.needed = [&played, &plan](std::string offer) {
      return take_offer(played, std::move(offer), plan.after);
    };
    CheckInLoop* running = nullptr;
    hooks.status = [&](const std::string& text) {
      played.said.push_back(text);
      if (!plan.stop_when_said.empty() && text.find(plan.stop_when_said) != std::string::npos)
        running->stop();
    };
    hooks.answered = [&played](const AnsweredCheckIn& one) { played.answered.push_back(one); };
    hooks.failed = [&played](const Error& error) { played.failed.push_back(error.code); };
    CheckInLoop check_ins(executor, config, identity, 100, hooks, plan.options);
    running = &check_ins;
    port.on_end = [&check_ins] { check_ins.stop(); };
    played.ending = co_await check_ins.run();
    check_ins.link().close();
  }
  port.acceptor.close();
  co_await group.join();
}

// `after_report`: the answers that follow the 204 to the agent's introduction.
Played play(std::vector<Response> after_report, Plan plan = {}) {
  boost::asio::io_context loop(1);
  FakePort port(loop);
  port.script = std::move(after_report);
  port.script.insert(port.script.begin(), answer(204));
  auto identity = identity_for(port);
  if (plan.two_urls) identity.urls.push_back(port.url("localhost"));
  Played played;
  drive(loop, run(port, identity, plan, played));
  for (const auto& request : port.seen) {
    const std::string prefer(net::find_header(request.headers, "Prefer"));
    played.asked.push_back(request.method + (prefer.empty() ? "" : " " + prefer));
    played.bodies.push_back(request.body);
  }
  played.connections = port.connections;
  played.peers = port.peers;
  return played;
}

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("an agent introduces itself, asks once without a hold, and then as it was told") {
  const auto played = play({paced(204, "0.001/30"), paced(204, "0.001/30"), answer(204)});
  CHECK(played.asked == Texts{"POST", "GET", "GET wait=30", "GET wait=30"});
  CHECK(played.bodies[0].find("\"version\"") != std::string::npos);
  CHECK(played.ending == Ending::stopped);
  CHECK(played.connections == 1);
}

TEST_CASE("an offer goes to the owner, and what came of it to edged before the next check-in") {
  auto offer = paced(200, "0.001/30");
  offer.body = "{\"tunnel\": 1}";
  Plan plan;
  plan.after.failure = "handshake-failed";
  plan.after.detail = "by chance";
  const auto played = play({offer, answer(204), paced(204, "0.001/30"), answer(204)}, plan);
  CHECK(played.offers == Texts{offer.body});
  CHECK(played.asked == Texts{"POST", "GET", "POST", "GET wait=30", "GET wait=30"});
  CHECK(played.bodies[2].find("handshake-failed") != std::string::npos);
}

TEST_CASE("being sent away is no failure, whether or not the server closes the connection") {
  for (const int status : {429, 503}) {
    auto busy = answer(status, {{"Retry-After", "0"}});
    auto last = busy;
    last.keep_alive = false;
    const auto played =
        play({paced(204, "0.001/30"), busy, last, paced(204, "0.001/30"), answer(204)});
    CHECK(played.asked ==
          Texts{"POST", "GET", "GET wait=30", "GET wait=30", "GET wait=30", "GET wait=30"});
    CHECK(played.connections == 2);
    for (const auto& line : played.said) CHECK(line.find("not connected") == std::string::npos);
  }
}

TEST_CASE("after a failure the first check-in asks for no hold") {
  const auto played =
      play({paced(204, "0.001/30"), answer(500), paced(204, "0.001/30"), answer(204)});
  CHECK(played.asked == Texts{"POST", "GET", "GET wait=30", "GET", "GET wait=30"});
}

TEST_CASE("a removed endpoint ends the loop") {
  const auto played = play({answer(410), answer(204)});
  CHECK(played.ending == Ending::endpoint_removed);
  CHECK(played.asked == Texts{"POST", "GET"});
}

TEST_CASE("every answered check-in is told to who measures") {
  const auto busy = answer(503, {{"Retry-After", "0"}});
  const auto played = play(
      {paced(204, "0.001/30"), busy, paced(204, "0.001/0"), paced(204, "0.001/0"), answer(204)});
  REQUIRE(played.answered.size() == 4);  // the loop was stopped before the last one
  CHECK(played.answered[0].status == 204);
  CHECK(played.answered[0].asked == milliseconds{0});
  CHECK(played.answered[1].status == 503);
  CHECK(played.answered[1].asked == std::chrono::seconds{30});
  CHECK_FALSE(played.answered[1].held);  // it came at once
  CHECK(played.answered[3].asked == milliseconds{0});
}

TEST_CASE("a check-in that was not answered is told to who measures, too") {
  const auto closes = answer(0);
  const auto played = play({closes, closes, paced(204, "0.001/30"), answer(204)});
  CHECK(played.failed == std::vector{Errc::unreachable});  // one check-in, tried on two connections
  CHECK(played.answered.size() == 1);
}

TEST_CASE("an agent dials from the address that it was given") {
  Plan plan;
  plan.options.dial.from = net::asio::ip::make_address("127.0.1.9");
  const auto played = play({paced(204, "0.001/30"), answer(204)}, plan);
  CHECK(played.peers == Texts{"127.0.1.9"});
}

// The host of the URL that an agent checks in at after an answer to its first check-in.
std::string host_after(const Response& response) {
  Plan plan;
  plan.two_urls = true;
  auto script = std::vector<Response>{response};
  if (response.status == 0) script.push_back(response);  // it asks once more on a new connection
  script.push_back(paced(204, "0.001/30"));
  script.push_back(answer(204));
  const auto played = play(std::move(script), plan);
  const auto& last = played.said.back();
  return last.substr(last.find("//") + 2, last.rfind(':') - last.find("//") - 2);
}

TEST_CASE("what is not edged's answer leads on to the next URL, what is edged's does not") {
  const struct {
    const char* name;
    Response response;
    const char* host;
  } rows[] = {
      {"edged", paced(204, "0.001/30"), "127.0.0.1"},
      {"refused", answer(401), "127.0.0.1"},
      {"a clone", answer(409), "127.0.0.1"},
      {"too often", answer(429, {{"Retry-After", "0"}}), "127.0.0.1"},
      {"edged stops", answer(503, {{"Retry-After", "0"}}), "localhost"},
      {"a balancer without servers", answer(503), "localhost"},
      {"a dead server", answer(502), "localhost"},
      {"a slow server", answer(504), "localhost"},
      {"another server", answer(404), "localhost"},
      {"a portal", answer(302), "localhost"},
      {"a page", answer(200), "localhost"},
      {"nothing", answer(0), "localhost"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.name);
    CHECK(host_after(row.response) == row.host);
  }
}

TEST_CASE("a cut leads to no other URL: it is edged's connection that something ends") {
  Plan plan;
  plan.two_urls = true;
  const auto alive = paced(204, "0.001/30");
  const auto impatient = answer(504, {{"after-ms", "250"}});
  const auto played = play({alive, impatient, alive, answer(204)}, plan);
  for (const auto& line : played.said) CHECK(line.find("localhost") == std::string::npos);
}

// A held check-in that is cut after 250 ms: twice, because a kept connection that goes so early is
// taken for a stale one.
std::vector<Response> cut_and(std::vector<Response> then) {
  const auto cut = answer(0, {{"after-ms", "250"}});
  then.insert(then.begin(), {cut, cut});
  return then;
}

std::vector<Response> joined(std::initializer_list<std::vector<Response>> parts) {
  std::vector<Response> all;
  for (const auto& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

TEST_CASE("two cuts shorten the wait, edged is told, and no failure is made of it") {
  const auto alive = paced(204, "0.001/30");
  const auto played = play(
      joined({{alive}, cut_and({alive}), cut_and({alive}), {answer(204), alive, answer(204)}}));
  REQUIRE(played.asked.size() == 11);
  const Texts after_the_second(played.asked.begin() + 7, played.asked.end());
  CHECK(after_the_second[0] == "GET");
  CHECK(after_the_second[1] == "POST");
  CHECK(after_the_second[2].rfind("GET wait=0.2", 0) == 0);
  CHECK(played.bodies[8].find("\"hold-ms\":2") != std::string::npos);
  for (const auto& line : played.said) CHECK(line.find("not connected") == std::string::npos);
}

TEST_CASE("a proxy's own answer to a held check-in is a cut") {
  const auto alive = paced(204, "0.001/30");
  for (const int status : {408, 502, 504, 204, 200}) {
    CAPTURE(status);
    const auto impatient = answer(status, {{"after-ms", "250"}});
    const auto played =
        play({alive, impatient, alive, impatient, alive, answer(204), alive, answer(204)});
    REQUIRE(played.asked.size() == 9);
    CHECK(played.asked[6] == "POST");
    CHECK(played.asked[7].rfind("GET wait=0.2", 0) == 0);
  }
}

TEST_CASE("a restart of edged, which a new ticket tells, shortens nothing") {
  auto first = paced(204, "0.001/30");
  first.headers.emplace_back("Edge-Ticket", "one");
  auto anew = paced(204, "0.001/30");
  anew.headers.emplace_back("Edge-Ticket", "two");
  const auto restart = cut_and({answer(401), anew});
  const auto played = play(joined({{first}, restart, restart, restart, {answer(204)}}));
  CHECK(played.asked.back() == "GET wait=30");
  CHECK(std::count(played.asked.begin(), played.asked.end(), "POST") == 1);
}

TEST_CASE("a new edged is told of a shortened wait again") {
  auto first = paced(204, "0.001/30");
  first.headers.emplace_back("Edge-Ticket", "one");
  auto anew = first;
  const auto alive = paced(204, "0.001/30");
  const auto played = play(joined({{first},
                                   cut_and({alive}),
                                   cut_and({alive}),
                                   {answer(204), answer(401), anew, answer(204), answer(204)}}));
  REQUIRE(played.asked.size() == 13);
  CHECK(played.asked[8] == "POST");
  CHECK(played.asked[11] == "POST");
  CHECK(played.bodies[11] == played.bodies[8]);
}

TEST_CASE("an agent whose waits are answered at once says that it polls") {
  const auto alive = paced(204, "0.001/30");
  const auto played = play({alive, alive, alive, alive, answer(204), answer(204)});
  CHECK(played.asked ==
        Texts{"POST", "GET", "GET wait=30", "GET wait=30", "GET wait=30", "POST", "GET wait=30"});
  CHECK(played.bodies[5] == "{\"hold-ms\":0}");
}

TEST_CASE("an agent that is put off for more than a moment says by whom, and that is no failure") {
  Plan plan;
  plan.stop_when_said = "of patience";
  const auto played =
      play({paced(204, "0.001/30"), answer(503, {{"Retry-After", "60"}}), answer(204)}, plan);
  REQUIRE(!played.said.empty());
  CHECK(played.said.back().find("https://127.0.0.1") == 0);
  CHECK(played.failed.empty());
}

TEST_CASE("a proxy that does not find edged is a failure") {
  const auto played =
      play({paced(204, "0.001/30"), answer(503), paced(204, "0.001/30"), answer(204)});
  CHECK(played.asked == Texts{"POST", "GET", "GET wait=30", "GET", "GET wait=30"});
}

}  // namespace edge::agent::test
