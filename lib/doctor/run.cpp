#include "doctor/run.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <exception>
#include <memory>
#include <vector>

namespace edge::doctor {

void run(net::Task<> examination) {
  auto loop = std::make_unique<net::asio::io_context>(1);
  std::exception_ptr failed;
  auto done = [&failed, raw = loop.get()](std::exception_ptr failure) {
    failed = failure;
    raw->stop();
  };
  net::asio::co_spawn(*loop, std::move(examination), done);
  loop->run();
  loop->restart();
  loop->poll();
  // What is left is a look-up that was given up: getaddrinfo(3) cannot be interrupted, and the
  // loop's end would wait for it. The program ends in a moment, and it with that.
  if (!loop->stopped()) {
    static auto* const left = new std::vector<std::unique_ptr<net::asio::io_context>>();
    left->push_back(std::move(loop));
  }
  if (failed) std::rethrow_exception(failed);
}

}  // namespace edge::doctor
