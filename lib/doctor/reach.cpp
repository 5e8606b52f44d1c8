#include "doctor/reach.hpp"

#include <algorithm>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <thread>

#include "net/deadline.hpp"
#include "net/notify.hpp"
#include "ssh/host_key_look.hpp"

namespace edge::doctor {
namespace {

using net::asio::ip::tcp;

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

// This node has no way to addresses of that kind at all, as where IPv6 is not set up.
bool is_no_way(net::error_code error) {
  return error == net::asio::error::network_unreachable ||
         error == net::asio::error::address_family_not_supported ||
         error == net::error_code(EADDRNOTAVAIL, boost::system::system_category());
}

struct LookUp {
  bool done = false;
  net::error_code error;
  Reach::Addresses found;
};

// A thread for each: net::look_up's are answered one after the other, and one that a dead name
// server holds up would let the next name fail, too. Whoever runs the loop does not wait for it.
net::Task<LookUp> look_up(HostPort target, milliseconds deadline) {
  const auto executor = co_await net::asio::this_coro::executor;
  auto bell = std::make_shared<net::Notify>(executor);
  auto state = std::make_shared<LookUp>();
  auto ask = [bell, state, target, guard = net::asio::make_work_guard(executor)] {
    net::asio::io_context own;
    LookUp answer;
    const auto results =
        tcp::resolver(own).resolve(target.host, std::to_string(target.port), answer.error);
    for (const auto& entry : results) answer.found.push_back(entry.endpoint());
    answer.done = true;
    net::asio::post(guard.get_executor(), [bell, state, answer] {
      *state = answer;
      bell->ring();
    });
  };
  std::thread(std::move(ask)).detach();
  co_await bell->wait(deadline);
  co_return *state;
}

}  // namespace

struct Reach::Attempt {
  net::error_code error;
  bool late = false;
  std::optional<net::Socket> socket;
};

net::Task<std::optional<net::Socket>> Reach::connect() {
  std::optional<net::Socket> socket;
  const auto* const proxy = dial_.proxies ? dial_.proxies->proxy_for(target_) : nullptr;
  if (proxy) {
    auto name_of_it = proxy_name(*proxy);
    socket = co_await through(std::move(name_of_it));
    co_return socket;
  }
  auto addresses = co_await name();
  if (!addresses.empty()) socket = co_await tcp(std::move(addresses));
  co_return socket;
}

net::Task<std::optional<net::Socket>> Reach::through(std::string proxy) {
  report_.begin(port_ + " tcp", format_host_port(target_) + " through " + proxy);
  auto socket = co_await net::dial(target_, each_, dial_);
  if (socket) {
    report_.pass("connected");
    co_return std::move(*socket);
  }
  const bool login = socket.error().code == Errc::not_allowed;
  report_.fail(socket.error().message, login ? advice_.proxy_wants_login : advice_.proxy_fails);
  co_return std::nullopt;
}

net::Task<Reach::Addresses> Reach::name() {
  report_.begin(port_ + " name", target_.host);
  auto answer = co_await look_up(target_, each_);
  if (!answer.done || answer.error) {
    const auto why = answer.done ? answer.error.message() : std::string("no answer in time");
    report_.fail("cannot be resolved: " + why, advice_.no_name);
    co_return Addresses();
  }
  std::vector<std::string> texts;
  for (const auto& address : answer.found) texts.push_back(address.address().to_string());
  report_.pass(joined(texts));
  co_return std::move(answer.found);
}

void Reach::judge(const Attempt& attempt, bool another_works) {
  if (attempt.socket) return report_.pass("connected");
  if (attempt.late) return report_.fail("no answer in time", advice_.silent);
  if (is_no_way(attempt.error) && another_works)
    return report_.skip("no way to such addresses from here; another address works");
  const bool refused = attempt.error == net::asio::error::connection_refused ||
                       attempt.error == net::asio::error::connection_reset;
  report_.fail(attempt.error.message(), refused ? advice_.refused : advice_.no_way);
}

net::Task<std::optional<net::Socket>> Reach::tcp(Addresses addresses) {
  const auto executor = co_await net::asio::this_coro::executor;
  // What has no way from here is judged last: whether that matters depends on the others.
  std::stable_partition(addresses.begin(), addresses.end(),
                        [](const auto& address) { return address.address().is_v4(); });
  std::optional<net::Socket> first;
  for (const auto& address : addresses) {
    report_.begin(port_ + " tcp",
                  format_host_port({address.address().to_string(), address.port()}));
    Attempt attempt;
    net::asio::ip::tcp::socket socket(executor);
    net::Deadline bound(executor, each_, [&] {
      attempt.late = true;
      net::error_code ignored;
      socket.close(ignored);
    });
    socket.open(address.protocol(), attempt.error);
    if (!attempt.error) {
      auto [error] = co_await socket.async_connect(address, net::as_values);
      attempt.error = error;
    }
    if (!attempt.error && !attempt.late) {
      attempt.socket.emplace(executor);
      attempt.socket->assign(net::asio::generic::stream_protocol(address.protocol()),
                             socket.release());
    }
    judge(attempt, first.has_value());
    if (!first && attempt.socket) first = std::move(attempt.socket);
  }
  co_return first;
}

net::Task<std::unique_ptr<net::TlsStream>> Reach::tls(net::Socket socket,
                                                      std::vector<std::string> pins,
                                                      std::string whose) {
  report_.begin(port_ + " tls", format_host_port(target_));
  auto context = net::make_client_context(pins);
  if (!context) {
    report_.fail(context.error().message, advice_.no_tls);
    co_return nullptr;
  }
  auto stream = std::make_unique<net::TlsStream>(std::move(socket), *context);
  auto* const raw = stream.get();
  net::Deadline bound(raw->executor(), each_, [raw] { raw->close(); });
  auto shaken = co_await raw->connect(target_.host);
  if (shaken) {
    report_.pass("TLS 1.3, and the certificate is one that " + whose + " pins");
    co_return stream;
  }
  if (bound.passed()) {
    report_.fail("connected, but no TLS handshake in time", advice_.no_tls);
  } else if (shaken.error().code == Errc::not_allowed) {
    report_.fail(shaken.error().message + "; " + whose + " pins " + joined(pins),
                 advice_.wrong_pin);
  } else {
    report_.fail(shaken.error().message, advice_.no_tls);
  }
  co_return nullptr;
}

net::Task<bool> Reach::ssh(net::Socket socket, std::vector<std::string> host_keys,
                           std::string whose) {
  report_.begin(port_ + " ssh", format_host_port(target_));
  auto look = co_await ssh::look_at_host_key(std::move(socket), each_);
  if (!look) {
    const bool late = look.error().code == Errc::timed_out;
    report_.fail(look.error().message, late ? advice_.silent_ssh : advice_.no_ssh);
    co_return false;
  }
  if (std::find(host_keys.begin(), host_keys.end(), look->fingerprint) == host_keys.end()) {
    report_.fail("host key " + look->fingerprint + "; " + whose + " names " + joined(host_keys),
                 advice_.wrong_host_key);
    co_return false;
  }
  report_.pass(look->banner + ", and the host key is one that " + whose + " names");
  co_return true;
}

}  // namespace edge::doctor
