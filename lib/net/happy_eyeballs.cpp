#include "net/happy_eyeballs.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <memory>

#include "net/notify.hpp"

namespace edge::net {
namespace {

using asio::ip::tcp;

constexpr std::size_t kMostNamed = 4;  // in an error

struct Attempt {
  tcp::endpoint address;
  tcp::socket socket;
  std::string failure;  // "" while it runs
};

// Ended by whoever waits for it: attempts that come to their end later find it over.
struct Race {
  explicit Race(const asio::any_io_executor& executor) : bell(std::make_shared<Notify>(executor)) {}
  std::shared_ptr<Notify> bell;
  std::vector<std::shared_ptr<Attempt>> attempts;
  std::size_t running = 0;
  std::shared_ptr<Attempt> winner;
  bool over = false;
};

// The port is chosen when it connects, so that one address can have as many connections to each
// server as there are ports.
error_code bind_to(tcp::socket& socket, const asio::ip::address& from) {
  const int on = 1;
  ::setsockopt(socket.native_handle(), IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
  error_code error;
  socket.bind(tcp::endpoint(from, 0), error);
  return error;
}

error_code prepare(tcp::socket& socket, const tcp::endpoint& address,
                   const std::optional<asio::ip::address>& from) {
  error_code error;
  if (from && from->is_v4() != address.address().is_v4())
    return asio::error::address_family_not_supported;
  socket.open(address.protocol(), error);
  if (!error && from) error = bind_to(socket, *from);
  return error;
}

void start(const std::shared_ptr<Race>& race, const tcp::endpoint& address,
           const std::optional<asio::ip::address>& from) {
  auto attempt =
      std::make_shared<Attempt>(Attempt{address, tcp::socket(race->bell->executor()), ""});
  race->attempts.push_back(attempt);
  ++race->running;
  auto done = [race, attempt](error_code error) {
    --race->running;
    if (race->over) return;
    if (error) {
      attempt->failure = error.message();
    } else if (!race->winner) {
      race->winner = attempt;
    }
    race->bell->ring();
  };
  if (const auto error = prepare(attempt->socket, address, from)) {
    done(error);
  } else {
    attempt->socket.async_connect(address, done);
  }
}

// Until one has won, or nobody is left, or it is too late. False: it was cancelled.
Task<bool> run(std::shared_ptr<Race> race, const std::vector<tcp::endpoint>& addresses,
               SteadyTime until, std::optional<asio::ip::address> from, Again again) {
  std::size_t next = 0;
  SteadyTime next_round{};
  for (;;) {
    const auto now = std::chrono::steady_clock::now();
    const auto left = std::chrono::ceil<milliseconds>(until - now);
    if (race->winner || left.count() <= 0) co_return true;
    if (next < addresses.size()) {
      start(race, addresses[next++], from);
      next_round = now + kNextAttempt;
    } else if (again == Again::yes && race->running > 0 && now >= next_round) {
      start(race, addresses[next++ % addresses.size()], from);
      next_round = now + kNextAttempt;
    }
    const bool last = next >= addresses.size();
    if (last && race->running == 0) co_return true;
    // Rung when one has failed or won; otherwise the moment is over, or the deadline.
    const bool waits_for_all = last && again == Again::no;
    const auto wait = waits_for_all ? left : std::min(kNextAttempt, left);
    co_await race->bell->wait(wait);
    const auto state = co_await asio::this_coro::cancellation_state;
    if (state.cancelled() != asio::cancellation_type::none) co_return false;
  }
}

// Whoever has lost is closed, here and not when its handler comes.
void end(Race& race) {
  race.over = true;
  for (const auto& attempt : race.attempts) {
    error_code ignored;
    if (attempt != race.winner) attempt->socket.close(ignored);
  }
}

Error failure_of(const Race& race, std::size_t addresses) {
  std::vector<FailedAttempt> failed;
  bool late = false;
  for (const auto& attempt : race.attempts) {
    if (failed.size() == addresses) break;  // the others were the same ones again
    late = late || attempt->failure.empty();
    failed.emplace_back(attempt->address.address(),
                        attempt->failure.empty() ? "no answer in time" : attempt->failure);
  }
  return fail(late ? Errc::timed_out : Errc::unreachable, print_attempts(failed));
}

}  // namespace

std::vector<tcp::endpoint> interleave(const std::vector<tcp::endpoint>& addresses) {
  std::vector<tcp::endpoint> families[2];  // that of the first address, the other one
  for (const auto& address : addresses) {
    auto& family = families[address.protocol() == addresses.front().protocol() ? 0 : 1];
    if (std::find(family.begin(), family.end(), address) == family.end()) family.push_back(address);
  }
  std::vector<tcp::endpoint> order;
  for (std::size_t i = 0; order.size() < kMostAddresses; ++i) {
    const auto before = order.size();
    for (const auto& family : families) {
      if (i < family.size() && order.size() < kMostAddresses) order.push_back(family[i]);
    }
    if (order.size() == before) break;
  }
  return order;
}

std::string print_attempts(const std::vector<FailedAttempt>& attempts) {
  if (attempts.empty()) return "no address";
  if (attempts.size() == 1) return attempts.front().second;
  std::string text;
  for (std::size_t i = 0; i < std::min(attempts.size(), kMostNamed); ++i) {
    const auto& [address, reason] = attempts[i];
    text += (i == 0 ? "" : "; ") + address.to_string() + ": " + reason;
  }
  if (attempts.size() > kMostNamed)
    text += "; and " + std::to_string(attempts.size() - kMostNamed) + " more";
  return text;
}

Task<Result<Socket>> connect_first(std::vector<tcp::endpoint> addresses, milliseconds deadline,
                                   std::optional<asio::ip::address> from, Again again) {
  const auto executor = co_await asio::this_coro::executor;
  auto race = std::make_shared<Race>(executor);
  const auto until = std::chrono::steady_clock::now() + deadline;
  const bool ran = co_await run(race, addresses, until, from, again);
  end(*race);
  if (!ran) co_return fail(Errc::unavailable, "stopping");
  if (!race->winner) co_return failure_of(*race, addresses.size());
  auto& socket = race->winner->socket;
  error_code ignored;
  socket.set_option(tcp::no_delay(true), ignored);
  Socket connected(executor);
  const auto protocol = race->winner->address.protocol();
  connected.assign(asio::generic::stream_protocol(protocol), socket.release());
  co_return connected;
}

}  // namespace edge::net
