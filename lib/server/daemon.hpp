// edged put together: the store, the registry, the loops, the three ports; start, run, drain. main
// gives it a configuration and learns what systemd wants to know.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/error.hpp"
#include "config/settings.hpp"

namespace edge::server {

struct DaemonHooks {
  std::function<void()> ready;  // every port is open
  std::function<void(const std::string& text)>
      status;                   // one line for systemctl status, now and then
  std::function<void()> alive;  // the loops turn: for the watchdog
  milliseconds alive_every{0};  // 0: nobody asks
  // SIGHUP: the configuration anew; an error is logged and the old one stays.
  std::function<Result<config::EdgedConfig>()> reload;
};

class Daemon {
 public:
  // Opens everything, in an order that leaves nothing half done: store and its lock, keys, ports,
  // admin socket.
  static Result<std::unique_ptr<Daemon>> start(const config::EdgedConfig& config,
                                               DaemonHooks hooks);
  ~Daemon();

  // Until SIGTERM or SIGINT and the drain after it. True: everything ended by itself in time.
  bool run();

 private:
  struct Whole;
  explicit Daemon(std::unique_ptr<Whole> whole);
  std::unique_ptr<Whole> whole_;
};

}  // namespace edge::server
