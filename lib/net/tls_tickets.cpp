#include "net/tls_tickets.hpp"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>

#include "base/log.hpp"
#include "crypto/handles.hpp"
#include "crypto/keys.hpp"

namespace edge::net {
namespace {

using Shared = std::shared_ptr<TicketRing>;

constexpr int kBroken = -1, kUnknown = 0, kGood = 1, kRenew = 2;  // what OpenSSL wants to hear

// The context's own share of the ring; dies with it.
int ring_index() {
  static const int index = SSL_CTX_get_ex_new_index(
      0, nullptr, nullptr, nullptr, [](void*, void* ring, CRYPTO_EX_DATA*, int, long, void*) {
        delete static_cast<Shared*>(ring);
      });
  return index;
}

TicketRing* ring_of(const SSL* ssl) {
  const auto* shared =
      static_cast<const Shared*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), ring_index()));
  return shared != nullptr ? shared->get() : nullptr;
}

const EVP_CIPHER* ticket_cipher() {
  static const crypto::Cipher cipher(EVP_CIPHER_fetch(nullptr, "AES-256-CBC", nullptr));
  return cipher.get();
}

bool set_mac(EVP_MAC_CTX* mac, const crypto::TicketKey& key) {
  const auto bytes = key.mac.reveal();  // for OpenSSL's HMAC
  char digest[] = "SHA256";
  // OpenSSL's parameters take pointers to what they do not change.
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, const_cast<char*>(bytes.data()),
                                        bytes.size()),
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
      OSSL_PARAM_construct_end()};
  return EVP_MAC_CTX_set_params(mac, parameters) == 1;
}

int seal_ticket(const crypto::TicketKeys& keys, unsigned char* name, unsigned char* iv,
                EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac) {
  if (keys.empty()) return kUnknown;
  const auto& key = keys.newest();
  if (RAND_bytes(iv, EVP_CIPHER_get_iv_length(ticket_cipher())) != 1) return kBroken;
  key.name.copy(reinterpret_cast<char*>(name), key.name.size());
  const auto* bytes = crypto::bytes_of(key.cipher.reveal());  // for OpenSSL's AES
  const bool done =
      EVP_EncryptInit_ex(cipher, ticket_cipher(), nullptr, bytes, iv) == 1 && set_mac(mac, key);
  return done ? kGood : kBroken;
}

int open_ticket(const crypto::TicketKeys& keys, std::string_view name, const unsigned char* iv,
                EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac) {
  const auto* key = keys.find(name);
  if (key == nullptr) return kUnknown;
  const auto* bytes = crypto::bytes_of(key->cipher.reveal());  // for OpenSSL's AES
  const bool done =
      EVP_DecryptInit_ex(cipher, ticket_cipher(), nullptr, bytes, iv) == 1 && set_mac(mac, *key);
  // Always a new ticket, also under the same key: a client uses each of them once.
  return done ? kRenew : kBroken;
}

// Nothing throws here but for want of memory, which ends the program.
int on_ticket(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
              EVP_MAC_CTX* mac, int sealing) noexcept {
  constexpr std::size_t kNameSize = 16;
  const auto* ring = ring_of(ssl);
  if (ring == nullptr) return kUnknown;
  const auto keys = ring->keys();
  if (sealing != 0) return seal_ticket(*keys, name, iv, cipher, mac);
  return open_ticket(*keys, {reinterpret_cast<const char*>(name), kNameSize}, iv, cipher, mac);
}

}  // namespace

void TicketRing::replace(crypto::TicketKeys keys) {
  auto fresh = std::make_shared<const crypto::TicketKeys>(std::move(keys));
  const std::lock_guard lock(mutex_);
  keys_.swap(fresh);
}

TicketRing::Keys TicketRing::keys() const {
  const std::lock_guard lock(mutex_);
  return keys_;
}

void use_tickets(SSL_CTX* context, std::shared_ptr<TicketRing> ring, std::string_view identity) {
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_max_early_data(context, 0);
  SSL_CTX_set_recv_max_early_data(context, 0);
  if (!ring) {
    SSL_CTX_set_num_tickets(context, 0);
    return;
  }
  const auto name = crypto::sha256(identity);
  crypto::must(ticket_cipher() != nullptr, "AES-256-CBC");
  crypto::must(SSL_CTX_set_session_id_context(context, crypto::bytes_of(name),
                                              static_cast<unsigned>(name.size())) == 1,
               "TLS session id context");
  SSL_CTX_set_timeout(context, std::chrono::seconds(crypto::TicketKeys::kTicketLife).count());
  SSL_CTX_set_num_tickets(context, 1);
  SSL_CTX_set_ex_data(context, ring_index(), new Shared(std::move(ring)));
  SSL_CTX_set_tlsext_ticket_key_evp_cb(context, on_ticket);
}

void count_handshake(const SSL* ssl) {
  auto* ring = ring_of(ssl);
  if (ring == nullptr) return;
  const bool resumed = SSL_session_reused(ssl) == 1;
  ring->handshakes.fetch_add(1, std::memory_order_relaxed);
  if (resumed) ring->resumed.fetch_add(1, std::memory_order_relaxed);
  log::debug("tls.handshake", {{"resumed", resumed ? "yes" : "no"}});
}

}  // namespace edge::net
