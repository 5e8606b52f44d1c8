#include "agent/poll_link.hpp"

#include "base/address.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "crypto/keys.hpp"
#include "net/deadline.hpp"
#include "wire/check_in.hpp"

namespace edge::agent {
namespace {

// A kept connection that was closed while nobody looked says so within a round trip. What was
// waited for longer was under way, and is the caller's to ask again.
constexpr milliseconds kStale{1'000};

}  // namespace

PollLink::PollLink(const Identity& identity, std::uint64_t counter, milliseconds connect_deadline,
                   PollLinkOptions options)
    : identity_(identity),
      counter_(counter),
      connect_deadline_(connect_deadline),
      options_(std::move(options)),
      sessions_(identity.urls.size()) {
  if (!options_.contexts) options_.contexts = std::make_shared<net::ClientContexts>();
  if (!identity.key.empty()) use_key(identity.key);
}

void PollLink::use_key(const Secret& key) {
  mac_key_ = crypto::derive_purpose_key(key, "mac");
}

void PollLink::close() {
  if (stream_) stream_->close();
  reader_.reset();
  stream_.reset();
}

void PollLink::stop() {
  stopped_ = true;
  if (stream_) stream_->close();  // closed only: ask() is suspended in it, and lets go of it itself
}

net::Task<Result<void>> PollLink::connect() {
  auto url = parse_https_url(identity_.urls[url_index_]);
  if (!url) co_return url.error();
  auto context = options_.contexts->get(identity_.pins);
  if (!context) co_return context.error();
  const auto where = format_host_port(url->address);
  auto socket = co_await net::dial(url->address, connect_deadline_, options_.dial);
  if (!socket) co_return socket.error();
  if (stopped_) co_return fail(Errc::unavailable, "stopping");
  auto way = net::local_address(*socket) + " to " + where;
  auto stream = std::make_unique<net::TlsStream>(std::move(*socket), *context);
  net::Deadline bound(stream->executor(), connect_deadline_,
                      [raw = stream.get()] { raw->close(); });
  auto shaken = co_await stream->connect(url->address.host, &sessions_[url_index_]);
  if (bound.passed())
    co_return fail(Errc::timed_out, "no TLS handshake with " + where + " in time");
  if (!shaken) {
    if (shaken.error().code == Errc::not_allowed) {
      options_.contexts->forget(identity_.pins);
      co_return fail(Errc::not_allowed,
                     where + ": " + shaken.error().message + ", and the join token pins another",
                     "a server with new keys, or somebody in between; never overridden here: get a "
                     "new join token");
    }
    co_return fail(shaken.error().code, where + ": " + shaken.error().message);
  }
  if (stopped_) co_return fail(Errc::unavailable, "stopping");
  way_ = std::move(way);
  ++handshakes_.made;
  if (stream->resumed()) ++handshakes_.resumed;
  log::debug("poll.connected", {{"server", where}, {"resumed", stream->resumed() ? "yes" : "no"}});
  stream_ = std::move(stream);
  reader_ = std::make_unique<net::HttpReader>(*stream_);
  co_return Result<void>{};
}

net::Task<Result<net::Response>> PollLink::ask(net::Request request, milliseconds answer_deadline) {
  auto response = co_await send(std::move(request), answer_deadline, /*as_instance=*/false);
  co_return response;
}

net::Task<Result<net::Response>> PollLink::ask_as_instance(net::Request request,
                                                           milliseconds answer_deadline) {
  for (;;) {
    const bool by_ticket = !ticket_.empty();
    auto response = co_await send(request, answer_deadline, /*as_instance=*/true);
    if (!response) co_return response;
    if (response->status == 401 && by_ticket) {
      ticket_.clear();
      continue;
    }
    if (const auto fresh = net::find_header(response->headers, "Edge-Ticket"); !fresh.empty()) {
      ticket_ = std::string(fresh.substr(0, 64));
      ++tickets_;
    }
    co_return response;
  }
}

net::Task<Result<PollLink::Upgraded>> PollLink::upgrade_as_instance(net::Request request,
                                                                    milliseconds answer_deadline) {
  const auto what = request.target;
  auto response = co_await ask_as_instance(std::move(request), answer_deadline);
  if (!response) co_return response.error();
  if (response->status != 101 || !stream_) {
    co_return fail(Errc::unreachable,
                   url() + " answers " + what + " with " + std::to_string(response->status) +
                       ": an older edged, or something on the way that knows no Upgrade");
  }
  Upgraded upgraded;
  upgraded.descriptor = stream_->socket().native_handle();
  upgraded.stream = net::with_rest(std::move(stream_), reader_->take_rest());
  reader_.reset();
  stream_.reset();
  co_return upgraded;
}

net::Task<Result<net::Response>> PollLink::send(net::Request request, milliseconds answer_deadline,
                                                bool as_instance) {
  for (int attempt = 0;; ++attempt) {
    waited_ = milliseconds{0};
    if (stopped_) co_return fail(Errc::unavailable, "stopping");
    if (moves_on_) go_on();
    const bool fresh = stream_ == nullptr;
    if (fresh) {
      auto connected = co_await connect();
      if (!connected) {
        try_next_url();
        co_return connected.error();
      }
    }
    net::HttpLimits limits;
    limits.idle = answer_deadline;
    auto sent = request;
    sent.headers.emplace_back("Host", "edge");
    // For each attempt anew: a counter is used up by what may have arrived.
    if (as_instance) sent.headers.emplace_back("Authorization", authorization(request));
    const auto sent_at = std::chrono::steady_clock::now();
    const auto failed = co_await net::write_request(*stream_, std::move(sent));
    Result<net::Response> response = fail(Errc::unreachable, "the connection was lost");
    if (!failed) response = co_await reader_->response(limits);
    waited_ = std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - sent_at);
    if (response) {
      if (!response->keep_alive && response->status != 101) close();
      co_return response;
    }
    close();
    // A kept connection may have been closed by the other side while nobody looked: once more on a
    // new one.
    const auto error = response.error();
    const bool lost = !stopped_ && !fresh && error.code == Errc::unreachable && waited_ < kStale;
    if (lost && attempt == 0) continue;
    co_return fail(
        error.code,
        url() + ": " + (error.message.empty() ? "closed the connection" : error.message));
  }
}

void PollLink::go_on() {
  close();
  moves_on_ = false;
  url_index_ = (url_index_ + 1) % identity_.urls.size();
}

std::string PollLink::authorization(const net::Request& request) {
  if (!ticket_.empty()) return "Edge " + ticket_;
  const auto rest = wire::print_rest(identity_.endpoint, identity_.instance, ++counter_);
  return "Edge " + rest + "." +
         crypto::check_in_mac(mac_key_, request.method, request.target, rest);
}

}  // namespace edge::agent
