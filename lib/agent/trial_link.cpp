#include "agent/trial_link.hpp"

#include "crypto/keys.hpp"
#include "wire/check_in.hpp"

namespace edge::agent {
namespace {

constexpr const char* kTrial = "/v1/trial";

}  // namespace

TrialLink::TrialLink(const Identity& identity, std::uint64_t counter)
    : identity_(identity),
      mac_key_(crypto::derive_purpose_key(identity.key, "mac")),
      counter_(counter) {}

void TrialLink::use(std::unique_ptr<net::TlsStream> stream) {
  reader_.reset();
  stream_ = std::move(stream);
  if (stream_) reader_ = std::make_unique<net::HttpReader>(*stream_);
}

net::Task<Result<net::Response>> TrialLink::ask(std::string method, milliseconds wait,
                                                milliseconds each) {
  net::Request request;
  request.method = std::move(method);
  auto response = co_await send(std::move(request), wait, each);
  if (!response || !response->keep_alive) use(nullptr);
  co_return response;
}

net::Task<Result<PollLink::Upgraded>> TrialLink::upgrade(milliseconds each) {
  net::Request request;
  request.method = "GET";
  request.upgrade = "ssh";
  auto response = co_await send(std::move(request), milliseconds{0}, each);
  if (!response) co_return response.error();
  if (response->status != 101) {
    use(nullptr);
    co_return fail(Errc::unreachable, "answered " + std::to_string(response->status) + ", not 101");
  }
  PollLink::Upgraded upgraded;
  upgraded.descriptor = stream_->socket().native_handle();
  upgraded.stream = net::with_rest(std::move(stream_), reader_->take_rest());
  reader_.reset();
  co_return upgraded;
}

net::Task<Result<net::Response>> TrialLink::send(net::Request request, milliseconds wait,
                                                 milliseconds each) {
  if (!stream_) co_return fail(Errc::unreachable, "the connection was closed");
  const auto rest = wire::print_rest(identity_.endpoint, identity_.instance, ++counter_);
  const auto mac = crypto::check_in_mac(mac_key_, request.method, kTrial, rest);
  request.target = kTrial;
  request.headers = {{"Host", "edge"}, {"Authorization", "Edge " + rest + "." + mac}};
  if (wait.count() > 0) request.headers.emplace_back("Prefer", wire::print_wait(wait));
  const auto failed = co_await net::write_request(*stream_, std::move(request));
  Result<net::Response> response = fail(Errc::unreachable, "the connection was lost");
  net::HttpLimits limits;
  limits.idle = wait + each;
  limits.head_deadline = limits.body_deadline = each;
  if (!failed) response = co_await reader_->response(limits);
  co_return response;
}

}  // namespace edge::agent
