// The agent's connection to the poll port: one TLS connection, kept alive, made again when it is
// gone. Thread rule: one loop.
#pragma once

#include <memory>

#include "agent/identity.hpp"
#include "net/client_contexts.hpp"
#include "net/dial.hpp"
#include "net/http.hpp"
#include "net/tls.hpp"

namespace edge::agent {

struct PollLinkOptions {
  net::DialOptions dial;
  // Shared by the links of one program, which may be thousands; null: of this link alone.
  std::shared_ptr<net::ClientContexts> contexts;
};

struct Handshakes {
  std::uint64_t made = 0, resumed = 0;
};

class PollLink {
 public:
  // `counter`: where this run's counter starts (IdentityFolder::first_counter).
  PollLink(const Identity& identity, std::uint64_t counter, milliseconds connect_deadline,
           PollLinkOptions options = {});

  // With nothing but TLS around it; for associate.
  net::Task<Result<net::Response>> ask(net::Request request, milliseconds answer_deadline);
  // Authorised by the ticket, or by the MAC; a 401 on a ticket is asked once more with the MAC.
  // REQUIRES: the identity has its key.
  net::Task<Result<net::Response>> ask_as_instance(net::Request request,
                                                   milliseconds answer_deadline);

  // A request that turns the connection into something else (101): it is the caller's then, and the
  // next request makes a new one. Any other answer is an error, in words.
  struct Upgraded {
    std::shared_ptr<net::Stream> stream;
    int descriptor = -1;  // of its TCP connection, the stream's own
  };
  net::Task<Result<Upgraded>> upgrade_as_instance(net::Request request,
                                                  milliseconds answer_deadline);

  void use_key(const Secret& key);  // K
  void close();  // the tunnel is our presence now. REQUIRES: nothing is being asked
  void stop();   // for good: what is being asked ends with an error, and nothing is asked again
  const std::string& url() const { return identity_.urls[url_index_]; }  // asked last
  // The next connection goes to the next URL: this one does not lead to edged. The link sees by
  // itself when it cannot connect; what an answer is worth is the caller's to say.
  void try_next_url() { moves_on_ = identity_.urls.size() > 1; }
  bool moves_on() const { return moves_on_; }

  // Of the last request, from when it was sent until it was answered or its connection ended.
  milliseconds waited() const { return waited_; }
  // How many there were: another number after an answer means that edged was started anew, or that
  // the old ticket had come to its age.
  unsigned tickets() const { return tickets_; }
  // "192.0.2.7 to edge.example.com:9000": of the connection, the last one if there is none.
  const std::string& way() const { return way_; }
  const Handshakes& handshakes() const { return handshakes_; }  // so far

 private:
  net::Task<Result<void>> connect();
  net::Task<Result<net::Response>> send(net::Request request, milliseconds answer_deadline,
                                        bool as_instance);
  std::string authorization(const net::Request& request);
  void go_on();

  const Identity& identity_;
  std::uint64_t counter_;
  milliseconds connect_deadline_;
  PollLinkOptions options_;
  std::vector<net::SessionMemory> sessions_;  // of each URL, so that the next handshake is short
  Handshakes handshakes_;
  std::size_t url_index_ = 0;
  bool moves_on_ = false;
  bool stopped_ = false;
  Secret mac_key_;
  std::string ticket_;
  unsigned tickets_ = 0;
  milliseconds waited_{0};
  std::string way_;
  std::unique_ptr<net::TlsStream> stream_;
  std::unique_ptr<net::HttpReader> reader_;
};

}  // namespace edge::agent
