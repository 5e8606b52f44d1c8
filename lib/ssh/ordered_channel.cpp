#include "ssh/ordered_channel.hpp"

#include "ssh/session.hpp"

namespace edge::ssh {
namespace {

constexpr std::size_t kVariables = 64;  // environment requests of one channel
constexpr std::size_t kVariableBytes = 4096;
constexpr std::size_t kCommandBytes = 128 * 1024;  // the kernel's own limit for one argument
constexpr std::size_t kSignals = 64;               // between two turns: more say nothing new

OrderedChannel& of(void* userdata) {
  return *static_cast<OrderedChannel*>(userdata);
}

bool is_subsystem(const std::string& name) {
  return name == kSftp || name == kSums || name == kUnixSockets;
}

// ssh and its like have no eyes for a message of exit-signal; edgectl, which is made with libssh,
// has.
bool reads_messages(ssh_session session) {
  const char* banner = ssh_get_clientbanner(session);
  return banner != nullptr && std::string_view(banner).starts_with("SSH-2.0-libssh");
}

}  // namespace

OrderedChannel::OrderedChannel(std::shared_ptr<Session> session, ssh_channel raw,
                               std::string account, ForwardCount forwards)
    : channel_(session, raw), session_(std::move(session)), forwards_(std::move(forwards)) {
  order_.account = std::move(account);
  callbacks_.userdata = this;
  // These two never become messages.
  callbacks_.channel_signal_function = [](ssh_session, ssh_channel, const char* name,
                                          void* user) noexcept {
    auto& self = of(user);
    if (name != nullptr && self.signals_.size() < kSignals) self.signals_.emplace_back(name);
  };
  callbacks_.channel_auth_agent_req_function = [](ssh_session, ssh_channel, void* user) noexcept {
    auto& self = of(user);
    if (!self.started_) self.order_.forward_agent = true;
  };
  ssh_callbacks_init(&callbacks_);
  ssh_add_channel_callbacks(raw, &callbacks_);
}

OrderedChannel::~OrderedChannel() {
  if (raw() != nullptr) ssh_remove_channel_callbacks(raw(), &callbacks_);
}

net::Task<Result<std::unique_ptr<net::Stream>>> OrderedChannel::open_agent() {
  return open_towards_operator(session_, forwards_, ssh_channel_open_auth_agent);
}

net::Task<> OrderedChannel::finish(ShellEnd end) {
  if (raw() == nullptr) co_return;
  if (end.signal == kRefusedSignal && !reads_messages(session_->raw())) {
    const auto words = "edge-agent: " + end.message + (order_.pty ? "\r\n" : "\n");
    co_await channel_.write_error(net::asio::buffer(words));
    if (raw() == nullptr) co_return;
  }
  if (end.signal.empty()) {
    ssh_channel_request_send_exit_status(raw(), end.status);
  } else {
    ssh_channel_request_send_exit_signal(raw(), end.signal.c_str(), end.core_dumped ? 1 : 0,
                                         end.message.c_str(), "");
  }
  session_->touched();
  co_await channel_.shutdown_write();
  if (raw() != nullptr) ssh_remove_channel_callbacks(raw(), &callbacks_);
  channel_.close();
}

bool OrderedChannel::abandoned() const {
  return !started_ && (raw() == nullptr || ssh_channel_is_closed(raw()) != 0);
}

bool OrderedChannel::take(ssh_message request) {
  switch (ssh_message_subtype(request)) {
    case SSH_CHANNEL_REQUEST_PTY:
      return set_terminal(request);
    case SSH_CHANNEL_REQUEST_ENV:
      return add_variable(request);
    case SSH_CHANNEL_REQUEST_SHELL:
      return start("", "");
    case SSH_CHANNEL_REQUEST_EXEC:
      return start(ssh_message_channel_request_command(request), "");
    case SSH_CHANNEL_REQUEST_SUBSYSTEM:
      return start("", ssh_message_channel_request_subsystem(request));
    case SSH_CHANNEL_REQUEST_WINDOW_CHANGE:
      set_window(request);
      return true;
    default:
      return false;
  }
}

bool OrderedChannel::set_terminal(ssh_message request) {
  if (started_) return false;
  const auto asked = asked_terminal(request);
  order_.pty = PtyRequest{asked.name.substr(0, 64), asked.columns, asked.rows, asked.x_pixels,
                          asked.y_pixels};
  return true;
}

bool OrderedChannel::add_variable(ssh_message request) {
  const char* name = ssh_message_channel_request_env_name(request);
  const char* value = ssh_message_channel_request_env_value(request);
  const std::string key(name ? name : ""), text(value ? value : "");
  if (started_ || order_.environment.size() >= kVariables) return false;
  if (key.empty() || key.size() + text.size() > kVariableBytes) return false;
  order_.environment.emplace_back(key, text);
  return true;
}

void OrderedChannel::set_window(ssh_message request) {
  const auto asked = asked_terminal(request);
  if (order_.pty) {
    order_.pty =
        PtyRequest{order_.pty->terminal, asked.columns, asked.rows, asked.x_pixels, asked.y_pixels};
  }
  if (on_resize) on_resize(asked.columns, asked.rows, asked.x_pixels, asked.y_pixels);
}

void OrderedChannel::pass_signals() {
  for (const auto& name : std::exchange(signals_, {})) {
    if (on_signal) on_signal(name);
  }
}

bool OrderedChannel::start(const char* command, const char* subsystem) {
  if (started_ || command == nullptr || subsystem == nullptr) return false;
  order_.command = command;
  order_.subsystem = subsystem;
  if (order_.command.size() > kCommandBytes) return false;
  if (!order_.subsystem.empty() && !is_subsystem(order_.subsystem)) return false;
  if (order_.subsystem == kUnixSockets) {
    place_ = ForwardPlace::take(forwards_, *session_);
    if (!place_) return false;
  }
  started_ = ordered_ = true;
  return true;
}

}  // namespace edge::ssh
