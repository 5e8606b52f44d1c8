#include "ssh/client.hpp"

#include <boost/asio/this_coro.hpp>
#include <map>

#include "net/deadline.hpp"
#include "ssh/channel.hpp"
#include "ssh/client_options.hpp"
#include "ssh/session.hpp"

namespace edge::ssh {
namespace {
// Channels at once that the far side has opened: who asks for an ssh-agent, who has connected to a
// listener.
constexpr std::size_t kArrivals = 256;
}  // namespace

struct Client::Part {
  std::shared_ptr<Session> session;
  OnStream on_agent;
  std::map<std::pair<std::string, int>, OnStream> listeners;  // by address and port, as asked for
  struct Arrival {
    std::unique_ptr<Channel> channel;
    OnStream taker;
  };
  std::vector<Arrival> arrivals;  // made inside of a callback, handed out after the turn
  ssh_callbacks_struct callbacks{};

  ssh_channel arrive(ssh_session raw, const OnStream& taker) noexcept {
    if (!taker || session->channel_count() >= kArrivals) return nullptr;
    ssh_channel channel = ssh_channel_new(raw);
    if (channel == nullptr) return nullptr;
    arrivals.push_back({std::make_unique<Channel>(session, channel), taker});
    session->moved();
    return channel;
  }
  static ssh_channel on_asker(ssh_session raw, void* user) noexcept {
    auto& part = *static_cast<Part*>(user);
    return part.arrive(raw, part.on_agent);
  }
  static ssh_channel on_connection(ssh_session raw, const char* address, int port, const char*, int,
                                   void* user) noexcept {
    auto& part = *static_cast<Part*>(user);
    const auto listener = part.listeners.find({address ? address : "", port});
    if (listener == part.listeners.end()) return nullptr;  // nobody asked for it
    return part.arrive(raw, listener->second);
  }
  void hand_out() {
    for (auto& arrival : std::exchange(arrivals, {})) arrival.taker(std::move(arrival.channel));
  }
  void listen_to_libssh() {
    callbacks.userdata = this;
    callbacks.channel_open_request_auth_agent_function = on_asker;
    callbacks.channel_open_request_forwarded_tcpip_function = on_connection;
    ssh_callbacks_init(&callbacks);
    ssh_set_callbacks(session->raw(), &callbacks);
  }
};

namespace {

Error lost(Session& session, const std::string& step, bool late) {
  if (late) return fail(Errc::timed_out, "no answer in time while " + step);
  std::string words = session.reason();
  if (words.empty() || words == "closed") words = ssh_get_error(session.raw());
  session.close();
  return fail(Errc::failure,
              "the session ended while " + step + (words.empty() ? "" : ": " + words));
}

net::Task<Result<void>> check_host_key(Session& session, std::string expected) {
  ssh_key raw = nullptr;
  if (ssh_get_server_publickey(session.raw(), &raw) != SSH_OK)
    co_return lost(session, "reading the host key", false);
  const Key seen(raw);
  auto known = Key::from_public_line(expected);
  if (known && known->same_public(seen)) co_return Result<void>{};
  const auto shown = seen.fingerprint();
  session.close();
  co_return fail(Errc::not_allowed,
                 "the far side shows another host key than the pinned one (" + shown + ")");
}

// What may be refused and is no failure then, as with ssh.
net::Task<> ask_for_extras(std::shared_ptr<Session> session, Channel& channel,
                           const CommandOrder& order) {
  if (order.forward_agent) {
    co_await session->call(
        [&] { return channel.raw() ? ssh_channel_request_auth_agent(channel.raw()) : SSH_ERROR; });
  }
  for (const auto& [name, value] : order.environment) {
    co_await session->call([&] {
      return channel.raw() ? ssh_channel_request_env(channel.raw(), name.c_str(), value.c_str())
                           : SSH_ERROR;
    });
  }
}

net::Task<int> ask_for_terminal(std::shared_ptr<Session> session, Channel& channel,
                                const CommandOrder& order) {
  const auto& pty = *order.pty;
  const int rc = co_await session->call([&] {
    if (channel.raw() == nullptr) return SSH_ERROR;
    return ssh_channel_request_pty_size_modes(
        channel.raw(), pty.terminal.c_str(), pty.columns, pty.rows,
        reinterpret_cast<const unsigned char*>(order.modes.data()), order.modes.size());
  });
  co_return rc;
}

net::Task<int> start(std::shared_ptr<Session> session, Channel& channel,
                     const CommandOrder& order) {
  const int rc = co_await session->call([&] {
    ssh_channel raw = channel.raw();
    if (raw == nullptr) return SSH_ERROR;
    if (!order.subsystem.empty())
      return ssh_channel_request_subsystem(raw, order.subsystem.c_str());
    return order.command.empty() ? ssh_channel_request_shell(raw)
                                 : ssh_channel_request_exec(raw, order.command.c_str());
  });
  co_return rc;
}

}  // namespace

Client::Client(std::shared_ptr<Part> part) : part_(std::move(part)) {}

Client::~Client() {
  part_->session->after_turn = nullptr;
  part_->on_agent = nullptr;
  part_->listeners.clear();
  part_->arrivals.clear();
  close();
}

net::Task<Result<std::unique_ptr<Client>>> Client::open(int descriptor, const Key& key, Login login,
                                                        milliseconds deadline) {
  const auto executor = co_await net::asio::this_coro::executor;
  auto part = std::make_shared<Part>();
  auto raw = make_client(descriptor, login.account, kServerCiphers);
  auto* session = raw.get();
  part->session =
      std::make_shared<Session>(executor, std::move(raw), descriptor, Session::Side::client);
  part->on_agent = std::move(login.on_agent);
  part->listen_to_libssh();
  part->session->after_turn = [weak = std::weak_ptr(part)] {
    if (const auto owner = weak.lock()) owner->hand_out();
  };
  std::unique_ptr<Client> client(new Client(part));
  net::Deadline bound(executor, deadline, [part] { part->session->close(); });
  auto& pump = *part->session;

  int rc = ssh_connect(session);
  keep_non_blocking(descriptor);
  if (rc == SSH_ERROR || !pump.start()) co_return lost(pump, "connecting", bound.passed());
  if (rc == SSH_AGAIN) rc = co_await pump.call([&] { return ssh_connect(session); });
  if (rc != SSH_OK) co_return lost(pump, "shaking hands", bound.passed());
  if (auto same = co_await check_host_key(pump, login.host_key); !same) co_return same.error();
  rc = co_await pump.call(
      [&] { return again_or(ssh_userauth_publickey(session, nullptr, key.raw())); });
  if (rc != SSH_AUTH_SUCCESS) co_return lost(pump, "logging in", bound.passed());
  co_return client;
}

net::Task<Result<std::unique_ptr<RemoteCommand>>> Client::run(CommandOrder order,
                                                              milliseconds deadline) {
  const auto session = part_->session;
  if (!session->alive()) co_return lost(*session, "opening a channel", false);
  net::Deadline bound(session->executor(), deadline, [session] { session->close(); });
  ssh_channel raw = ssh_channel_new(session->raw());
  if (raw == nullptr) co_return lost(*session, "opening a channel", false);
  auto channel = std::make_unique<Channel>(session, raw);
  int rc = co_await session->call(
      [&] { return channel->raw() ? ssh_channel_open_session(channel->raw()) : SSH_ERROR; });
  if (rc != SSH_OK) {
    channel->refused();
    if (session->alive()) co_return fail(Errc::unavailable, "the far side takes no more channels");
    co_return lost(*session, "opening a channel", bound.passed());
  }
  if (order.pty) {
    rc = co_await ask_for_terminal(session, *channel, order);
    if (rc != SSH_OK) co_return lost(*session, "asking for a terminal", bound.passed());
  }
  co_await ask_for_extras(session, *channel, order);
  rc = co_await start(session, *channel, order);
  if (rc != SSH_OK) {
    if (session->alive() && !order.subsystem.empty())
      co_return fail(Errc::not_found, "the far side has no subsystem '" + order.subsystem + "'");
    co_return lost(*session, "starting the command", bound.passed());
  }
  co_return std::unique_ptr<RemoteCommand>(new RemoteCommand(session, std::move(channel)));
}

net::Task<Result<std::unique_ptr<net::Stream>>> Client::connect_to(HostPort target,
                                                                   HostPort source) {
  const auto session = part_->session;
  if (!session->alive()) co_return fail(Errc::unreachable, "the session has ended");
  ssh_channel raw = ssh_channel_new(session->raw());
  if (raw == nullptr) co_return fail(Errc::unavailable, "out of memory");
  auto channel = std::make_unique<Channel>(session, raw);
  const int rc = co_await session->call([&] {
    if (channel->raw() == nullptr) return SSH_ERROR;
    return ssh_channel_open_forward(channel->raw(), target.host.c_str(), target.port,
                                    source.host.c_str(), source.port);
  });
  if (rc == SSH_OK) co_return std::unique_ptr<net::Stream>(std::move(channel));
  const std::string words = ssh_get_error(session->raw());
  channel->refused();
  co_return fail(Errc::unreachable, words.empty() ? "the far side refused it" : words);
}

net::Task<Result<std::uint16_t>> Client::listen(std::string address, std::uint16_t port,
                                                OnStream on_connection) {
  const auto part = part_;
  const auto session = part->session;
  int bound_port = port;
  // Connections may come with the answer.
  if (port != 0) part->listeners[{address, port}] = on_connection;
  const int rc = co_await session->call([&] {
    return ssh_channel_listen_forward(session->raw(), address.c_str(), port, &bound_port);
  });
  if (rc != SSH_OK) {
    part->listeners.erase({address, port});
    co_return fail(session->alive() ? Errc::not_allowed : Errc::unreachable,
                   session->alive() ? "the far side refused to listen" : "the session has ended");
  }
  if (port == 0) part->listeners[{address, bound_port}] = std::move(on_connection);
  co_return static_cast<std::uint16_t>(port == 0 ? bound_port : port);
}

net::Task<> Client::unlisten(std::string address, std::uint16_t port) {
  const auto part = part_;
  const auto session = part->session;
  part->listeners.erase({address, port});
  co_await session->call(
      [&] { return ssh_channel_cancel_forward(session->raw(), address.c_str(), port); });
}

void Client::expect(std::string path, OnStream on_connection) {
  part_->listeners[{std::move(path), 0}] = std::move(on_connection);
}

bool Client::alive() const noexcept {
  return part_->session->alive();
}

const std::string& Client::reason() const noexcept {
  return part_->session->reason();
}

net::Task<> Client::until_dead() {
  const auto session = part_->session;
  co_await session->until_dead();
}

void Client::close() noexcept {
  part_->session->close();
}

}  // namespace edge::ssh
