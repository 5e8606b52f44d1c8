#include "resume/handshake.hpp"

#include <array>

#include "base/text.hpp"
#include "crypto/random.hpp"
#include "net/deadline.hpp"
#include "net/http.hpp"

namespace edge::resume {
namespace {

constexpr const char* kOldCount = "what the other end lacks is not kept, or was never sent";

// One handshake: reads frame by frame, and keeps what came behind the last one.
class Talk {
 public:
  Talk(std::shared_ptr<net::Stream> carrier, milliseconds deadline)
      : carrier_(std::move(carrier)),
        bound_(carrier_->executor(), deadline, [this] { carrier_->close(); }) {}

  net::Task<Result<void>> say(FrameKind kind, std::string payload) {
    const auto frame = print_frame(kind, payload);
    const auto error = co_await carrier_->write(net::asio::buffer(frame));
    if (error) co_return gone();
    co_return Result<void>{};
  }

  net::Task<Result<std::string>> hear(FrameKind wanted) {
    std::array<char, 1024> buffer;
    for (;;) {
      std::string_view input(rest_);
      const auto frame = frames_.next(input);
      const auto taken = rest_.size() - input.size();
      if (frame && frame->kind == FrameKind::refused)
        co_return fail(Errc::not_allowed, printable(std::string(frame->payload), kMostWords));
      if (frames_.broken() || (frame && frame->kind != wanted))
        co_return fail(Errc::not_allowed, "the other end does not keep to the protocol");
      if (frame) {
        std::string payload(frame->payload);
        rest_.erase(0, taken);
        co_return payload;
      }
      rest_.erase(0, taken);
      auto [error, size] = co_await carrier_->read_some(net::asio::buffer(buffer));
      if (error) co_return gone();
      rest_.append(buffer.data(), size);
    }
  }

  std::shared_ptr<net::Stream> take() {
    return net::with_rest(std::move(carrier_), std::move(rest_));
  }

 private:
  Error gone() const {
    if (bound_.passed()) return fail(Errc::timed_out, "no answer in time while resuming");
    return fail(Errc::unreachable, "the connection was lost while resuming");
  }

  std::shared_ptr<net::Stream> carrier_;
  net::Deadline bound_;
  FrameReader frames_;
  std::string rest_;
};

Hello our_hello(const LastingStream& stream) {
  return {crypto::random_bytes(kNonceBytes), stream.received()};
}

}  // namespace

net::Task<Result<Resumed>> resume_as_operator(std::shared_ptr<net::Stream> carrier,
                                              LastingStream& stream, const Keys& keys,
                                              milliseconds deadline) {
  Talk talk(std::move(carrier), deadline);
  Exchange said;
  said.by_operator = our_hello(stream);
  auto greeted = co_await talk.say(FrameKind::hello, print_hello(said.by_operator));
  if (!greeted) co_return greeted.error();
  auto welcome = co_await talk.hear(FrameKind::welcome);
  if (!welcome) co_return welcome.error();
  said.by_node = parse_hello(*welcome);
  if (!is_signed(keys, Side::node, said, std::string_view(*welcome).substr(kHelloBytes)))
    co_return fail(Errc::not_allowed, "what answers is not the node of this session");
  if (!stream.can_go_on_from(said.by_node.received)) co_return fail(Errc::conflict, kOldCount);
  auto proved = co_await talk.say(FrameKind::proof, sign(keys, Side::one_operator, said));
  if (!proved) co_return proved.error();
  co_return Resumed{talk.take(), {said.by_operator.received, said.by_node.received}};
}

net::Task<Result<Resumed>> resume_as_node(std::shared_ptr<net::Stream> carrier,
                                          LastingStream& stream, const Keys& keys,
                                          milliseconds deadline) {
  Talk talk(std::move(carrier), deadline);
  Exchange said;
  auto hello = co_await talk.hear(FrameKind::hello);
  if (!hello) co_return hello.error();
  said.by_operator = parse_hello(*hello);
  said.by_node = our_hello(stream);
  auto welcome = print_hello(said.by_node) + sign(keys, Side::node, said);
  auto welcomed = co_await talk.say(FrameKind::welcome, std::move(welcome));
  if (!welcomed) co_return welcomed.error();
  auto proof = co_await talk.hear(FrameKind::proof);
  if (!proof) co_return proof.error();
  // Nothing about the stream has changed until here: a stranger's attempt disturbs nobody.
  if (!is_signed(keys, Side::one_operator, said, *proof)) {
    co_await talk.say(FrameKind::refused, "not signed by the key of this session");
    co_return fail(Errc::not_allowed, "not signed by the key of this session");
  }
  if (!stream.can_go_on_from(said.by_operator.received)) {
    co_await talk.say(FrameKind::refused, kOldCount);
    co_return fail(Errc::conflict, kOldCount);
  }
  co_return Resumed{talk.take(), {said.by_node.received, said.by_operator.received}};
}

}  // namespace edge::resume
