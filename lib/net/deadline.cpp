#include "net/deadline.hpp"

namespace edge::net {

Deadline::Deadline(asio::any_io_executor executor, milliseconds after, std::function<void()> action)
    : state_(std::make_shared<State>(executor)) {
  state_->action = std::move(action);
  arm(state_, after);
}

Deadline::~Deadline() {
  state_->over = true;
  state_->timer.cancel();
}

void Deadline::extend(milliseconds after) {
  if (!state_->passed) arm(state_, after);
}

void Deadline::arm(const std::shared_ptr<State>& state, milliseconds after) {
  state->timer.expires_after(after);
  state->timer.async_wait([state](error_code error) {
    // Expired in the meantime, but moved on: a newer wait is pending.
    if (error || state->over || state->passed) return;
    if (state->timer.expiry() > std::chrono::steady_clock::now()) return;
    state->passed = true;
    state->action();
  });
}

}  // namespace edge::net
