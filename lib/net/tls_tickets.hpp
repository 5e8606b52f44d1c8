// Session tickets of a server (RFC 8446 section 4.6.1, RFC 5077 section 4): a client that comes
// back skips certificate and signature. The server keeps nothing but the keys, and they are the
// same for every context, so a reload or a restart loses no ticket.
#pragma once

#include <openssl/types.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string_view>

#include "crypto/ticket_keys.hpp"

namespace edge::net {

// The keys of now, shared by every context that make_server_context gave it to.
// Thread rule: any thread; a handshake holds the lock for as long as it takes to copy a pointer.
class TicketRing {
 public:
  using Keys = std::shared_ptr<const crypto::TicketKeys>;
  explicit TicketRing(crypto::TicketKeys keys) { replace(std::move(keys)); }

  void replace(crypto::TicketKeys keys);
  Keys keys() const;

  // Of servers' handshakes that were completed, and how many of them by a ticket.
  std::atomic<std::uint64_t> handshakes{0};
  std::atomic<std::uint64_t> resumed{0};

 private:
  mutable std::mutex mutex_;
  Keys keys_;
};

// Makes a server's context give one ticket a handshake, under the ring's newest key, and take them
// back. A session only resumes where `identity` (the pin) is what it was: a server with another key
// never takes over what a client's pin was checked for. No early data: it could be replayed. A null
// ring: no tickets at all.
void use_tickets(SSL_CTX* context, std::shared_ptr<TicketRing> ring, std::string_view identity);

// Counts a server's handshake in the ring of its context, if it has one; REQUIRES: completed.
void count_handshake(const SSL* ssl);

}  // namespace edge::net
