// Both ends of one lasting stream, and the carriers between them, to be cut and connected again.
#pragma once

#include "net_drive.hpp"
#include "resume/handshake.hpp"
#include "resume/lasting_stream.hpp"
#include "ssh/key.hpp"

namespace edge::resume::test {

using namespace net::test;
using net::Task;

inline Keys keys_of(const ssh::Key& own, const ssh::Key& other) {
  return {"3a6d603a1ddcabcb", own.seed(), other.public_bytes()};
}

struct Pair {
  explicit Pair(const net::asio::any_io_executor& the_executor)
      : executor(the_executor),
        tasks(the_executor),
        near(std::make_shared<LastingStream>(the_executor)),
        far(std::make_shared<LastingStream>(the_executor)) {
    auto session = ssh::Key::generate(), host = ssh::Key::generate();
    REQUIRE(session.has_value());
    REQUIRE(host.has_value());
    near_keys = keys_of(*session, *host);
    far_keys = keys_of(*host, *session);
  }

  void connect() {
    auto ends = connected(executor);
    near_carrier = std::shared_ptr<net::Stream>(std::move(ends.near));
    far_carrier = std::shared_ptr<net::Stream>(std::move(ends.far));
    tasks.spawn("near", near->carry(near_carrier, std::nullopt));
    tasks.spawn("far", far->carry(far_carrier, std::nullopt));
  }
  // The far end may still hold the old carrier for alive, as a node behind a silent network does.
  Task<> reconnect() {
    near_carrier->close();
    auto ends = connected(executor);
    Result<Resumed> by_node = fail(Errc::failure, "");
    net::TaskGroup node(executor);
    node.spawn("node", resume_far(std::move(ends.far), by_node));
    auto by_operator = co_await resume_as_operator(std::move(ends.near), *near, near_keys, kLong);
    co_await node.join();
    REQUIRE(by_operator.has_value());
    REQUIRE(by_node.has_value());
    near_carrier = by_operator->carrier;
    far_carrier = by_node->carrier;
    tasks.spawn("near", near->carry(by_operator->carrier, by_operator->counts));
    tasks.spawn("far", far->carry(by_node->carrier, by_node->counts));
  }
  Task<> resume_far(std::unique_ptr<net::Stream> carrier, Result<Resumed>& resumed) {
    resumed = co_await resume_as_node(std::move(carrier), *far, far_keys, kLong);
  }
  Task<> end() {
    co_await near->say_bye();
    co_await far->say_bye();
    co_await tasks.join();
  }

  net::asio::any_io_executor executor;
  net::TaskGroup tasks;
  std::shared_ptr<LastingStream> near, far;
  std::shared_ptr<net::Stream> near_carrier, far_carrier;
  Keys near_keys, far_keys;
};

}  // namespace edge::resume::test
