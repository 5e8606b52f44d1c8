#include "ssh/tunnel_server.hpp"

#include <unistd.h>

#include "net/deadline.hpp"
#include "ssh/channel.hpp"
#include "ssh/handles.hpp"
#include "ssh/session.hpp"

namespace edge::ssh {
namespace {
// By other methods than the password: a client may ask for `none` to be told what there is.
constexpr int kOtherTries = 6;
}  // namespace

struct TunnelServer::Part {
  TunnelRules rules;
  std::shared_ptr<Session> session;
  ssh_server_callbacks_struct callbacks{};
  PeerBounds* bounds = nullptr;  // the session's
  int failures = 0, others = 0;  // tries by password, by anything else
  bool logged_in = false, forwarded = false, accepted = false;

  static Part& of(void* userdata) { return *static_cast<Part*>(userdata); }

  static int on_password(ssh_session, const char* user, const char* password,
                         void* userdata) noexcept {
    auto& part = of(userdata);
    if (part.logged_in || !part.tries_left()) return SSH_AUTH_DENIED;
    try {
      part.logged_in = part.rules.login(user ? user : "", password ? password : "");
    } catch (...) {
      part.logged_in = false;
    }
    if (!part.logged_in) ++part.failures;
    part.session->moved();
    return part.logged_in ? SSH_AUTH_SUCCESS : SSH_AUTH_DENIED;
  }

  bool tries_left() const noexcept { return failures < rules.tries && others < kOtherTries; }
  bool is_done() const noexcept { return (logged_in && forwarded) || !tries_left(); }
  void count_other() noexcept {
    ++others;
    session->moved();
  }

  static int on_none(ssh_session, const char*, void* userdata) noexcept {
    of(userdata).count_other();
    return SSH_AUTH_DENIED;
  }

