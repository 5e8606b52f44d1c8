#include "net/tls.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <algorithm>

#include "crypto/certificate.hpp"
#include "net/deadline.hpp"

namespace edge::net {
namespace {

std::string last_tls_error(const char* otherwise) {
  const auto code = ERR_get_error();
  ERR_clear_error();
  if (code == 0) return otherwise;
  const char* reason = ERR_reason_error_string(code);
  return reason ? reason : otherwise;
}

TlsContext make_context(const SSL_METHOD* method) {
  TlsContext context(SSL_CTX_new(method), SSL_CTX_free);
  if (!context) throw std::bad_alloc();
  SSL_CTX_set_min_proto_version(context.get(), TLS1_3_VERSION);
  SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  return context;
}

error_code error_of(int reason) {
  if (reason == SSL_ERROR_WANT_READ || reason == SSL_ERROR_WANT_WRITE)
    return asio::error::would_block;
  if (reason == SSL_ERROR_ZERO_RETURN) return asio::error::eof;
  return asio::error::connection_reset;
}

// What a client wants to see; hangs on its SSL_CTX and dies with it.
struct Trust {
  std::vector<std::string> pins;
  bool system = false;
};

int trust_index() {
  static const int index = SSL_CTX_get_ex_new_index(
      0, nullptr, nullptr, nullptr, [](void*, void* trust, CRYPTO_EX_DATA*, int, long, void*) {
        delete static_cast<Trust*>(trust);
      });
  return index;
}

// The pin that the peer showed; hangs on its SSL: OpenSSL keeps no certificate of a refused one.
int shown_pin_index() {
  static const int index = SSL_get_ex_new_index(
      0, nullptr, nullptr, nullptr, [](void*, void* pin, CRYPTO_EX_DATA*, int, long, void*) {
        delete static_cast<std::string*>(pin);
      });
  return index;
}

std::string pin_of(X509* certificate) {
  unsigned char* der = nullptr;
  const int size = i2d_X509(certificate, &der);
  if (size <= 0) return {};
  auto pin = crypto::pin_of_der({reinterpret_cast<char*>(der), static_cast<std::size_t>(size)});
  OPENSSL_free(der);
  return pin;
}

// The leaf's pin decides; dates and names do not matter then. Only "system" goes on to the usual
// checks.
int verify_by_pin(X509_STORE_CTX* chain, void* argument) {
  const auto* trust = static_cast<const Trust*>(argument);
  X509* leaf = X509_STORE_CTX_get0_cert(chain);
  if (leaf != nullptr) {
    const auto pin = pin_of(leaf);
    auto* ssl =
        static_cast<SSL*>(X509_STORE_CTX_get_ex_data(chain, SSL_get_ex_data_X509_STORE_CTX_idx()));
    delete static_cast<std::string*>(SSL_get_ex_data(ssl, shown_pin_index()));
    SSL_set_ex_data(ssl, shown_pin_index(), new std::string(pin));
    if (std::find(trust->pins.begin(), trust->pins.end(), pin) != trust->pins.end()) return 1;
  }
  if (trust->system) return X509_verify_cert(chain);
  X509_STORE_CTX_set_error(chain, X509_V_ERR_CERT_UNTRUSTED);
  return 0;
}

// Whether the handshake failed by what a side said, not by a connection that ended.
bool is_refusal(int reason) {
  return reason == SSL_ERROR_SSL &&
         ERR_GET_REASON(ERR_peek_error()) != SSL_R_UNEXPECTED_EOF_WHILE_READING;
}

}  // namespace

Result<TlsContext> make_server_context(std::string_view certificate_pem, const Secret& key_pem,
                                       std::shared_ptr<TicketRing> tickets) {
  auto context = make_context(TLS_server_method());
  using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;
  const Bio certificate_bio(
      BIO_new_mem_buf(certificate_pem.data(), static_cast<int>(certificate_pem.size())), BIO_free);
  const auto key_text = key_pem.reveal();  // for OpenSSL's parser
  const Bio key_bio(BIO_new_mem_buf(key_text.data(), static_cast<int>(key_text.size())), BIO_free);
  const std::unique_ptr<X509, decltype(&X509_free)> certificate(
      PEM_read_bio_X509(certificate_bio.get(), nullptr, nullptr, nullptr), X509_free);
  if (!certificate)
    return fail(Errc::usage, "no certificate in PEM form: " + last_tls_error("empty"));
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(
      PEM_read_bio_PrivateKey(key_bio.get(), nullptr, nullptr, nullptr), EVP_PKEY_free);
  if (!key) return fail(Errc::usage, "no private key in PEM form: " + last_tls_error("empty"));
  if (SSL_CTX_use_certificate(context.get(), certificate.get()) != 1 ||
      SSL_CTX_use_PrivateKey(context.get(), key.get()) != 1) {
    return fail(Errc::usage,
                "key and certificate do not belong together: " + last_tls_error("mismatch"));
  }
  // The rest of the file is the chain, for certificates that a CA gave.
  while (X509* next = PEM_read_bio_X509(certificate_bio.get(), nullptr, nullptr, nullptr)) {
    SSL_CTX_add0_chain_cert(context.get(), next);
  }
  ERR_clear_error();
  // One read(2) for a request instead of two, one for its record's head and one for the rest.
  SSL_CTX_set_read_ahead(context.get(), 1);
  use_tickets(context.get(), std::move(tickets), pin_of(certificate.get()));
  return context;
}

Result<TlsContext> make_client_context(const std::vector<std::string>& pins) {
  auto context = make_context(TLS_client_method());
  auto trust = std::make_unique<Trust>();
  for (const auto& pin : pins) {
    if (pin == "system") {
      trust->system = true;
    } else {
      trust->pins.push_back(pin);
    }
  }
  if (trust->system) SSL_CTX_set_default_verify_paths(context.get());
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_cert_verify_callback(context.get(), verify_by_pin, trust.get());
  SSL_CTX_set_ex_data(context.get(), trust_index(), trust.release());
  remember_sessions(context.get());
  return context;
}

void TlsStream::Free::operator()(SSL* ssl) const noexcept {
  SSL_free(ssl);
}

TlsStream::TlsStream(Socket socket, const TlsContext& context)
    : socket_(std::move(socket)), ssl_(SSL_new(context.get())) {
  if (!ssl_ || SSL_set_fd(ssl_.get(), socket_.native_handle()) != 1) throw std::bad_alloc();
  socket_.native_non_blocking(true);
}

TlsStream::~TlsStream() = default;

Task<bool> TlsStream::wait_for(int reason) {
  const auto what = reason == SSL_ERROR_WANT_WRITE ? Socket::wait_write : Socket::wait_read;
  auto [error] = co_await socket_.async_wait(what, as_values);
  co_return !error;
}

Task<bool> TlsStream::wait_for(int reason, milliseconds patience) {
  Deadline bound(socket_.get_executor(), patience, [this] { close(); });
  const bool ready = co_await wait_for(reason);
  co_return ready;
}

Task<Result<void>> TlsStream::accept(Turns* turns, milliseconds patience) {
  for (;;) {
    if (turns != nullptr) {
      const bool has_come = co_await turns->wait();
      if (!has_come) break;
    }
    if (!socket_.is_open()) break;
    ERR_clear_error();
    const int rc = SSL_accept(ssl_.get());
    if (rc == 1) {
      count_handshake(ssl_.get());
      co_return Result<void>{};
    }
    const int reason = SSL_get_error(ssl_.get(), rc);
    if (reason != SSL_ERROR_WANT_READ && reason != SSL_ERROR_WANT_WRITE) break;
    const bool ready = co_await wait_for(reason, patience);
    if (!ready) break;
  }
  co_return fail(Errc::failure, "TLS handshake failed: " + last_tls_error("connection closed"));
}

Task<Result<void>> TlsStream::connect(const std::string& host, SessionMemory* memory) {
  // An address is no server name (RFC 6066, section 3), and some servers refuse it.
  if (!is_ipv4(host) && !is_ipv6(host)) SSL_set_tlsext_host_name(ssl_.get(), host.c_str());
  SSL_set1_host(ssl_.get(), host.c_str());  // only "system" looks at it
  if (memory != nullptr) memory->attach(ssl_.get(), host);
  for (;;) {
    if (!socket_.is_open()) break;
    ERR_clear_error();
    const int rc = SSL_connect(ssl_.get());
    if (rc == 1) co_return Result<void>{};
    const int reason = SSL_get_error(ssl_.get(), rc);
    if (memory != nullptr && is_refusal(reason)) memory->forget();  // the next one is a full one
    if (reason != SSL_ERROR_WANT_READ && reason != SSL_ERROR_WANT_WRITE) break;
    if (!co_await wait_for(reason)) break;
  }
  if (SSL_get_verify_result(ssl_.get()) != X509_V_OK) {
    const auto* pin =
        static_cast<const std::string*>(SSL_get_ex_data(ssl_.get(), shown_pin_index()));
    const auto seen = pin != nullptr ? *pin : std::string("none");
    co_return fail(Errc::not_allowed, "TLS pin mismatch: the server shows " + seen);
  }
  co_return fail(Errc::unreachable, "TLS handshake failed: " + last_tls_error("connection closed"));
}

bool TlsStream::resumed() const noexcept {
  return SSL_session_reused(ssl_.get()) == 1;
}

Task<Read> TlsStream::read_some(asio::mutable_buffer buffer) {
  while (socket_.is_open()) {
    std::size_t size = 0;
    ERR_clear_error();
    if (SSL_read_ex(ssl_.get(), buffer.data(), buffer.size(), &size) == 1) co_return Read{{}, size};
    const int reason = SSL_get_error(ssl_.get(), 0);
    if (reason == SSL_ERROR_ZERO_RETURN) co_return Read{asio::error::eof, 0};
    if (reason != SSL_ERROR_WANT_READ && reason != SSL_ERROR_WANT_WRITE) {
      co_return Read{asio::error::connection_reset, 0};
    }
    if (!co_await wait_for(reason)) break;
  }
  co_return Read{asio::error::operation_aborted, 0};
}

Task<error_code> TlsStream::write(asio::const_buffer bytes) {
  while (bytes.size() > 0) {
    if (!socket_.is_open()) co_return asio::error::operation_aborted;
    std::size_t size = 0;
    ERR_clear_error();
    if (SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &size) == 1) {
      bytes += size;
      continue;
    }
    const int reason = SSL_get_error(ssl_.get(), 0);
    if (reason != SSL_ERROR_WANT_READ && reason != SSL_ERROR_WANT_WRITE) {
      co_return asio::error::connection_reset;
    }
    if (!co_await wait_for(reason)) co_return asio::error::operation_aborted;
  }
  co_return error_code{};
}

