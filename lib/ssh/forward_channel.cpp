#include "ssh/forward_channel.hpp"

namespace edge::ssh {
namespace {

class ForwardChannel final : public net::Stream {
 public:
  ForwardChannel(std::shared_ptr<Session> session, ssh_channel raw,
                 std::unique_ptr<ForwardPlace> place)
      : place_(std::move(place)), channel_(std::move(session), raw) {}

  net::asio::any_io_executor executor() override { return channel_.executor(); }
  Task<net::Read> read_some(net::asio::mutable_buffer buffer) override {
    return channel_.read_some(buffer);
  }
  Task<net::error_code> write(net::asio::const_buffer bytes) override {
    return channel_.write(bytes);
  }
  Task<net::error_code> shutdown_write() override { return channel_.shutdown_write(); }
  void close() noexcept override { channel_.close(); }
  void offer_to(Taker taker) override { channel_.offer_to(std::move(taker)); }
  Task<bool> closed() override { return channel_.closed(); }
  Channel& channel() { return channel_; }

 private:
  std::unique_ptr<ForwardPlace> place_;
  Channel channel_;
};

class AskedForward final : public ForwardRequest {
 public:
  AskedForward(std::shared_ptr<Session> session, std::unique_ptr<ForwardPlace> place,
               Message message)
      : session_(std::move(session)), place_(std::move(place)), message_(std::move(message)) {
    const char* host = ssh_message_channel_request_open_destination(message_.get());
    const int port = ssh_message_channel_request_open_destination_port(message_.get());
    target_ = {host ? host : "", static_cast<std::uint16_t>(port)};
  }
  ~AskedForward() override {
    if (!message_ || !session_->alive()) return;
    ssh_message_reply_default(message_.get());
    session_->touched();
  }

  const HostPort& target() const override { return target_; }
  std::unique_ptr<net::Stream> accept() override {
    const auto message = std::exchange(message_, nullptr);
    if (!message || !session_->alive()) return nullptr;
    ssh_channel raw = ssh_message_channel_request_open_reply_accept(message.get());
    if (raw == nullptr) return nullptr;
    auto stream = std::make_unique<ForwardChannel>(session_, raw, std::move(place_));
    session_->touched();
    return stream;
  }

 private:
  std::shared_ptr<Session> session_;
  std::unique_ptr<ForwardPlace> place_;
  Message message_;
  HostPort target_;
};

class AskedListen final : public ListenRequest {
 public:
  AskedListen(std::shared_ptr<Session> session, Message message)
      : session_(std::move(session)), message_(std::move(message)) {
    const char* address = ssh_message_global_request_address(message_.get());
    address_ = address ? address : "";
    port_ = static_cast<std::uint16_t>(ssh_message_global_request_port(message_.get()));
    is_end_ = ssh_message_subtype(message_.get()) == SSH_GLOBAL_REQUEST_CANCEL_TCPIP_FORWARD;
  }
  ~AskedListen() override {
    if (!message_ || !session_->alive()) return;
    ssh_message_reply_default(message_.get());
    session_->touched();
  }

  bool is_end() const override { return is_end_; }
  const std::string& address() const override { return address_; }
  std::uint16_t port() const override { return port_; }
  void accept(std::uint16_t port) override {
    const auto message = std::exchange(message_, nullptr);
    if (!message || !session_->alive()) return;
    ssh_message_global_request_reply_success(message.get(), port);
    session_->touched();
  }

 private:
  std::shared_ptr<Session> session_;
  Message message_;
  std::string address_;
  std::uint16_t port_ = 0;
  bool is_end_ = false;
};

}  // namespace

std::unique_ptr<ForwardPlace> ForwardPlace::take(const ForwardCount& count,
                                                 const Session& session) {
  // What the peer does not close, libssh keeps: it counts, too.
  if (*count + session.closing_count() >= kMostForwards) return nullptr;
  return std::unique_ptr<ForwardPlace>(new ForwardPlace(count));
}

std::unique_ptr<ForwardRequest> take_forward(std::shared_ptr<Session> session, ForwardCount count,
                                             Message message) {
  auto place = ForwardPlace::take(count, *session);
  if (place)
    return std::make_unique<AskedForward>(std::move(session), std::move(place), std::move(message));
  ssh_message_reply_default(message.get());
  return nullptr;
}

std::unique_ptr<ListenRequest> take_listen(std::shared_ptr<Session> session, Message message) {
  return std::make_unique<AskedListen>(std::move(session), std::move(message));
}

net::Task<Result<std::unique_ptr<net::Stream>>> open_towards_operator(
    std::shared_ptr<Session> session, ForwardCount count, std::function<int(ssh_channel)> open) {
  if (!session->alive()) co_return fail(Errc::unreachable, "the session has ended");
  auto place = ForwardPlace::take(count, *session);
  if (!place) co_return fail(Errc::unavailable, "as many forwarded connections as it takes");
  ssh_channel raw = ssh_channel_new(session->raw());
  if (raw == nullptr) co_return fail(Errc::unavailable, "out of memory");
  auto stream = std::make_unique<ForwardChannel>(session, raw, std::move(place));
  auto& channel = stream->channel();
  session->opened_stream();
  const auto step = [&channel, &open] {
    return channel.raw() == nullptr ? SSH_ERROR : open(channel.raw());
  };
  const int rc = co_await session->call(step);
  if (rc == SSH_OK) co_return std::unique_ptr<net::Stream>(std::move(stream));
  channel.refused();
  co_return fail(Errc::unreachable, "the operator's side refused a channel");
}

}  // namespace edge::ssh
