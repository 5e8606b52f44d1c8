#include "ssh/tunnel_client.hpp"

#include <algorithm>
#include <boost/asio/this_coro.hpp>
#include <stdexcept>

#include "net/deadline.hpp"
#include "ssh/channel.hpp"
#include "ssh/client_options.hpp"
#include "ssh/key.hpp"
#include "ssh/session.hpp"

namespace edge::ssh {

struct TunnelClient::Part {
  TunnelTarget target;
  OnStream on_stream;
  std::shared_ptr<Session> session;
  ssh_callbacks_struct callbacks{};
  std::vector<ssh_channel> arrived;  // accepted inside of a callback, made streams after the turn

  static ssh_channel on_forwarded(ssh_session session, const char* destination, int port,
                                  const char*, int, void* userdata) noexcept {
    auto& part = *static_cast<Part*>(userdata);
    if (destination == nullptr || part.target.forward_name != destination ||
        port != part.target.forward_port ||
        part.session->channel_count() + part.arrived.size() >= part.target.streams) {
      return nullptr;
    }
    ssh_channel channel = ssh_channel_new(session);
    if (channel != nullptr) part.arrived.push_back(channel);
    return channel;
  }

  void hand_out() {
    auto channels = std::exchange(arrived, {});
    for (auto* raw : channels) {
      if (session->alive()) on_stream(std::make_unique<Channel>(session, raw));
    }
  }
};

namespace {

std::string server_fingerprint(ssh_session session) {
  ssh_key raw = nullptr;
  if (ssh_get_server_publickey(session, &raw) != SSH_OK) return {};
  return Key(raw).fingerprint();
}

}  // namespace

void throw_exception_from_error(const TunnelFailure& failure, const boost::source_location&) {
  throw std::runtime_error(failure.reason + ": " + failure.detail);
}

TunnelClient::TunnelClient(std::shared_ptr<Part> part) : part_(std::move(part)) {}

TunnelClient::~TunnelClient() {
  part_->session->after_turn = nullptr;
  close();
}

net::Task<TunnelClient::Opened> TunnelClient::open(int descriptor, TunnelTarget target,
                                                   milliseconds deadline, OnStream on_stream) {
  const auto executor = co_await net::asio::this_coro::executor;
  auto part = std::make_shared<Part>();
  part->target = std::move(target);
  part->on_stream = std::move(on_stream);
  auto raw =
      make_client(descriptor, part->target.user,
                  part->target.ciphers.empty() ? kClientCiphers : part->target.ciphers.c_str());
  part->callbacks.userdata = part.get();
  part->callbacks.channel_open_request_forwarded_tcpip_function = Part::on_forwarded;
  ssh_callbacks_init(&part->callbacks);
  ssh_set_callbacks(raw.get(), &part->callbacks);
  auto* session = raw.get();
  part->session =
      std::make_shared<Session>(executor, std::move(raw), descriptor, Session::Side::client);
  part->session->after_turn = [weak = std::weak_ptr(part)] {
    if (auto strong = weak.lock()) strong->hand_out();
  };
  std::unique_ptr<TunnelClient> client(new TunnelClient(part));

  bool late = false;
  net::Deadline bound(executor, deadline, [&late, part] {
    late = true;
    part->session->close();
  });
  auto failed = [&](const char* reason) {
    if (late) return TunnelFailure{"handshake-timeout", "no answer in time"};
    const char* words = ssh_get_error(session);
    std::string detail = part->session->reason();
    if (detail.empty() || detail == "closed") detail = words ? words : "";
    part->session->close();
    return TunnelFailure{reason, detail};
  };

  int rc = ssh_connect(session);
  keep_non_blocking(descriptor);
  if (rc == SSH_ERROR || !part->session->start()) co_return failed("lost");
  if (rc == SSH_AGAIN) rc = co_await part->session->call([&] { return ssh_connect(session); });
  if (rc != SSH_OK) co_return failed("lost");

  const auto seen = server_fingerprint(session);
  const auto& known = part->target.host_keys;
  if (std::find(known.begin(), known.end(), seen) == known.end()) {
    part->session->close();
    co_return TunnelFailure{"host-key-mismatch", "the tunnel server shows " + seen};
  }
  rc = co_await part->session->call([&] {
    const std::string password(part->target.password.reveal());  // libssh wants a C string
    return again_or(ssh_userauth_password(session, nullptr, password.c_str()));
  });
  // Only an answer is a refusal: a connection that breaks in the middle of it is not.
  if (rc == SSH_AUTH_DENIED || rc == SSH_AUTH_PARTIAL) co_return failed("auth-refused");
  if (rc != SSH_AUTH_SUCCESS) co_return failed("lost");
  rc = co_await part->session->call([&] {
    return ssh_channel_listen_forward(session, part->target.forward_name.c_str(),
                                      part->target.forward_port, nullptr);
  });
  if (rc != SSH_OK) co_return failed("lost");
  co_return client;
}

void TunnelClient::probe() {
  if (!part_->session->alive()) return;
  ssh_send_keepalive(part_->session->raw());
  part_->session->touched();
}

SteadyTime TunnelClient::last_heard() const {
  return part_->session->last_heard();
}
bool TunnelClient::alive() const {
  return part_->session->alive();
}
std::string TunnelClient::reason() const {
  return part_->session->reason();
}

net::Task<> TunnelClient::until_dead() {
  auto session = part_->session;
  co_await session->until_dead();
}

void TunnelClient::close() noexcept {
  part_->session->close();
}

}  // namespace edge::ssh
