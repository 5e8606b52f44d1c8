#include "sftp/window.hpp"

#include <algorithm>

namespace edge::sftp {

net::Task<bool> Window::take(std::size_t bytes) {
  if (over_) co_return false;
  if (line_.empty() && has_room(bytes)) {
    ++taken_;
    taken_bytes_ += bytes;
    co_return true;
  }
  auto place = std::make_shared<InLine>(executor_, bytes);
  line_.push_back(place);
  const bool rung = co_await place->waiter.wait();
  if (rung && place->has_taken) co_return true;
  // Cancelled, perhaps with the room already in hand.
  if (place->has_taken) {
    give_back(bytes);
  } else {
    std::erase(line_, place);
  }
  co_return false;
}

void Window::give_back(std::size_t bytes) {
  --taken_;
  taken_bytes_ -= bytes;
  wake();
}

void Window::end() {
  over_ = true;
  for (auto& place : std::exchange(line_, {})) place->waiter.ring();
}

void Window::wake() {
  while (!line_.empty() && has_room(line_.front()->bytes)) {
    auto place = std::move(line_.front());
    line_.pop_front();
    ++taken_;
    taken_bytes_ += place->bytes;
    place->has_taken = true;
    place->waiter.ring();
  }
}

}  // namespace edge::sftp
