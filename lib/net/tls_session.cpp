#include "net/tls_session.hpp"

#include <openssl/ssl.h>
#include <openssl/x509.h>

namespace edge::net {

// Connections get copies of the session and bring copies: OpenSSL spoils the one of a connection
// that ends without a goodbye, and a killed server says none.
struct SessionMemory::State {
  struct Free {
    void operator()(SSL_SESSION* session) const noexcept { SSL_SESSION_free(session); }
    void operator()(SSL_CTX* context) const noexcept { SSL_CTX_free(context); }
  };
  std::unique_ptr<SSL_SESSION, Free> session;
  std::unique_ptr<SSL_CTX, Free> context;  // that checked the certificate; held, so that no other
                                           // one gets its address
  std::string host;
  SteadyTime checked{};  // the certificate
  int offers = 0;
  Now now = nullptr;
};

// Hangs on the SSL and dies with it.
struct SessionMemory::Connection {
  std::shared_ptr<State> state;
  std::string host;
  SteadyTime checked{};  // of the session that was offered
};

int SessionMemory::connection_index() {
  static const int index = SSL_get_ex_new_index(
      0, nullptr, nullptr, nullptr, [](void*, void* connection, CRYPTO_EX_DATA*, int, long, void*) {
        delete static_cast<Connection*>(connection);
      });
  return index;
}

SessionMemory::SessionMemory(Now now) : state_(std::make_shared<State>()) {
  state_->now = now;
}
SessionMemory::~SessionMemory() = default;

void SessionMemory::forget() noexcept {
  state_->session.reset();
  state_->context.reset();
}

bool SessionMemory::empty() const noexcept {
  return state_->session == nullptr;
}

void SessionMemory::attach(SSL* ssl, const std::string& host) {
  auto& state = *state_;
  const bool same = state.context.get() == SSL_get_SSL_CTX(ssl) && state.host == host;
  const bool fresh = state.now() - state.checked < kLongestTrust;
  if (!same || !fresh || state.offers >= kMostOffers) forget();
  delete static_cast<Connection*>(SSL_get_ex_data(ssl, connection_index()));
  SSL_set_ex_data(ssl, connection_index(), new Connection{state_, host, state.checked});
  if (!state.session) return;
  ++state.offers;
  const std::unique_ptr<SSL_SESSION, State::Free> offered(SSL_SESSION_dup(state.session.get()));
  if (offered) SSL_set_session(ssl, offered.get());
}

// OpenSSL's: a server's ticket has come, some time after the handshake. 0: the reference stays
// OpenSSL's.
int SessionMemory::on_session(SSL* ssl, SSL_SESSION* session) noexcept {
  auto* connection = static_cast<Connection*>(SSL_get_ex_data(ssl, connection_index()));
  const bool checked = SSL_get_verify_result(ssl) == X509_V_OK &&
                       SSL_SESSION_get0_peer(session) != nullptr &&
                       SSL_SESSION_is_resumable(session) == 1;
  if (connection == nullptr || !checked) return 0;
  auto& state = *connection->state;
  state.session.reset(SSL_SESSION_dup(session));
  SSL_CTX* context = SSL_get_SSL_CTX(ssl);
  if (state.context.get() != context) {
    SSL_CTX_up_ref(context);
    state.context.reset(context);
  }
  state.host = connection->host;
  state.checked = SSL_session_reused(ssl) == 1 ? connection->checked : state.now();
  state.offers = 0;
  return 0;
}

void remember_sessions(SSL_CTX* context) {
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(context, SessionMemory::on_session);
}

}  // namespace edge::net