TryIo TlsStream::try_read(asio::mutable_buffer buffer) {
  if (!socket_.is_open()) return {asio::error::operation_aborted};
  std::size_t size = 0;
  ERR_clear_error();
  if (SSL_read_ex(ssl_.get(), buffer.data(), buffer.size(), &size) == 1) return {{}, size};
  return {error_of(SSL_get_error(ssl_.get(), 0))};
}

TryIo TlsStream::try_write(asio::const_buffer bytes) {
  if (!socket_.is_open()) return {asio::error::operation_aborted};
  std::size_t size = 0;
  ERR_clear_error();
  if (SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &size) == 1) return {{}, size};
  return {error_of(SSL_get_error(ssl_.get(), 0))};
}

bool TlsStream::has_pending() const noexcept {
  return SSL_has_pending(ssl_.get()) == 1;
}

void TlsStream::say_goodbye() noexcept {
  ERR_clear_error();
  if (socket_.is_open()) SSL_shutdown(ssl_.get());
}

Task<error_code> TlsStream::shutdown_write() {
  say_goodbye();
  co_return error_code{};
}

void TlsStream::close() noexcept {
  error_code ignored;
  socket_.close(ignored);
}

void TlsStream::when_readable(std::function<void()> callback) {
  socket_.async_wait(Socket::wait_read, [callback = std::move(callback)](error_code error) {
    if (error != asio::error::operation_aborted) callback();
  });
}

void TlsStream::forget_readable() noexcept {
  error_code ignored;
  socket_.cancel(ignored);
}

}  // namespace edge::net
