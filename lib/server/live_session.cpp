#include "server/live_session.hpp"

#include <boost/asio/post.hpp>

namespace edge::server {

void SessionEnd::on_ask(boost::asio::any_io_executor executor, std::function<void()> end) {
  forget();
  const std::lock_guard lock(mutex_);
  executor_ = std::move(executor);
  end_ = std::make_shared<std::function<void()>>(std::move(end));
  if (asked_) post();
}

void SessionEnd::forget() {
  const std::lock_guard lock(mutex_);
  if (end_) *end_ = nullptr;
  end_.reset();
}

void SessionEnd::ask() {
  const std::lock_guard lock(mutex_);
  if (std::exchange(asked_, true)) return;
  if (end_) post();
}

bool SessionEnd::asked() const {
  const std::lock_guard lock(mutex_);
  return asked_;
}

void SessionEnd::post() const {
  boost::asio::post(executor_, [end = end_] {
    if (const auto last = std::exchange(*end, nullptr)) last();
  });
}

}  // namespace edge::server
