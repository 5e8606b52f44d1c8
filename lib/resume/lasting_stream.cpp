#include "resume/lasting_stream.hpp"

#include <algorithm>

namespace edge::resume {
namespace {

constexpr milliseconds kForEver = std::chrono::hours(24);
constexpr milliseconds kBye{1'000};  // to tell the other end
// Of what is read from a carrier: small for a terminal, larger when reads fill it.
constexpr std::size_t kFirst = 8 * 1024, kMost = 128 * 1024;

std::shared_ptr<net::Notify> bell_on(const net::asio::any_io_executor& executor) {
  return std::make_shared<net::Notify>(executor);
}

bool is_set(const net::asio::cancellation_state& state) {
  return state.cancelled() != net::asio::cancellation_type::none;
}

}  // namespace

// The time with one carrier. Owned by the stream while it lasts, and by what runs on it.
struct LastingStream::Attachment {
  std::shared_ptr<net::Stream> carrier;
  std::function<void()> on_bytes;
  std::uint64_t position = 0;  // in the other end's stream, of the next byte that comes
  std::shared_ptr<net::Notify> gone;
};

LastingStream::LastingStream(net::asio::any_io_executor executor)
    : executor_(executor),
      readable_(executor),
      writable_(executor),
      to_send_(executor),
      drained_(executor),
      closed_(executor),
      let_go_(bell_on(executor)),
      tasks_(executor) {}

LastingStream::~LastingStream() = default;

net::Task<> LastingStream::carry(std::shared_ptr<net::Stream> carrier,
                                 std::optional<Counts> resumed, std::function<void()> on_bytes) {
  auto self = shared_from_this();
  if (over_) {
    carrier->close();
    co_return;
  }
  if (attached_) lose(*attached_);
  auto attachment = std::make_shared<Attachment>();
  attachment->carrier = std::move(carrier);
  attachment->on_bytes = std::move(on_bytes);
  attachment->gone = bell_on(executor_);
  if (resumed) {
    // What came over the old carrier since we said what we have will come again.
    attachment->position = resumed->by_us;
    sent_.rewind(resumed->by_them);
    arrived_.tell_anew();
  }
  attached_ = attachment;
  tasks_.spawn("stream.send", send(attachment));
  tasks_.spawn("stream.receive", receive(attachment));
  while (attached_ == attachment) {
    co_await attachment->gone->wait(kForEver);
    const auto cancelled = co_await net::asio::this_coro::cancellation_state;
    if (is_set(cancelled)) lose(*attachment);
  }
}

// --- its own tasks

net::Task<net::error_code> LastingStream::send_next(Attachment& attachment) {
  if (arrived_.ack_is_due()) {
    const auto ack = print_frame(FrameKind::ack, print_count(arrived_.ack()));
    co_return co_await attachment.carrier->write(net::asio::buffer(ack));
  }
  const auto next = sent_.next();
  if (!next.frame.empty())
    co_return co_await attachment.carrier->write(net::asio::buffer(next.frame));
  if (bye_ && !bye_sent_) {
    bye_sent_ = true;
    const auto bye = print_frame(FrameKind::bye, bye_words_);
    const auto error = co_await attachment.carrier->write(net::asio::buffer(bye));
    // Words must not be lost with the carrier: the other end lets go when it has them.
    if (bye_words_.empty()) finish("");
    co_return error;
  }
  co_await to_send_.wait();
  co_return net::error_code{};
}

net::Task<> LastingStream::send(std::shared_ptr<Attachment> attachment) {
  auto self = shared_from_this();
  while (attached_ == attachment) {
    const auto error = co_await send_next(*attachment);
    if (error) lose(*attachment);
  }
}

net::Task<> LastingStream::receive(std::shared_ptr<Attachment> attachment) {
  auto self = shared_from_this();
  FrameReader frames;
  std::string buffer(kFirst, '\0');
  while (attached_ == attachment) {
    auto [error, size] = co_await attachment->carrier->read_some(net::asio::buffer(buffer));
    if (attached_ != attachment) co_return;
    if (error) {
      lose(*attachment);
      co_return;
    }
    if (attachment->on_bytes) attachment->on_bytes();
    std::string_view input(buffer.data(), size);
    while (attached_ == attachment) {
      const auto frame = frames.next(input);
      if (!frame) break;
      take(*attachment, *frame);
    }
    if (frames.broken()) finish("the other end does not keep to the protocol");
    if (size == buffer.size() && size < kMost) buffer.resize(4 * size);
  }
}

void LastingStream::take(Attachment& attachment, const Frame& frame) {
  switch (frame.kind) {
    case FrameKind::bytes: {
      std::size_t taken = 0;
      auto* const to = static_cast<char*>(reading_.data());
      if (!arrived_.append(attachment.position, frame.payload, to, reading_.size(), taken))
        return finish("the other end has sent more than it may");
      attachment.position += frame.payload.size();
      reading_ += taken;
      read_ += taken;
      return readable_.ring();
    }
    case FrameKind::end:
      if (!arrived_.end(attachment.position++))
        return finish("the other end has sent an end too many");
      return readable_.ring();
    case FrameKind::ack:
      if (!sent_.taken(parse_count(frame.payload)))
        return finish("the other end says that it has what was never sent");
      if (sent_.all_taken()) drained_.ring();
      return writable_.ring();
    case FrameKind::bye:
      bye_ = true;  // nobody needs ours
      return finish(std::string(frame.payload));
    case FrameKind::refused:
      return finish("refused: " + std::string(frame.payload));
    default:
      return finish("the other end does not keep to the protocol");
  }
}

void LastingStream::lose(const Attachment& attachment) noexcept {
  if (attached_.get() != &attachment) return;
  const auto lost = std::move(attached_);
  attached_.reset();
  lost->carrier->close();
  lost->gone->ring();
  to_send_.ring();
  let_go_->ring();
}

void LastingStream::finish(std::string reason) noexcept {
  if (over_) return;
  over_ = true;
  reason_ = std::move(reason);
  if (attached_) lose(*attached_);
  for (auto* waiter : {&readable_, &writable_, &drained_, &closed_}) waiter->ring();
  let_go_->ring();
}

// --- for its owner

net::Task<> LastingStream::drained() {
  auto self = shared_from_this();
  while (!over_ && !sent_.all_taken()) {
    const bool rung = co_await drained_.wait();
    if (!rung) co_return;
  }
}

net::Task<> LastingStream::say_bye(std::string words) {
  auto self = shared_from_this();
  if (!over_ && attached_) {
    bye_words_ = words.substr(0, kMostWords);
    bye_ = true;
    to_send_.ring();
    const auto until = std::chrono::steady_clock::now() + kBye;
    while (attached_) {
      const auto left = std::chrono::ceil<milliseconds>(until - std::chrono::steady_clock::now());
      if (left.count() <= 0) break;
      co_await let_go_->wait(left);
    }
  }
  finish(std::move(words));
  co_await tasks_.join();
}

// --- net::Stream

net::Task<net::Read> LastingStream::read_some(net::asio::mutable_buffer buffer) {
  auto self = shared_from_this();
  for (;;) {
    if (!arrived_.is_empty()) {
      const auto size = arrived_.read(static_cast<char*>(buffer.data()), buffer.size());
      if (arrived_.ack_is_due()) to_send_.ring();
      co_return net::Read{{}, size};
    }
    if (arrived_.has_ended()) {
      arrived_.read_end();
      if (arrived_.ack_is_due()) to_send_.ring();
      co_return net::Read{net::asio::error::eof, 0};
    }
    if (over_) {
      const bool by_plan = reason_.empty();
      co_return net::Read{
          by_plan ? net::asio::error::make_error_code(net::asio::error::eof)
                  : net::asio::error::make_error_code(net::asio::error::connection_reset),
          0};
    }
    reading_ = buffer;
    read_ = 0;
    const bool rung = co_await readable_.wait();
    reading_ = {};
    if (read_ > 0) {
      if (arrived_.ack_is_due()) to_send_.ring();
      co_return net::Read{{}, read_};
    }
    if (!rung) co_return net::Read{net::asio::error::operation_aborted, 0};
  }
}

net::Task<net::error_code> LastingStream::write(net::asio::const_buffer bytes) {
  auto self = shared_from_this();
  std::string_view left(static_cast<const char*>(bytes.data()), bytes.size());
  while (!left.empty()) {
    if (over_ || bye_ || sent_.has_ended()) co_return net::asio::error::broken_pipe;
    const auto size = std::min(left.size(), sent_.room());
    if (size > 0) {
      sent_.append(left.substr(0, size));
      left.remove_prefix(size);
      to_send_.ring();
      continue;
    }
    const bool rung = co_await writable_.wait();
    if (!rung) co_return net::asio::error::operation_aborted;
  }
  co_return net::error_code{};
}

net::Task<net::error_code> LastingStream::shutdown_write() {
  if (over_) co_return net::asio::error::broken_pipe;
  sent_.end();
  to_send_.ring();
  co_return net::error_code{};
}

void LastingStream::close() noexcept {
  bye_ = true;
  if (attached_) {
    to_send_.ring();
  } else {
    finish("");
  }
}

net::Task<bool> LastingStream::closed() {
  auto self = shared_from_this();
  while (!over_) {
    const bool rung = co_await closed_.wait();
    if (!rung) break;
  }
  co_return over_;
}

}  // namespace edge::resume
