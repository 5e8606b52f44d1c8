// How a forward that runs is found and talked to: a Unix socket of its own in a folder of its user
// (mode 0700). Who connects sends one word and gets one line of JSON. Thread rule: one loop.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "net/socket_stream.hpp"
#include "net/unix_listener.hpp"

namespace edge::control {

inline constexpr const char* kForwardShow = "show";
inline constexpr const char* kForwardStop = "stop";
inline constexpr std::size_t kMostForwardAnswer = 64 * 1024;

// STATE/forwards, and its files: ID.sock, ID.log.
std::filesystem::path forwards_folder(const std::filesystem::path& state_folder);
bool is_forward_id(const std::string& text);
std::string new_forward_id();  // 8 hex digits

class ForwardControl {
 public:
  using Answer = std::function<std::string()>;  // a line of JSON, without its end

  static Result<std::unique_ptr<ForwardControl>> open(net::asio::any_io_executor executor,
                                                      const std::filesystem::path& folder,
                                                      const std::string& id);
  ForwardControl(const ForwardControl&) = delete;

  // Answers until it is cancelled. `on_stop`: somebody wants the forward to end; their connection
  // is held until this process has gone.
  net::Task<> serve(Answer status, std::function<void()> on_stop);

 private:
  ForwardControl(net::asio::any_io_executor executor, net::UnixListener listener)
      : executor_(executor), listener_(std::move(listener)), connections_(executor) {}
  net::Task<> answer(net::Socket socket, Answer status, std::function<void()> on_stop);

  net::asio::any_io_executor executor_;
  net::UnixListener listener_;
  std::vector<std::shared_ptr<net::Socket>> stopping_;
  net::TaskGroup connections_;
};

}  // namespace edge::control
