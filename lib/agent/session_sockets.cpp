#include "agent/session_sockets.hpp"

#include <array>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/this_coro.hpp>

#include "agent/asked_account.hpp"
#include "agent/forward_pump.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "net/deadline.hpp"

namespace edge::agent {
namespace {

using wire::SocketAsk;
using Local = net::asio::local::stream_protocol;

constexpr milliseconds kQuestion{20'000};
constexpr milliseconds kPause{100};  // after an accept that failed: descriptors may come back
constexpr milliseconds kAgain{50};   // for a socket that too many wait for
constexpr int kTries = 40;

Error no_place() {
  return fail(Errc::unavailable, "this node has as many forwards as it takes");
}

net::Task<Result<SocketAsk>> read_question(ssh::ShellChannel& channel) {
  auto& stream = channel.stream();
  net::Deadline bound(stream.executor(), kQuestion, [&stream] { stream.close(); });
  std::string bytes;
  std::array<char, 1'024> buffer;
  for (;;) {
    const auto room = net::asio::buffer(buffer);
    const auto read = co_await stream.read_some(room);
    if (read.error) co_return fail(Errc::unreachable, "no question came");
    bytes.append(buffer.data(), read.size);
    auto ask = wire::parse_socket_ask(bytes);
    if (!ask) co_return ask.error();
    if (*ask && (*ask)->verb == SocketAsk::Verb::end)
      co_return fail(Errc::usage, "an unknown question for a socket");
    if (*ask) co_return std::move(**ask);
  }
}

net::Task<bool> answer(ssh::ShellChannel& channel, Result<void> said) {
  const auto text = wire::print_socket_answer(said);
  const auto bytes = net::asio::buffer(text);
  const auto failed = co_await channel.stream().write(bytes);
  co_return !failed;
}

// The channel as the stream of one that outlives its order.
std::shared_ptr<net::Stream> stream_of(const std::shared_ptr<ssh::ShellChannel>& channel) {
  return {channel, &channel->stream()};
}

}  // namespace

SessionSockets::SessionSockets(net::asio::any_io_executor executor,
                               const config::AgentConfig& config, ForwardBudget& budget,
                               std::string program, std::string session, bool needs_pam)
    : executor_(executor),
      config_(config),
      budget_(budget),
      program_(std::move(program)),
      session_(std::move(session)),
      needs_pam_(needs_pam) {}

net::Task<> SessionSockets::run(Channel channel) {
  auto ask = co_await read_question(*channel);
  if (!ask) {
    co_await refuse(channel, "", ask.error());
    co_return;
  }
  auto place = budget_.take();
  Result<Descriptor> opened = no_place();
  if (place) {
    auto answered = co_await open(channel, *ask);
    opened = std::move(answered);
  }
  if (!opened) {
    co_await refuse(channel, ask->path, opened.error());
    co_return;
  }
  const Result<void> yes;
  const bool told = co_await answer(*channel, yes);
  if (ask->verb == SocketAsk::Verb::listen) {
    co_await hold_listener(channel, ask->path, std::move(*opened));
  } else if (told) {
    auto socket = net::adopt_socket(executor_, opened->release());
    co_await pump_forward(std::move(socket), stream_of(channel), std::move(place));
  }
}

// A backlog that is full is so for a moment, as a rule.
net::Task<Result<Descriptor>> SessionSockets::open(const Channel& channel, SocketAsk ask) {
  const auto account = asked_account(channel->order().account);
  if (auto may = may_ask_for(config_, account); !may) co_return may.error();
  if (!keeper_) {
    SessionRequest request;
    request.session = session_;
    request.account = account;
    request.needs_pam = needs_pam_;
    request.sockets = SocketRules{config_.allow_targets, config_.allow_listen};
    keeper_ = std::make_unique<SocketKeeper>(executor_, program_, std::move(request));
  }
  for (int tries = 1;; ++tries) {
    auto opened = co_await keeper_->open(ask);
    if (opened || opened.error().code != Errc::unavailable || tries == kTries) co_return opened;
    const bool go_on = co_await net::sleep(kAgain);
    if (!go_on) co_return opened;
  }
}

net::Task<> SessionSockets::refuse(Channel channel, std::string path, Error reason) {
  log::warning("session.forward-refused", {{"session", session_},
                                           {"account", printable(channel->order().account, 64)},
                                           {"target", "unix:" + printable(path)},
                                           {"reason", printable(reason.message)}});
  const Result<void> no = reason;
  co_await answer(*channel, no);
  const ssh::ShellEnd end{1, "", false, ""};
  co_await channel->finish(end);
}

// Who has connected stays connected, for as long as the session.
net::Task<> SessionSockets::hold_listener(Channel channel, std::string path, Descriptor listener) {
  auto acceptor = std::make_shared<Local::acceptor>(executor_);
  net::error_code error;
  acceptor->assign(Local(), listener.get(), error);
  if (error) co_return;
  listener.release();
  log::info("session.listen", {{"session", session_},
                               {"account", printable(channel->order().account, 64)},
                               {"address", "unix:" + printable(path)}});
  net::TaskGroup accepting(executor_), connections(executor_);
  accepting.spawn("socket.accept", accept(acceptor, path, connections));
  co_await channel->closed();
  acceptor->close(error);
  keeper_->end_listener(path);
  co_await accepting.join();
  co_await connections.join();
}

net::Task<> SessionSockets::accept(std::shared_ptr<Local::acceptor> acceptor, std::string path,
                                   net::TaskGroup& connections) {
  while (acceptor->is_open()) {
    Local::socket socket(executor_);
    auto [error] = co_await acceptor->async_accept(socket, net::as_values);
    if (error == net::asio::error::operation_aborted) co_return;
    auto place = error ? nullptr : budget_.take();
    if (place) {
      connections.spawn("socket.carry",
                        carry_to_operator(net::Socket(std::move(socket)), path, std::move(place)));
    } else if (error) {
      const bool go_on = co_await net::sleep(kPause);
      if (!go_on) co_return;
    }
  }
}

net::Task<> SessionSockets::carry_to_operator(net::Socket socket, std::string path,
                                              ForwardBudget::Place place) {
  HostPort nobody;
  auto opened = co_await server_->open_forwarded(std::move(path), 0, std::move(nobody));
  if (!opened) co_return;  // who connected sees the connection end
  std::shared_ptr<net::Stream> far = std::move(*opened);
  co_await pump_forward(std::move(socket), std::move(far), std::move(place));
}

}  // namespace edge::agent