  // Everything an agent asks for comes through here; 1 is libssh's "refuse". The answer to
  // tcpip-forward must be given inside the callback: the message dies when we return.
  static int on_message(ssh_session, ssh_message message, void* userdata) noexcept {
    auto& part = of(userdata);
    if (ssh_message_type(message) == SSH_REQUEST_AUTH) part.count_other();
    if (ssh_message_type(message) != SSH_REQUEST_GLOBAL ||
        ssh_message_subtype(message) != SSH_GLOBAL_REQUEST_TCPIP_FORWARD) {
      return 1;
    }
    const char* address = ssh_message_global_request_address(message);
    if (!part.logged_in || part.forwarded || address == nullptr ||
        part.rules.forward_name != address ||
        ssh_message_global_request_port(message) != part.rules.forward_port) {
      return 1;
    }
    part.forwarded = true;
    part.bounds->known();
    ssh_message_global_request_reply_success(message, part.rules.forward_port);
    part.session->moved();
    return 0;
  }
};

TunnelServer::TunnelServer(net::asio::any_io_executor executor, int descriptor,
                           const ServerIdentity& identity, TunnelRules rules)
    : part_(std::make_shared<Part>()) {
  part_->rules = std::move(rules);
  SessionHandle raw(ssh_new());
  ssh_set_blocking(raw.get(), 0);
  // Here, for ssh_bind has no such option. "no" would only be the second choice.
  ssh_options_set(raw.get(), SSH_OPTIONS_COMPRESSION, "none");
  part_->callbacks.userdata = part_.get();
  part_->callbacks.auth_password_function = Part::on_password;
  part_->callbacks.auth_none_function = Part::on_none;
  ssh_callbacks_init(&part_->callbacks);
  ssh_set_server_callbacks(raw.get(), &part_->callbacks);
  ssh_set_message_callback(raw.get(), Part::on_message, part_.get());
  ssh_set_auth_methods(raw.get(), SSH_AUTH_METHOD_PASSWORD);
  part_->accepted = ssh_bind_accept_fd(identity.raw(), raw.get(), descriptor) == SSH_OK;
  if (!part_->accepted) ::close(descriptor);  // libssh did not take it
  part_->session =
      std::make_shared<Session>(executor, std::move(raw), descriptor, Session::Side::server);
  part_->bounds = &part_->session->bound();
  if (part_->accepted) {
    // Sends our banner. It may never say OK when the login comes in the same turn: do not wait for
    // it.
    part_->accepted =
        ssh_handle_key_exchange(part_->session->raw()) != SSH_ERROR && part_->session->start();
  }
}

// Part goes when libssh cannot call it any more: with the raw session, which close() has ended.
TunnelServer::~TunnelServer() {
  close();
  // A turn that is already posted still holds the session; it is dead and calls nothing.
}

net::Task<Result<void>> TunnelServer::establish(milliseconds deadline, milliseconds patience) {
  auto part = part_;
  auto& session = *part->session;
  if (!part->accepted)
    co_return fail(Errc::failure, "cannot take the connection: " + session.reason());
  const auto cut = [part] { part->session->close(); };
  // In the turn of the last try: what has come meanwhile is not even read.
  session.after_turn = [weak = std::weak_ptr(part)] {
    const auto owner = weak.lock();
    if (owner && !owner->logged_in && !owner->tries_left()) owner->session->close();
  };
  net::Deadline bound(session.executor(), deadline, cut);
  net::Deadline silence(session.executor(), patience, cut);
  auto heard = session.last_heard();
  for (bool first = true; session.alive() && !part->is_done();) {
    const bool go_on = co_await session.progress();
    if (!go_on) break;
    if (std::exchange(heard, session.last_heard()) == session.last_heard()) continue;
    silence.extend(patience);
    if (std::exchange(first, false)) bound.extend(deadline);
  }
  if (part->logged_in && part->forwarded && session.alive()) co_return Result<void>{};
  if (bound.passed() || silence.passed()) {
    co_return fail(Errc::timed_out,
                   part->logged_in ? "no forward was asked for in time" : "no login in time");
  }
  const bool refused = part->failures > 0 && !part->logged_in;
  session.close();
  if (!refused) co_return fail(Errc::failure, session.reason());
  co_return fail(Errc::not_allowed, "wrong credentials");
}

net::Task<Result<std::unique_ptr<net::Stream>>> TunnelServer::open_stream(milliseconds deadline) {
  auto part = part_;
  auto session = part->session;
  if (!session->alive())
    co_return fail(Errc::unreachable, "the tunnel is gone: " + session->reason());
  ssh_channel raw = ssh_channel_new(session->raw());
  if (raw == nullptr) co_return fail(Errc::unavailable, "cannot open a stream: out of memory");
  auto channel = std::make_unique<Channel>(session, raw);
  session->opened_stream();
  bool late = false;
  // A channel that is still opening cannot be freed without leaking the peer's: a tunnel that does
  // not even answer an open is of no use, so all of it ends.
  net::Deadline bound(session->executor(), deadline, [&late, session] {
    late = true;
    session->close();
  });
  const int rc = co_await session->call([&] {
    if (channel->raw() == nullptr) return SSH_ERROR;
    // Exactly the address that the client asked for (RFC 4254 section 7.2).
    return ssh_channel_open_reverse_forward(channel->raw(), part->rules.forward_name.c_str(),
                                            part->rules.forward_port, "edge", 0);
  });
  if (rc == SSH_OK) co_return std::unique_ptr<net::Stream>(std::move(channel));
  if (late) co_return fail(Errc::timed_out, "the agent did not answer a stream in time");
  channel->refused();
  co_return fail(Errc::unreachable, "the agent refused a stream");
}

void TunnelServer::probe() {
  auto& session = *part_->session;
  if (!session.alive()) return;
  ssh_send_keepalive(session.raw());  // says OK always: only last_heard() tells
  session.touched();
}

SteadyTime TunnelServer::last_heard() const {
  return part_->session->last_heard();
}
bool TunnelServer::alive() const {
  return part_->session->alive();
}
std::string TunnelServer::reason() const {
  return part_->session->reason();
}

bool TunnelServer::said_goodbye() const {
  return reason().starts_with("Received SSH_MSG_DISCONNECT");  // libssh's words for it
}

net::Task<> TunnelServer::until_dead() {
  auto session = part_->session;
  co_await session->until_dead();
}

void TunnelServer::close() noexcept {
  part_->session->close();
}

}  // namespace edge::ssh
