#include "control/forward/far_listeners.hpp"

#include "base/text.hpp"
#include "control/forward/far_socket.hpp"

namespace edge::control {
namespace {

constexpr milliseconds kAgain{1'000}, kMostAgain{30'000};

}  // namespace

ForwardPlace FarListeners::place(std::size_t index) const {
  auto place = specs_[index]->listen;
  if (place.port == 0) place.port = ports_[index];
  return place;
}

net::Task<> FarListeners::hold(ForwardSession::Node node) {
  std::vector<std::size_t> missing(specs_.size());
  for (std::size_t i = 0; i < missing.size(); ++i) missing[i] = i;
  for (auto again = kAgain;; again = std::min(2 * again, kMostAgain)) {
    std::vector<std::size_t> still;
    std::optional<Error> problem;
    for (const auto index : missing) {
      auto listening = co_await listen(node, index);
      if (listening) continue;
      if (!node->client().alive()) break;
      still.push_back(index);
      if (!problem) problem = listening.error();
    }
    if (!node->client().alive()) problem = fail(Errc::unreachable, "the session ended meanwhile");
    missing = std::move(still);
    if (on_tried) on_tried(problem);
    if (!node->client().alive()) break;
    if (missing.empty()) break;
    // An earlier session's listener may have the place until the node gives it up.
    const bool go_on = co_await net::sleep(again);
    if (!go_on) break;
  }
  if (node->client().alive()) co_await node->client().until_dead();
  sockets_.clear();
}

net::Task<Result<void>> FarListeners::listen(ForwardSession::Node node, std::size_t index) {
  const auto& spec = *specs_[index];
  auto on_connection = [this, &spec](std::unique_ptr<net::Stream> far) {
    connections_.take(std::move(far), spec);
  };
  Result<void> done;
  Errc code = Errc::failure;
  std::string why;
  if (spec.listen.is_socket()) {
    auto held = co_await listen_on_far_socket(node->client(), spec.listen.path, on_connection);
    if (held) {
      sockets_.push_back(std::move(*held));
      co_return Result<void>{};
    }
    code = held.error().code;
    why = held.error().message;
  } else {
    const auto wanted = place(index);
    auto port = co_await node->client().listen(wanted.host, wanted.port, on_connection);
    if (!port && spec.listen.port == 0 && wanted.port != 0) {
      auto another = co_await node->client().listen(wanted.host, 0, on_connection);
      port = std::move(another);
    }
    if (port) {
      ports_[index] = *port;
      co_return Result<void>{};
    }
    code = port.error().code;
    why = port.error().message +
          ": the address or port is taken there, or not among session.allow-listen of the node";
  }
  co_return fail(code, printable(spec.text) + ": cannot listen on " +
                           printable(print_place(spec.listen)) + " of the node: " + why);
}

}  // namespace edge::control
