// A command, login shell or subsystem on the far side: one session channel of a Client.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "net/stream.hpp"
#include "ssh/shell_server.hpp"

namespace edge::ssh {

class Channel;
class Session;

struct CommandOrder {
  std::optional<PtyRequest> pty;
  std::string modes;  // encoded terminal modes (RFC 4254 section 8)
  std::vector<std::pair<std::string, std::string>> environment;
  std::string command;         // empty: a login shell
  std::string subsystem;       // then there is no command
  bool forward_agent = false;  // to Login::on_agent
};

// Thread rule: the thread of its client's executor only.
class RemoteCommand {
 public:
  ~RemoteCommand();
  RemoteCommand(const RemoteCommand&) = delete;

  net::Stream& stream();  // stdin and stdout of the far side
  net::Task<net::Read> read_error(net::asio::mutable_buffer buffer);
  net::Task<> resize(int columns, int rows);
  net::Task<> send_signal(std::string name);  // "TERM", without "SIG"

  // After stdout and stderr have ended: waits for the channel's close. Nothing: it was lost.
  net::Task<std::optional<ShellEnd>> end();
  void close() noexcept;  // hangs it up; the connection stays

 private:
  friend class Client;
  RemoteCommand(std::shared_ptr<Session> session, std::unique_ptr<Channel> channel);

  std::shared_ptr<Session> session_;
  std::shared_ptr<Channel> channel_;  // shared with its own calls that wait
};

}  // namespace edge::ssh
