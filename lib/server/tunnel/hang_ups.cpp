#include "server/tunnel/hang_ups.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>

#include "base/log.hpp"
#include "server/tunnel/tunnel.hpp"

namespace edge::server {
namespace {

// An edgectl that lives asks again within milliseconds.
constexpr milliseconds kComesBack{5'000};
constexpr milliseconds kLookAgain{1'000};

}  // namespace

HangUps::HangUps(net::asio::any_io_executor executor, Parts& parts)
    : executor_(executor), parts_(parts), tasks_(executor) {}

void HangUps::operator_gone(std::shared_ptr<LiveSession> session, std::string carrier) {
  if (parts_.draining) return;
  parts_.registry.remove_session(*session);
  net::asio::post(executor_,
                  [this, session = std::move(session), carrier = std::move(carrier)]() mutable {
                    tasks_.spawn("session.hang-up", tell(std::move(session), std::move(carrier)));
                  });
}

void HangUps::paused(std::shared_ptr<LiveSession> session, std::string carrier) {
  if (parts_.draining) return;
  // It may be killed while it is away.
  session->end.on_ask(executor_, [this, weak = std::weak_ptr(session)] {
    const auto killed = weak.lock();
    if (!killed || !killed->paused_since.get()) return;
    operator_gone(killed);
    parts_.registry.wake(killed->endpoint);  // whoever waits for it to go on
  });
  net::asio::post(
      executor_, [this, session = std::move(session), carrier = std::move(carrier)]() mutable {
        tasks_.spawn("session.paused", expect_operator(std::move(session), std::move(carrier)));
      });
}

void HangUps::stop() {
  tasks_.cancel();
}

net::Task<> HangUps::expect_operator(std::shared_ptr<LiveSession> session, std::string carrier) {
  const auto visits = session->visits.load();
  const bool waited = co_await net::sleep(kComesBack);
  const bool comes_back = session->is_expected() || session->visits != visits;
  if (!waited || comes_back || !session->paused_since.get()) co_return;
  // An edged that forgot it and heard of it again has another record of it.
  if (parts_.registry.session(session->endpoint, session->id) != session) co_return;
  log::info("session.operator-gone", {{"session", session->id}, {"endpoint", session->endpoint}});
  operator_gone(std::move(session), std::move(carrier));
}

net::Task<> HangUps::tell(std::shared_ptr<LiveSession> session, std::string carrier) {
  const auto limit = parts_.registry.settings_of(session->endpoint).resume_for;
  const auto until = parts_.clock.steady() + limit;
  const Demand demand(parts_.registry, session->endpoint, session->instance);
  auto bell = std::make_shared<net::Notify>(executor_);
  parts_.registry.watch(session->endpoint, bell);
  for (;;) {
    const auto endpoint = parts_.registry.waiting(session->endpoint, session->instance);
    if (!endpoint.exists || parts_.clock.steady() >= until) co_return;
    if (endpoint.tunnel) {
      const auto tunnel = std::static_pointer_cast<Tunnel>(endpoint.tunnel);
      const bool told = co_await net::asio::co_spawn(
          tunnel->executor(), tunnel->hang_up(session->id, carrier), net::asio::use_awaitable);
      if (told) co_return;
    }
    // One that fails is asked again after a while, not in a circle.
    co_await bell->wait(kLookAgain);
    const auto state = co_await net::asio::this_coro::cancellation_state;
    if (state.cancelled() != net::asio::cancellation_type::none) co_return;
  }
}

}  // namespace edge::server
