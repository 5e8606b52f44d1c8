// The agent's end of a tunnel: an SSH client that asks for one tcpip-forward and takes the streams
// edged opens.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/secret.hpp"
#include "base/time.hpp"
#include "net/stream.hpp"

namespace edge::ssh {

struct TunnelTarget {
  std::vector<std::string> host_keys;  // fingerprints, "SHA256:..."; one must match
  std::string user;
  Secret password;
  std::string forward_name;
  std::uint16_t forward_port = 0;
  std::size_t streams = 256;  // at once
  std::string ciphers;        // to offer instead of ours; "": ours
};

// Why a tunnel did not open, in the words of design.md section 6.
struct TunnelFailure {
  std::string reason;  // "host-key-mismatch", "auth-refused", "handshake-timeout", "lost"
  std::string detail;
};

// Thread rule: the thread of the executor only.
class TunnelClient {
 public:
  // `on_stream` is called on the loop for every stream that edged opens.
  using OnStream = std::function<void(std::unique_ptr<net::Stream>)>;
  using Opened = boost::system::result<std::unique_ptr<TunnelClient>, TunnelFailure>;

  // `descriptor`: connected; the client's from here on.
  static net::Task<Opened> open(int descriptor, TunnelTarget target, milliseconds deadline,
                                OnStream on_stream);
  ~TunnelClient();
  TunnelClient(const TunnelClient&) = delete;

  void probe();
  SteadyTime last_heard() const;
  bool alive() const;
  net::Task<> until_dead();
  std::string reason() const;
  void close() noexcept;

 private:
  struct Part;
  explicit TunnelClient(std::shared_ptr<Part> part);
  std::shared_ptr<Part> part_;
};

[[noreturn]] void throw_exception_from_error(const TunnelFailure& failure,
                                             const boost::source_location& where);

}  // namespace edge::ssh
