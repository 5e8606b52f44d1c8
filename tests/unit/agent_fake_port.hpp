// A poll port of a script, for the tests of who speaks to it.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <functional>

#include "agent/poll_link.hpp"
#include "crypto/certificate.hpp"
#include "net_drive.hpp"

namespace edge::agent::test {

using namespace net::test;  // NOLINT: drive
using net::Request;
using net::Response;
using net::Task;
using net::asio::ip::tcp;

// A poll port that answers from a script, one connection after the other.
struct FakePort {
  explicit FakePort(boost::asio::io_context& loop)
      : acceptor(loop, tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0)) {}
  tcp::acceptor acceptor;
  crypto::TlsIdentity tls = *crypto::make_tls_identity({"localhost"});
  // Status 0: closes without an answer; -1: says nothing. A header after-ms: so much later.
  std::vector<Response> script;
  std::vector<Request> seen;
  std::vector<std::string> peers;  // addresses that connected
  std::function<void()> on_end;    // the script is at its end
  int connections = 0;
  std::shared_ptr<net::TicketRing> tickets = std::make_shared<net::TicketRing>(
      crypto::TicketKeys().with(crypto::make_ticket_key(WallTime{}), WallTime{}));

  std::string pin() const { return *crypto::pin_of_certificate(tls.certificate_pem); }
  std::string url(const std::string& host = "127.0.0.1") const {
    return "https://" + host + ":" + std::to_string(acceptor.local_endpoint().port());
  }
  std::vector<std::string> authorizations() const {
    std::vector<std::string> all;
    for (const auto& request : seen)
      all.emplace_back(net::find_header(request.headers, "Authorization"));
    return all;
  }
};

inline Response answer(int status, net::Headers headers = {}) {
  Response response;
  response.status = status;
  response.headers = std::move(headers);
  return response;
}

inline Task<> serve_one(FakePort& port, net::TlsStream& stream) {
  auto shaken = co_await stream.accept();
  if (!shaken) co_return;
  net::HttpReader reader(stream);
  const net::HttpLimits limits;
  for (;;) {
    auto request = co_await reader.request(limits);
    if (!request) co_return;
    port.seen.push_back(std::move(*request));
    auto response = port.script.empty() ? answer(0) : port.script.front();
    if (!port.script.empty()) port.script.erase(port.script.begin());
    if (port.script.empty() && port.on_end) port.on_end();
    const std::string later(net::find_header(response.headers, "after-ms"));
    if (!later.empty()) co_await net::sleep(milliseconds(std::stoi(later)));
    if (response.status == 0) co_return;
    if (response.status < 0) continue;
    const bool keep =
        response.keep_alive && response.status != 299;  // 299: leaves without a word after it
    co_await net::write_response(stream, std::move(response));
    if (!keep) co_return;
  }
}

inline Task<> serve(FakePort& port) {
  auto context = net::make_server_context(port.tls.certificate_pem, port.tls.key_pem, port.tickets);
  REQUIRE(context);
  for (;;) {
    auto [error, socket] = co_await port.acceptor.async_accept(net::as_values);
    if (error) co_return;
    ++port.connections;
    net::Socket accepted(std::move(socket));
    port.peers.push_back(net::peer_address(accepted));
    net::TlsStream stream(std::move(accepted), *context);
    co_await serve_one(port, stream);
  }
}

inline Identity identity_for(const FakePort& port) {
  Identity identity;
  identity.endpoint = EndpointId{std::string(32, 'e')};
  identity.instance = InstanceId{std::string(16, 'a')};
  identity.urls = {port.url()};
  identity.pins = {port.pin()};
  identity.key = Secret(std::string(32, 'k'));
  return identity;
}

inline Request get(std::string target = "/v1/check-in") {
  Request request;
  request.method = "GET";
  request.target = std::move(target);
  return request;
}

}  // namespace edge::agent::test
