// Sessions that outlive the tunnel that they came through: each on a lasting stream, which goes on
// over the next tunnel when its operator comes back and proves to be the same. One that nobody
// comes back to is hung up after its limit.
// Thread rule: one loop.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "agent/session_service.hpp"
#include "base/secret.hpp"
#include "net/task.hpp"
#include "resume/lasting_stream.hpp"

namespace edge::agent {

class LastingSessions {
 public:
  struct Opening {
    std::string id;
    std::string session_key;  // "ssh-ed25519 AAAA...": proves who comes back
    std::string login_key;    // of SSH
    std::string carrier;      // edged's name for the first one
    milliseconds limit{0};    // how long its operator may be away
  };

  // `host_key`: of this node, in OpenSSH's format; what it proves itself with.
  LastingSessions(net::asio::any_io_executor executor, SessionService& service,
                  const Secret& host_key);

  bool full() const noexcept { return service_.full(); }
  bool has(const std::string& id) const { return sessions_.count(id) != 0; }
  // Whether this key is the session's: who comes back has to prove it, but others need not try.
  bool is_key_of(const std::string& id, const std::string& session_key) const;
  // Operators who are away, and may want to come back.
  std::size_t waiting() const noexcept;

  // Both until the carrier is gone, or another one has taken its place.
  // REQUIRES: !has(id); a session_key that is one
  net::Task<> begin(Opening opening, std::shared_ptr<net::Stream> carrier,
                    std::function<void()> on_bytes);
  // REQUIRES: has(id)
  net::Task<> resume(std::string id, std::string carrier_name, std::shared_ptr<net::Stream> carrier,
                     std::function<void()> on_bytes);

  // Its operator has gone for good: he who came over that carrier, the last one over which somebody
  // has proved to be him; "": edged does not know.
  enum class HungUp { yes, no_session, by_somebody_else };
  HungUp hang_up(const std::string& id, const std::string& carrier_name);
  void stop(const std::string& why);  // all of them, told so
  // Once their operators have been told, or cannot be: the tunnel may go.
  net::Task<> all_told();

 private:
  struct Session;
  net::Task<> live(std::shared_ptr<Session> session);
  net::Task<> watch(std::shared_ptr<Session> session);
  net::Task<> carry(std::shared_ptr<Session> session, std::shared_ptr<net::Stream> carrier,
                    std::optional<resume::LastingStream::Counts> resumed,
                    std::function<void()> on_bytes);

  net::asio::any_io_executor executor_;
  SessionService& service_;
  const Secret seed_;
  std::map<std::string, std::shared_ptr<Session>> sessions_;
  net::TaskGroup tasks_, goodbyes_;
};

}  // namespace edge::agent
