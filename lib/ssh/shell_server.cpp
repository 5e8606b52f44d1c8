#include "ssh/shell_server.hpp"

#include <unistd.h>

#include "net/deadline.hpp"
#include "ssh/channel.hpp"
#include "ssh/handles.hpp"
#include "ssh/session.hpp"

namespace edge::ssh {
namespace {

constexpr std::size_t kChannels = 16;   // session channels of one connection
constexpr std::size_t kVariables = 64;  // environment requests of one channel
constexpr std::size_t kVariableBytes = 4096;
constexpr std::size_t kCommandBytes = 128 * 1024;  // the kernel's own limit for one argument
constexpr int kTries = 6;

// A session channel before and after its shell was ordered.
class OrderedChannel final : public ShellChannel {
 public:
  OrderedChannel(std::shared_ptr<Session> session, ssh_channel raw, std::string account)
      : channel_(session, raw), session_(std::move(session)) {
    order_.account = std::move(account);
    callbacks_.userdata = this;
    callbacks_.channel_pty_request_function = on_pty;
    callbacks_.channel_env_request_function = on_environment;
    callbacks_.channel_shell_request_function = on_shell;
    callbacks_.channel_exec_request_function = on_command;
    callbacks_.channel_pty_window_change_function = on_window;
    callbacks_.channel_signal_function = on_signal_request;
    ssh_callbacks_init(&callbacks_);
    ssh_add_channel_callbacks(raw, &callbacks_);
  }
  ~OrderedChannel() override {
    if (channel_.raw() != nullptr) ssh_remove_channel_callbacks(channel_.raw(), &callbacks_);
  }

  const ShellOrder& order() const override { return order_; }
  net::Stream& stream() override { return channel_; }
  net::Task<net::error_code> write_error(net::asio::const_buffer bytes) override {
    return channel_.write_error(bytes);
  }

  net::Task<> closed() override { co_await channel_.closed(); }

  net::Task<> finish(ShellEnd end) override {
    if (channel_.raw() == nullptr) co_return;
    if (end.signal.empty()) {
      ssh_channel_request_send_exit_status(channel_.raw(), end.status);
    } else {
      ssh_channel_request_send_exit_signal(channel_.raw(), end.signal.c_str(),
                                           end.core_dumped ? 1 : 0, end.message.c_str(), "");
    }
    session_->touched();
    co_await channel_.shutdown_write();
    if (channel_.raw() != nullptr) ssh_remove_channel_callbacks(channel_.raw(), &callbacks_);
    channel_.close();
  }

  // Closed by the client before anything was ordered.
  bool abandoned() const {
    return !started_ && (channel_.raw() == nullptr || ssh_channel_is_closed(channel_.raw()) != 0);
  }
  bool take_ordered() { return std::exchange(ordered_, false); }

 private:
  static OrderedChannel& of(void* userdata) { return *static_cast<OrderedChannel*>(userdata); }
  static int on_pty(ssh_session, ssh_channel, const char* terminal, int columns, int rows,
                    int x_pixels, int y_pixels, void* user) noexcept {
    auto& self = of(user);
    if (self.started_) return -1;
    self.order_.pty = PtyRequest{std::string(terminal ? terminal : "").substr(0, 64), columns, rows,
                                 x_pixels, y_pixels};
    return 0;
  }
  static int on_environment(ssh_session, ssh_channel, const char* name, const char* value,
                            void* user) noexcept {
    auto& self = of(user);
    const std::string key(name ? name : ""), text(value ? value : "");
    if (self.started_ || self.order_.environment.size() >= kVariables) return -1;
    if (key.empty() || key.size() + text.size() > kVariableBytes) return -1;
    self.order_.environment.emplace_back(key, text);
    return 0;
  }
  static int on_shell(ssh_session, ssh_channel, void* user) noexcept { return of(user).start(""); }
  static int on_command(ssh_session, ssh_channel, const char* command, void* user) noexcept {
    return command == nullptr ? 1 : of(user).start(command);
  }
  static int on_window(ssh_session, ssh_channel, int columns, int rows, int x_pixels, int y_pixels,
                       void* user) noexcept {
    auto& self = of(user);
    if (self.order_.pty)
      self.order_.pty = PtyRequest{self.order_.pty->terminal, columns, rows, x_pixels, y_pixels};
    if (self.on_resize) self.on_resize(columns, rows, x_pixels, y_pixels);
    return 0;
  }
  static void on_signal_request(ssh_session, ssh_channel, const char* name, void* user) noexcept {
    auto& self = of(user);
    if (name != nullptr && self.on_signal) self.on_signal(name);
  }
  // Zero is libssh's "success".
  int start(std::string command) noexcept {
    if (started_ || command.size() > kCommandBytes) return 1;
    order_.command = std::move(command);
    started_ = ordered_ = true;
    session_->moved();
    return 0;
  }

