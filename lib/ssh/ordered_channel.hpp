// A session channel before and after its shell was ordered. Private to lib/ssh.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "ssh/channel.hpp"
#include "ssh/forward_channel.hpp"
#include "ssh/shell_server.hpp"

namespace edge::ssh {

class OrderedChannel final : public ShellChannel {
 public:
  OrderedChannel(std::shared_ptr<Session> session, ssh_channel raw, std::string account,
                 ForwardCount forwards);
  ~OrderedChannel() override;
  OrderedChannel(const OrderedChannel&) = delete;

  const ShellOrder& order() const override { return order_; }
  net::Stream& stream() override { return channel_; }
  net::Task<net::error_code> write_error(net::asio::const_buffer bytes) override {
    return channel_.write_error(bytes);
  }
  net::Task<Result<std::unique_ptr<net::Stream>>> open_agent() override;
  net::Task<> closed() override { co_await channel_.closed(); }
  net::Task<> finish(ShellEnd end) override;

  ssh_channel raw() const noexcept { return channel_.raw(); }
  // Whether the request is served; false: refuse it.
  bool take(ssh_message request);
  void pass_signals();  // that have come meanwhile
  // Closed by the client before anything was ordered.
  bool abandoned() const;
  bool take_ordered() { return std::exchange(ordered_, false); }
  bool is_forward() const noexcept { return place_ != nullptr; }

 private:
  bool set_terminal(ssh_message request);
  bool add_variable(ssh_message request);
  void set_window(ssh_message request);
  bool start(const char* command, const char* subsystem);

  Channel channel_;
  std::shared_ptr<Session> session_;
  ForwardCount forwards_;
  std::unique_ptr<ForwardPlace> place_;  // of a socket: it counts as a forward, not as a shell
  ssh_channel_callbacks_struct callbacks_{};
  ShellOrder order_;
  std::vector<std::string> signals_;  // told by a callback, which may not do more
  bool started_ = false, ordered_ = false;
};

}  // namespace edge::ssh
