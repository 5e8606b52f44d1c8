#include "agent/forward_listeners.hpp"

#include <boost/asio/ip/v6_only.hpp>

#include "agent/forward_pump.hpp"

namespace edge::agent {
namespace {

using net::asio::ip::tcp;

constexpr milliseconds kPause{100};  // after an accept that failed: descriptors may come back

net::error_code open(tcp::acceptor& acceptor, const tcp::endpoint& at) {
  net::error_code error;
  acceptor.open(at.protocol(), error);
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error && at.address().is_v6()) {
    acceptor.set_option(net::asio::ip::v6_only(true), error);
  }
  if (!error) acceptor.bind(at, error);
  if (!error) acceptor.listen(net::asio::socket_base::max_listen_connections, error);
  return error;
}

// Of a kind that this node does not have.
bool is_absent(const net::error_code& error) {
  return error == net::asio::error::address_family_not_supported ||
         error == boost::system::errc::address_not_available;
}

}  // namespace

ForwardListeners::ForwardListeners(net::asio::any_io_executor executor, ForwardBudget& budget,
                                   Open open)
    : executor_(executor), budget_(budget), open_(std::move(open)), tasks_(executor) {}

Result<std::uint16_t> ForwardListeners::listen(const std::string& asked,
                                               const std::vector<std::string>& addresses,
                                               std::uint16_t port) {
  if (listeners_.size() >= kMost) {
    return fail(Errc::unavailable, "a session has at most " + std::to_string(kMost) + " listeners");
  }
  std::vector<std::shared_ptr<Acceptor>> opened;
  net::error_code absent;
  for (const auto& text : addresses) {
    net::error_code error;
    const auto address = net::asio::ip::make_address(text, error);
    auto acceptor = std::make_shared<Acceptor>(executor_);
    if (!error) error = open(*acceptor, tcp::endpoint(address, port));
    if (is_absent(error)) {
      absent = error;
      continue;
    }
    // All of them or none: the other half might be somebody else's.
    if (error) {
      return fail(Errc::unavailable,
                  "cannot listen on " + format_host_port({text, port}) + ": " + error.message());
    }
    if (port == 0) port = acceptor->local_endpoint(error).port();
    opened.push_back(std::move(acceptor));
  }
  if (opened.empty()) return fail(Errc::unavailable, "cannot listen: " + absent.message());
  const Name name{asked, port};
  for (const auto& acceptor : opened) tasks_.spawn("forward.accept", accept(acceptor, name));
  listeners_[name] = std::move(opened);
  return port;
}

bool ForwardListeners::end(const std::string& asked, std::uint16_t port) {
  const auto found = listeners_.find({asked, port});
  if (found == listeners_.end()) return false;
  for (const auto& acceptor : found->second) {
    net::error_code ignored;
    acceptor->close(ignored);
  }
  listeners_.erase(found);
  return true;
}

net::Task<> ForwardListeners::join() {
  while (!listeners_.empty()) {
    const auto name = listeners_.begin()->first;
    end(name.first, name.second);
  }
  co_await tasks_.join();
}

net::Task<> ForwardListeners::accept(std::shared_ptr<Acceptor> acceptor, Name name) {
  while (acceptor->is_open()) {
    tcp::socket socket(executor_);
    auto [error] = co_await acceptor->async_accept(socket, net::as_values);
    if (!error) {
      tasks_.spawn("forward.carry", carry(std::move(socket), name));
    } else if (acceptor->is_open()) {
      co_await net::sleep(kPause);
    }
  }
}

net::Task<> ForwardListeners::carry(tcp::socket accepted, Name name) {
  net::error_code error;
  const auto from = accepted.remote_endpoint(error);
  const auto place = budget_.take();
  if (error || !place) co_return;  // gone already, or one too many
  net::Socket socket(std::move(accepted));
  net::set_no_delay(socket);
  const HostPort source{net::text_of(from.address()), from.port()};
  auto stream = co_await open_(name.first, name.second, source);
  if (!stream) co_return;
  co_await pump_forward(std::move(socket), std::move(*stream), place);
}

}  // namespace edge::agent
