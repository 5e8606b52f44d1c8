#include "ssh/shell_server.hpp"

#include <unistd.h>

#include "net/deadline.hpp"
#include "ssh/forward_channel.hpp"
#include "ssh/message.hpp"
#include "ssh/ordered_channel.hpp"

namespace edge::ssh {
namespace {

constexpr std::size_t kShells = 16;  // session channels of one connection
constexpr int kTries = 6;

}  // namespace

// Works on what libssh has queued (message.hpp), after each turn of the session.
struct ShellServer::Part {
  OnOrder on_order;
  ForwardHooks hooks;
  std::shared_ptr<Session> session;
  std::optional<Key> vouched;
  std::string account;
  std::vector<std::weak_ptr<OrderedChannel>> shells;     // whose requests are served
  std::vector<std::shared_ptr<OrderedChannel>> waiting;  // open, nothing ordered yet
  ForwardCount forwards = std::make_shared<std::size_t>(0);
  std::uint64_t looked_at = 0;  // packets, when the queue was empty last
  int failures = 0;
  bool logged_in = false, accepted = false;

  // A look costs a system call: only when something else than bytes of streams has come.
  void take_messages() {
    const auto packets = session->other_packets();
    if (std::exchange(looked_at, packets) == packets) return;
    while (session->alive()) {
      Message message(ssh_message_get(session->raw()));
      if (!message) break;
      take(std::move(message));
    }
    session->look_alive();  // the look has read from the socket
    if (!session->alive()) return;
    for (auto& shell : shells) {
      if (auto channel = shell.lock()) channel->pass_signals();
    }
    hand_out();
  }

  void take(Message message) {
    switch (ssh_message_type(message.get())) {
      case SSH_REQUEST_AUTH:
        return log_in(message.get());
      case SSH_REQUEST_CHANNEL_OPEN:
        return open(std::move(message));
      case SSH_REQUEST_CHANNEL:
        return take_request(message.get());
      case SSH_REQUEST_GLOBAL:
        if (logged_in && hooks.on_listen)
          return hooks.on_listen(take_listen(session, std::move(message)));
        break;
      default:
        break;
    }
    ssh_message_reply_default(message.get());  // "no", but for a service
  }

  void log_in(ssh_message message) {
    if (logged_in || ssh_message_subtype(message) != SSH_AUTH_METHOD_PUBLICKEY) {
      ssh_message_reply_default(message);
      return;
    }
    const auto login = key_login(message);
    const bool same = vouched && login.key != nullptr &&
                      ssh_key_cmp(vouched->raw(), login.key, SSH_KEY_CMP_PUBLIC) == 0;
    // Asked twice: first without a signature, then with one that libssh has checked.
    if (same && failures < kTries && login.state == SSH_PUBLICKEY_STATE_NONE) {
      ssh_message_auth_reply_pk_ok_simple(message);
    } else if (same && failures < kTries && login.state == SSH_PUBLICKEY_STATE_VALID) {
      const char* user = ssh_message_auth_user(message);
      account = user ? user : "";
      logged_in = true;
      ssh_message_auth_reply_success(message, 0);
      session->moved();
    } else {
      ++failures;
      ssh_message_reply_default(message);
      session->moved();
    }
  }

  void open(Message message) {
    const int kind = ssh_message_subtype(message.get());
    if (logged_in && kind == SSH_CHANNEL_SESSION && open_shell(message.get())) return;
    if (logged_in && kind == SSH_CHANNEL_DIRECT_TCPIP && hooks.on_connect) {
      auto request = take_forward(session, forwards, std::move(message));
      if (request) hooks.on_connect(std::move(request));
      return;
    }
    ssh_message_reply_default(message.get());
  }

  bool open_shell(ssh_message message) {
    std::erase_if(shells, [](const auto& shell) {
      const auto channel = shell.lock();
      return !channel || channel->is_forward();  // its requests are over
    });
    if (shells.size() + session->closing_count() >= kShells + kMostForwards) return false;
    if (shells.size() >= kShells) return false;
    ssh_channel raw = ssh_message_channel_request_open_reply_accept(message);
    if (raw == nullptr) return false;
    waiting.push_back(std::make_shared<OrderedChannel>(session, raw, account, forwards));
    shells.push_back(waiting.back());
    return true;
  }

