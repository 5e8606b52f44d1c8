// TLS 1.3 over a socket's own descriptor: OpenSSL reads and writes, asio only waits for readiness.
// (Measured with 8,000 connections: 78 KB each with asio's ssl::stream, 43 KB this way.)
#pragma once

#include <openssl/types.h>

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/secret.hpp"
#include "net/socket_stream.hpp"
#include "net/tls_session.hpp"
#include "net/tls_tickets.hpp"
#include "net/turns.hpp"

namespace edge::net {

using TlsContext = std::shared_ptr<SSL_CTX>;

// For a server; Errc::usage when key and certificate do not parse or do not belong together.
// `tickets`: clients may resume their sessions; without it every handshake is a full one.
Result<TlsContext> make_server_context(std::string_view certificate_pem, const Secret& key_pem,
                                       std::shared_ptr<TicketRing> tickets = nullptr);

// For a client that trusts exactly these pins ("sha256/..."); "system" adds the system's CAs with
// the host's name.
Result<TlsContext> make_client_context(const std::vector<std::string>& pins);

// What could be done without waiting.
struct TryIo {
  error_code error;  // asio::error::would_block: nothing, and nothing is wrong
  std::size_t size = 0;
};

class TlsStream final : public Stream {
 public:
  TlsStream(Socket socket, const TlsContext& context);
  TlsStream(TlsStream&&) noexcept = default;
  ~TlsStream() override;

  // The server's handshake. Each of its steps costs as much as a dozen of check-ins: it waits for
  // its turn. A peer that says nothing for `patience` is cut off: our own turns are not counted.
  Task<Result<void>> accept(Turns* turns = nullptr, milliseconds patience = milliseconds{60'000});
  // The client's; `host` is for SNI and for "system". A certificate that no pin names is
  // Errc::not_allowed. `memory`: offers its session, and keeps the one that the server gives.
  Task<Result<void>> connect(const std::string& host, SessionMemory* memory = nullptr);
  bool resumed() const noexcept;  // REQUIRES: the handshake is done

  asio::any_io_executor executor() override { return socket_.get_executor(); }
  Task<Read> read_some(asio::mutable_buffer buffer) override;
  Task<error_code> write(asio::const_buffer bytes) override;
  Task<error_code> shutdown_write() override;
  void close() noexcept override;
  void when_readable(std::function<void()> callback) override;
  void forget_readable() noexcept override;

  // For who has no coroutine: a connection that waits holds its handler only.
  TryIo try_read(asio::mutable_buffer buffer);
  TryIo try_write(asio::const_buffer bytes);
  // Bytes have been taken off the socket and not been read: do not wait for it.
  bool has_pending() const noexcept;
  void say_goodbye() noexcept;  // shutdown_write() for who does not wait
  Socket& socket() noexcept { return socket_; }

 private:
  struct Free {
    void operator()(SSL* ssl) const noexcept;
  };
  Task<bool> wait_for(int reason);  // SSL_ERROR_WANT_READ or _WRITE
  Task<bool> wait_for(int reason, milliseconds patience);
  Socket socket_;
  std::unique_ptr<SSL, Free> ssl_;
};

}  // namespace edge::net
