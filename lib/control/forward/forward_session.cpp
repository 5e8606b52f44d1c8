#include "control/forward/forward_session.hpp"

#include "control/admin_client.hpp"
#include "control/session_end.hpp"

namespace edge::control {
namespace {

constexpr milliseconds kAsk{5'000};
constexpr milliseconds kWaitAgain{600'000};  // for a node that is offline: edged holds the request
constexpr milliseconds kLookAgain{100};
constexpr int kLooks = 10;
constexpr milliseconds kEdgedAway{1'000};         // it is on this machine, asking is cheap
constexpr std::chrono::seconds kLastingLong{60};  // a session that did is no sign of trouble

std::string first_line(const std::string& text) {
  return text.substr(0, text.find('\n'));
}

}  // namespace

bool is_final(Errc code) {
  return code == Errc::removed || code == Errc::not_found || code == Errc::not_allowed ||
         code == Errc::usage;
}

ForwardSession::ForwardSession(net::asio::any_io_executor executor, NodeConnection::Order order,
                               OnState on_state, OnOpen on_open)
    : executor_(executor),
      order_(std::move(order)),
      on_state_(std::move(on_state)),
      on_open_(std::move(on_open)) {
  order_.on_pause = [this](const SessionLink::Pause& pause) {
    if (pause.is_paused) {
      on_state_(ForwardState::paused, pause.edged_is_away ? "edged does not answer" : pause.why);
    } else {
      on_state_(ForwardState::connected, "");
    }
  };
}

net::Task<Result<ForwardSession::Node>> ForwardSession::connect() {
  auto order = order_;
  auto opened = co_await NodeConnection::open(std::move(order));
  if (!opened) co_return opened.error();
  co_return Node(std::move(*opened));
}

net::Task<Result<void>> ForwardSession::open() {
  auto node = co_await connect();
  if (!node) co_return node.error();
  take(std::move(*node));
  co_return Result<void>{};
}

void ForwardSession::take(Node node) {
  node_ = std::move(node);
  session_id_ = node_->link().session().session;
  on_state_(ForwardState::connected, "");
  tasks_ = std::make_unique<net::TaskGroup>(executor_);
  tasks_->spawn("forward.session", on_open_(node_));
  wake();
}

void ForwardSession::wake() {
  for (const auto& bell : std::exchange(waiting_, {})) bell->ring();
}

net::Task<std::optional<Error>> ForwardSession::keep() {
  ForwardBackoff backoff;
  order_.session.wait = kWaitAgain;
  while (!ending_) {
    const auto since = std::chrono::steady_clock::now();
    co_await node_->client().until_dead();
    if (ending_) break;
    const auto failure = node_->failure();
    const auto why = failure ? failure->message : node_->client().reason();
    const auto ended = co_await ended_by_operator();
    co_await lose();
    if (ended) co_return ended;
    on_state_(ForwardState::offline, first_line(why));
    if (std::chrono::steady_clock::now() - since > kLastingLong) backoff.start_anew();
    for (;;) {
      auto node = co_await connect();
      if (ending_) {
        if (node) co_await (*node)->end();
        co_return std::nullopt;
      }
      if (node) {
        take(std::move(*node));
        break;
      }
      if (is_final(node.error().code)) co_return node.error();
      on_state_(ForwardState::offline, first_line(node.error().message));
      const auto pause = node.error().code == Errc::unreachable ? kEdgedAway : backoff.next();
      const bool go_on = co_await net::sleep(pause);
      if (!go_on) co_return std::nullopt;
    }
  }
  co_return std::nullopt;
}

// Killed by somebody, who would not be pleased to see it come back.
net::Task<std::optional<Error>> ForwardSession::ended_by_operator() {
  const AdminClient api(order_.session.socket, kAsk);
  const auto path = "/v1/sessions/" + percent_encode(session_id_);
  // It may be in edged's list for a moment yet.
  for (int looks = 0; looks < kLooks; ++looks) {
    const auto shown = api.get(path);
    if (!shown) break;
    const bool go_on = co_await net::sleep(kLookAgain);
    if (!go_on) break;
  }
  co_return why_session_ended(api, session_id_, order_.session.endpoint);
}

net::Task<> ForwardSession::lose() {
  const auto lost = std::exchange(node_, nullptr);
  session_id_.clear();
  if (!lost) co_return;
  lost->close();
  tasks_->cancel();
  co_await tasks_->join();
  co_await lost->end();
}

net::Task<ForwardSession::Node> ForwardSession::wait_for(milliseconds patience) {
  const auto until = std::chrono::steady_clock::now() + patience;
  while (!node_ && !ending_) {
    const auto left = std::chrono::ceil<milliseconds>(until - std::chrono::steady_clock::now());
    if (left.count() <= 0) break;
    const auto bell = std::make_shared<net::Notify>(executor_);
    waiting_.push_back(bell);
    const bool rung = co_await bell->wait(left);
    if (!rung) break;
  }
  co_return node_;
}

net::Task<> ForwardSession::end() {
  ending_ = true;
  wake();
  co_await lose();
}

}  // namespace edge::control
