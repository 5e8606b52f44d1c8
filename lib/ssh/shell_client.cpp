#include "ssh/shell_client.hpp"

#include <boost/asio/this_coro.hpp>

#include "net/deadline.hpp"
#include "ssh/channel.hpp"
#include "ssh/client_options.hpp"
#include "ssh/session.hpp"

namespace edge::ssh {
namespace {
constexpr std::size_t kAskers = 32;  // of an ssh-agent, at once
}

struct ShellClient::Part {
  std::shared_ptr<Session> session;
  std::unique_ptr<Channel> channel;
  bool late = false;
  // Agent forwarding: channels that the far side opens.
  std::function<void(std::unique_ptr<net::Stream>)> on_agent;
  std::vector<std::unique_ptr<Channel>> askers;  // not handed out yet
  ssh_callbacks_struct callbacks{};

  static ssh_channel on_asker(ssh_session raw, void* user) noexcept {
    auto& part = *static_cast<Part*>(user);
    if (!part.on_agent || part.session->channel_count() >= kAskers) return nullptr;
    ssh_channel asker = ssh_channel_new(raw);
    if (asker == nullptr) return nullptr;
    part.askers.push_back(std::make_unique<Channel>(part.session, asker));
    part.session->moved();
    return asker;
  }
  void hand_out() {
    for (auto& asker : std::exchange(askers, {})) on_agent(std::move(asker));
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

net::Task<bool> request_environment(std::shared_ptr<Session> session, Channel& channel,
                                    const ShellTarget& target) {
  for (const auto& [name, value] : target.environment) {
    // A refused variable is no failure, as with ssh.
    co_await session->call([&] {
      return channel.raw() ? ssh_channel_request_env(channel.raw(), name.c_str(), value.c_str())
                           : SSH_ERROR;
    });
  }
  co_return session->alive();
}

// Refused by the far side it is no failure, as with ssh.
net::Task<> forward_agent(std::shared_ptr<ShellClient::Part> part, const ShellTarget& target) {
  part->on_agent = target.on_agent;
  part->callbacks.userdata = part.get();
  part->callbacks.channel_open_request_auth_agent_function = ShellClient::Part::on_asker;
  ssh_callbacks_init(&part->callbacks);
  ssh_set_callbacks(part->session->raw(), &part->callbacks);
  part->session->after_turn = [weak = std::weak_ptr(part)] {
    if (const auto owner = weak.lock()) owner->hand_out();
  };
  auto channel = part->channel->raw();
  co_await part->session->call([channel] { return ssh_channel_request_auth_agent(channel); });
}

}  // namespace

ShellClient::ShellClient(std::shared_ptr<Part> part) : part_(std::move(part)) {}
ShellClient::~ShellClient() {
  part_->session->after_turn = nullptr;
  part_->on_agent = nullptr;
  part_->askers.clear();
  close();
}

net::Task<Result<std::unique_ptr<ShellClient>>> ShellClient::open(int descriptor, const Key& key,
                                                                  ShellTarget target,
                                                                  milliseconds deadline) {
  const auto executor = co_await net::asio::this_coro::executor;
  auto part = std::make_shared<Part>();
  auto raw = make_client(descriptor, target.account, kServerCiphers);
  auto* session = raw.get();
  part->session =
      std::make_shared<Session>(executor, std::move(raw), descriptor, Session::Side::client);
  std::unique_ptr<ShellClient> client(new ShellClient(part));
  net::Deadline bound(executor, deadline, [part] {
    part->late = true;
    part->session->close();
  });
  auto& pump = *part->session;

  int rc = ssh_connect(session);
  keep_non_blocking(descriptor);
  if (rc == SSH_ERROR || !pump.start()) co_return lost(pump, "connecting", part->late);
  if (rc == SSH_AGAIN) rc = co_await pump.call([&] { return ssh_connect(session); });
  if (rc != SSH_OK) co_return lost(pump, "shaking hands", part->late);
  if (auto same = co_await check_host_key(pump, target.host_key); !same) co_return same.error();

  rc = co_await pump.call(
      [&] { return again_or(ssh_userauth_publickey(session, nullptr, key.raw())); });
  if (rc != SSH_AUTH_SUCCESS) co_return lost(pump, "logging in", part->late);

  ssh_channel channel = ssh_channel_new(session);
  if (channel == nullptr) co_return lost(pump, "opening a channel", part->late);
  part->channel = std::make_unique<Channel>(part->session, channel);
  rc = co_await pump.call([&] { return ssh_channel_open_session(channel); });
  if (rc != SSH_OK) {
    part->channel->refused();
    co_return lost(pump, "opening a channel", part->late);
  }
  if (target.pty) {
    const auto& pty = *target.pty;
    rc = co_await pump.call([&] {
      return ssh_channel_request_pty_size_modes(
          channel, pty.terminal.c_str(), pty.columns, pty.rows,
          reinterpret_cast<const unsigned char*>(target.modes.data()), target.modes.size());
    });
    if (rc != SSH_OK) co_return lost(pump, "asking for a terminal", part->late);
  }
  if (target.on_agent) co_await forward_agent(part, target);
  if (!co_await request_environment(part->session, *part->channel, target))
    co_return lost(pump, "starting", part->late);
  rc = co_await pump.call([&] {
    return target.command.empty() ? ssh_channel_request_shell(channel)
                                  : ssh_channel_request_exec(channel, target.command.c_str());
  });
  if (rc != SSH_OK) co_return lost(pump, "starting the command", part->late);
  co_return client;
}

net::Stream& ShellClient::stream() {
  return *part_->channel;
}

net::Task<net::Read> ShellClient::read_error(net::asio::mutable_buffer buffer) {
  return part_->channel->read_error(buffer);
}

net::Task<> ShellClient::resize(int columns, int rows) {
  auto part = part_;
  co_await part->session->call([&] {
    return part->channel->raw() ? ssh_channel_change_pty_size(part->channel->raw(), columns, rows)
                                : SSH_ERROR;
  });
}

net::Task<> ShellClient::send_signal(std::string name) {
  auto part = part_;
  co_await part->session->call([&] {
    return part->channel->raw()
               ? ssh_channel_request_send_signal(part->channel->raw(), name.c_str())
               : SSH_ERROR;
  });
}

net::Task<std::optional<ShellEnd>> ShellClient::end() {
  auto part = part_;
  co_await part->channel->closed();
  const auto& exit = part->channel->exit();
  if (!exit.status && exit.signal.empty()) co_return std::nullopt;
  co_return ShellEnd{exit.status.value_or(0), exit.signal, exit.core_dumped, exit.message};
}

void ShellClient::close() noexcept {
  if (part_->channel) part_->channel->close();
  part_->session->close();
}

}  // namespace edge::ssh