  // Who is not found has closed meanwhile, and libssh may have freed it: no answer, which would
  // look at it.
  void take_request(ssh_message message) {
    ssh_channel raw = ssh_message_channel_request_channel(message);
    for (auto& shell : shells) {
      auto channel = shell.lock();
      if (!channel || channel->raw() != raw) continue;
      if (channel->take(message)) {
        ssh_message_channel_request_reply_success(message);
      } else {
        ssh_message_reply_default(message);
      }
      return;
    }
  }

  void hand_out() {
    std::vector<std::shared_ptr<OrderedChannel>> ready;
    std::erase_if(waiting, [&ready](auto& channel) {
      if (channel->abandoned()) return true;
      if (!channel->take_ordered()) return false;
      ready.push_back(channel);
      return true;
    });
    for (auto& channel : ready) on_order(channel);
  }
};

ShellServer::ShellServer(net::asio::any_io_executor executor, int descriptor,
                         const ServerIdentity& identity, const std::string& vouched_key,
                         OnOrder on_order, ForwardHooks forwards)
    : part_(std::make_shared<Part>()) {
  part_->on_order = std::move(on_order);
  part_->hooks = std::move(forwards);
  if (auto key = Key::from_public_line(vouched_key)) part_->vouched = std::move(*key);
  SessionHandle raw(ssh_new());
  ssh_set_blocking(raw.get(), 0);
  ssh_set_auth_methods(raw.get(), SSH_AUTH_METHOD_PUBLICKEY);
  part_->accepted = ssh_bind_accept_fd(identity.raw(), raw.get(), descriptor) == SSH_OK;
  if (!part_->accepted) ::close(descriptor);  // libssh did not take it
  part_->session =
      std::make_shared<Session>(executor, std::move(raw), descriptor, Session::Side::server);
  part_->session->after_turn = [weak = std::weak_ptr(part_)] {
    if (auto part = weak.lock()) part->take_messages();
  };
  if (part_->accepted) {
    part_->accepted =
        ssh_handle_key_exchange(part_->session->raw()) != SSH_ERROR && part_->session->start();
  }
}

ShellServer::~ShellServer() {
  part_->session->after_turn = nullptr;
  part_->waiting.clear();
  close();
}

net::Task<Result<void>> ShellServer::establish(milliseconds deadline) {
  auto part = part_;
  auto& session = *part->session;
  if (!part->accepted) co_return fail(Errc::failure, "cannot start the session server");
  net::Deadline bound(session.executor(), deadline, [part] { part->session->close(); });
  while (session.alive() && !part->logged_in && part->failures < kTries) {
    if (!co_await session.progress()) break;
  }
  if (part->logged_in) co_return Result<void>{};
  const auto reason = bound.passed() ? "no login in time" : session.reason();
  session.close();
  co_return fail(bound.passed() ? Errc::timed_out : Errc::not_allowed,
                 "session login failed: " + reason);
}

net::Task<> ShellServer::until_dead() {
  auto session = part_->session;
  co_await session->until_dead();
}

const std::string& ShellServer::account() const noexcept {
  return part_->account;
}

net::Task<Result<std::unique_ptr<net::Stream>>> ShellServer::open_forwarded(std::string address,
                                                                            std::uint16_t port,
                                                                            HostPort source) {
  auto part = part_;
  const std::function<int(ssh_channel)> open = [&](ssh_channel channel) {
    // Exactly the address that the client asked for (RFC 4254 section 7.2).
    return ssh_channel_open_reverse_forward(channel, address.c_str(), port, source.host.c_str(),
                                            source.port);
  };
  auto stream = co_await open_towards_operator(part->session, part->forwards, open);
  co_return stream;
}

void ShellServer::close() noexcept {
  part_->session->close();
}

}  // namespace edge::ssh
