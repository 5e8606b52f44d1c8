#include "sftp/conversation.hpp"

#include <cstring>

#include "base/packed.hpp"

namespace edge::sftp {
namespace {

constexpr std::size_t kArrived = 64 * 1024;    // read at once, where packets are small
constexpr std::size_t kTogether = 128 * 1024;  // requests written at once

std::string_view view(const Blocks::Block& block) {
  return {block.bytes.get(), block.size};
}

}  // namespace

net::Task<Result<Reply>> Call::reply() {
  while (!done_) {
    const bool waited = co_await waiter_.wait();
    if (!waited && !done_) co_return fail(Errc::failure, "cancelled");
  }
  co_return std::move(reply_);
}

Call::~Call() {
  blocks_->give_back(std::move(packet_));
}

void Call::finish(Result<Reply> reply, Blocks::Block packet) {
  reply_ = std::move(reply);
  packet_ = std::move(packet);
  done_ = true;
  waiter_.ring();
}

Conversation::Conversation(net::Stream& stream, std::size_t requests, std::size_t bytes)
    : stream_(stream),
      window_(stream.executor(), requests, bytes),
      to_write_(stream.executor()),
      arrived_(std::make_unique_for_overwrite<char[]>(kArrived)) {}

Error Conversation::lost() const {
  return fail(Errc::unreachable, reason_.empty() ? "the far side closed the connection" : reason_);
}

net::Task<Result<Version>> Conversation::greet() {
  const auto init = print_init();
  const auto failed = co_await stream_.write(net::asio::buffer(init));
  if (failed) end(failed.message());
  const auto packet = co_await next_packet();
  if (!packet.bytes) co_return lost();
  auto version = parse_version(view(packet));
  if (!version || version->version < kVersion) {
    end("the far side does not speak SFTP 3");
    co_return lost();
  }
  co_return std::move(*version);
}

std::shared_ptr<Call> Conversation::send(std::uint32_t id, const std::string& packet) {
  auto block = blocks_->take(packet.size());
  std::memcpy(block.bytes.get(), packet.data(), packet.size());
  return send(id, std::move(block));
}

std::shared_ptr<Call> Conversation::send(std::uint32_t id, Blocks::Block packet) {
  auto call = std::make_shared<Call>(stream_.executor(), blocks_);
  if (over_) {
    call->finish(lost(), {});
    return call;
  }
  calls_.emplace(id, call);
  queue_.push_back(std::move(packet));
  to_write_.ring();
  return call;
}

std::shared_ptr<Call> Conversation::send_in_room(std::uint32_t id, Blocks::Block packet,
                                                 std::size_t room) {
  auto call = send(id, std::move(packet));
  if (call->is_done()) {
    window_.give_back(room);
  } else {
    call->room_ = room;
    call->took_room_ = true;
  }
  return call;
}

net::Task<> Conversation::write() {
  auto self = shared_from_this();
  std::string together;
  while (!over_) {
    if (queue_.empty()) {
      const bool rung = co_await to_write_.wait();
      if (!rung) co_return;
      continue;
    }
    auto block = std::move(queue_.front());
    queue_.pop_front();
    auto bytes = view(block);
    // Small requests go in one piece, large ones are not copied once more.
    if (bytes.size() < kTogether / 2 && !queue_.empty()) {
      together.assign(bytes);
      while (!queue_.empty() && together.size() + queue_.front().size <= kTogether) {
        together += view(queue_.front());
        blocks_->give_back(std::move(queue_.front()));
        queue_.pop_front();
      }
      bytes = together;
    }
    const auto failed = co_await stream_.write(net::asio::buffer(bytes));
    blocks_->give_back(std::move(block));
    if (failed) end({});
  }
}

net::Task<> Conversation::read() {
  auto self = shared_from_this();
  while (!over_) {
    auto packet = co_await next_packet();
    if (packet.bytes) take(std::move(packet));
  }
}

// At least so many bytes in arrived_.
net::Task<bool> Conversation::fill(std::size_t least) {
  if (from_ > 0 && to_ - from_ < least) {
    std::memmove(arrived_.get(), arrived_.get() + from_, to_ - from_);
    to_ -= from_;
    from_ = 0;
  }
  while (to_ - from_ < least && !over_) {
    const auto room = net::asio::buffer(arrived_.get() + to_, kArrived - to_);
    const auto got = co_await stream_.read_some(room);
    if (got.error) end({});
    to_ += got.size;
  }
  co_return !over_;
}

net::Task<Blocks::Block> Conversation::next_packet() {
  Blocks::Block packet;
  const bool has_length = co_await fill(4);
  if (!has_length) co_return packet;
  const std::size_t size = packed_length({arrived_.get() + from_, 4});
  if (size == 0 || size > kMostPacket) {
    end("the far side sent a packet of " + std::to_string(size) + " bytes");
    co_return packet;
  }
  from_ += 4;
  packet = blocks_->take(size);
  std::size_t have = std::min(size, to_ - from_);
  std::memcpy(packet.bytes.get(), arrived_.get() + from_, have);
  from_ += have;
  if (from_ == to_) from_ = to_ = 0;
  while (have < size) {  // straight to where it belongs
    const auto room = net::asio::buffer(packet.bytes.get() + have, size - have);
    const auto got = co_await stream_.read_some(room);
    have += got.size;
    if (got.error) {
      end({});
      co_return Blocks::Block();
    }
  }
  co_return packet;
}

void Conversation::take(Blocks::Block packet) {
  auto reply = parse_reply(view(packet));
  if (!reply) return end("the far side sent what is no reply");
  const auto found = calls_.find(reply->id);
  if (found == calls_.end()) return end("the far side answered what was not asked");
  auto call = std::move(found->second);
  calls_.erase(found);
  if (call->took_room_) window_.give_back(call->room_);
  if (reply->data.empty()) {
    blocks_->give_back(std::move(packet));
    packet = {};
  }
  call->finish(std::move(*reply), std::move(packet));
}

void Conversation::end(std::string reason) {
  if (over_) return;
  over_ = true;
  reason_ = std::move(reason);
  queue_.clear();
  to_write_.ring();
  window_.end();
  for (auto& [id, call] : std::exchange(calls_, {})) call->finish(lost(), {});
  stream_.close();
}

}  // namespace edge::sftp
