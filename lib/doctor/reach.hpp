// The steps from here to a port of edged, each a check of its own: name, TCP to each address, TLS
// with its pin, or SSH with its host key. Nothing is authenticated in them.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/address.hpp"
#include "doctor/report.hpp"
#include "net/dial.hpp"
#include "net/tls.hpp"

namespace edge::doctor {

// What each way to fail means where this doctor runs.
struct Advice {
  Trouble no_name{}, refused{}, silent{}, no_way{};  // name and TCP
  Trouble no_tls{}, wrong_pin{};                     // of the poll port
  Trouble no_ssh{}, silent_ssh{}, wrong_host_key{};  // of the tunnel port
  Trouble proxy_fails{}, proxy_wants_login{};        // TCP through a proxy
};

class Reach {
 public:
  using Addresses = std::vector<net::asio::ip::tcp::endpoint>;

  // `each`: what a step may take. Report and advice outlive this. `port`: "poll" or "tunnel", the
  // first word of the checks' names.
  Reach(Report& report, const Advice& advice, std::string port, HostPort target, milliseconds each,
        net::DialOptions dial = {})
      : report_(report),
        advice_(advice),
        port_(std::move(port)),
        target_(std::move(target)),
        each_(each),
        dial_(std::move(dial)) {}

  // Name, and TCP to each address: the first connection that came about. Where a proxy is on the
  // way both are its affair: one check then.
  net::Task<std::optional<net::Socket>> connect();
  // Null: it failed. `pins` are those of `whose` ("the join token").
  net::Task<std::unique_ptr<net::TlsStream>> tls(net::Socket socket, std::vector<std::string> pins,
                                                 std::string whose);
  net::Task<bool> ssh(net::Socket socket, std::vector<std::string> host_keys, std::string whose);

 private:
  struct Attempt;
  net::Task<Addresses> name();
  net::Task<std::optional<net::Socket>> tcp(Addresses addresses);
  net::Task<std::optional<net::Socket>> through(std::string proxy);
  void judge(const Attempt& attempt, bool another_works);

  Report& report_;
  const Advice& advice_;
  const std::string port_;
  const HostPort target_;
  const milliseconds each_;
  const net::DialOptions dial_;
};

}  // namespace edge::doctor
