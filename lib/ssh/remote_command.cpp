#include "ssh/remote_command.hpp"

#include "ssh/channel.hpp"
#include "ssh/session.hpp"

namespace edge::ssh {

RemoteCommand::RemoteCommand(std::shared_ptr<Session> session, std::unique_ptr<Channel> channel)
    : session_(std::move(session)), channel_(std::move(channel)) {}

RemoteCommand::~RemoteCommand() {
  close();
}

net::Stream& RemoteCommand::stream() {
  return *channel_;
}

net::Task<net::Read> RemoteCommand::read_error(net::asio::mutable_buffer buffer) {
  return channel_->read_error(buffer);
}

net::Task<> RemoteCommand::resize(int columns, int rows) {
  const auto channel = channel_;
  co_await session_->call([&] {
    return channel->raw() ? ssh_channel_change_pty_size(channel->raw(), columns, rows) : SSH_ERROR;
  });
}

net::Task<> RemoteCommand::send_signal(std::string name) {
  const auto channel = channel_;
  co_await session_->call([&] {
    return channel->raw() ? ssh_channel_request_send_signal(channel->raw(), name.c_str())
                          : SSH_ERROR;
  });
}

net::Task<std::optional<ShellEnd>> RemoteCommand::end() {
  const auto channel = channel_;
  co_await channel->closed();
  const auto& exit = channel->exit();
  if (!exit.status && exit.signal.empty()) co_return std::nullopt;
  co_return ShellEnd{exit.status.value_or(0), exit.signal, exit.core_dumped, exit.message};
}

void RemoteCommand::close() noexcept {
  channel_->close();
}

}  // namespace edge::ssh
