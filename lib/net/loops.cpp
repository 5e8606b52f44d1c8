#include "net/loops.hpp"

namespace edge::net {

Loops::Loops(std::size_t count) {
  // Concurrency hint 1: exactly one thread runs each, though others may post.
  for (std::size_t i = 0; i < count; ++i) {
    contexts_.push_back(std::make_unique<boost::asio::io_context>(1));
  }
}

Loops::~Loops() {
  stop();
  for (auto& thread : threads_) thread.join();
}

void Loops::run() {
  for (std::size_t i = 1; i < contexts_.size(); ++i) {
    threads_.emplace_back([context = contexts_[i].get()] { context->run(); });
  }
  contexts_[0]->run();
  for (auto& thread : threads_) thread.join();
  threads_.clear();
}

void Loops::stop() {
  for (auto& context : contexts_) context->stop();
}

}  // namespace edge::net