  Channel channel_;
  std::shared_ptr<Session> session_;
  ssh_channel_callbacks_struct callbacks_{};
  ShellOrder order_;
  bool started_ = false, ordered_ = false;
};

}  // namespace

struct ShellServer::Part {
  OnOrder on_order;
  std::shared_ptr<Session> session;
  std::optional<Key> vouched;
  ssh_server_callbacks_struct callbacks{};
  std::string account;
  std::vector<std::shared_ptr<OrderedChannel>> waiting;  // open, nothing ordered yet
  int failures = 0;
  bool logged_in = false, accepted = false;

  static Part& of(void* userdata) { return *static_cast<Part*>(userdata); }

  static int on_key(ssh_session, const char* user, ssh_key key, char signature,
                    void* userdata) noexcept {
    auto& part = of(userdata);
    const bool same =
        part.vouched && ssh_key_cmp(part.vouched->raw(), key, SSH_KEY_CMP_PUBLIC) == 0;
    if (!same || part.failures >= kTries) {
      ++part.failures;
      return SSH_AUTH_DENIED;
    }
    // Called twice: first to ask (no signature yet), then with the signature that libssh has
    // checked.
    if (signature == SSH_PUBLICKEY_STATE_NONE) return SSH_AUTH_SUCCESS;
    if (signature != SSH_PUBLICKEY_STATE_VALID) return SSH_AUTH_DENIED;
    part.account = user ? user : "";
    part.logged_in = true;
    part.session->moved();
    return SSH_AUTH_SUCCESS;
  }

  static ssh_channel on_session(ssh_session session, void* userdata) noexcept {
    auto& part = of(userdata);
    if (!part.logged_in || part.session->channel_count() >= kChannels) return nullptr;
    ssh_channel channel = ssh_channel_new(session);
    if (channel == nullptr) return nullptr;
    // Requests may follow in the same turn: the callbacks must hang on the channel before we
    // return.
    part.waiting.push_back(std::make_shared<OrderedChannel>(part.session, channel, part.account));
    return channel;
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
                         OnOrder on_order)
    : part_(std::make_shared<Part>()) {
  part_->on_order = std::move(on_order);
  if (auto key = Key::from_public_line(vouched_key)) part_->vouched = std::move(*key);
  SessionHandle raw(ssh_new());
  ssh_set_blocking(raw.get(), 0);
  part_->callbacks.userdata = part_.get();
  part_->callbacks.auth_pubkey_function = Part::on_key;
  part_->callbacks.channel_open_request_session_function = Part::on_session;
  ssh_callbacks_init(&part_->callbacks);
  ssh_set_server_callbacks(raw.get(), &part_->callbacks);
  ssh_set_auth_methods(raw.get(), SSH_AUTH_METHOD_PUBLICKEY);
  part_->accepted = ssh_bind_accept_fd(identity.raw(), raw.get(), descriptor) == SSH_OK;
  if (!part_->accepted) ::close(descriptor);  // libssh did not take it
  part_->session =
      std::make_shared<Session>(executor, std::move(raw), descriptor, Session::Side::server);
  part_->session->after_turn = [weak = std::weak_ptr(part_)] {
    if (auto part = weak.lock()) part->hand_out();
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

void ShellServer::close() noexcept {
  part_->session->close();
}

}  // namespace edge::ssh
