// Requests and replies over one stream, many at once: whoever asks gets a Call at once and awaits
// its reply when it likes. Private to lib/sftp; others use Client.
// Thread rule: one loop. Ownership: shared by its client, its two tasks and each call.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <unordered_map>

#include "base/error.hpp"
#include "net/stream.hpp"
#include "net/waiter.hpp"
#include "sftp/blocks.hpp"
#include "sftp/message.hpp"
#include "sftp/window.hpp"

namespace edge::sftp {

// A request that is on its way, or answered.
class Call {
 public:
  Call(const net::asio::any_io_executor& executor, std::shared_ptr<Blocks> blocks)
      : waiter_(executor), blocks_(std::move(blocks)) {}
  Call(const Call&) = delete;

  ~Call();

  // Once. The reply, or why there is none.
  net::Task<Result<Reply>> reply();
  bool is_done() const noexcept { return done_; }

 private:
  friend class Conversation;
  void finish(Result<Reply> reply, Blocks::Block packet);

  net::Waiter waiter_;
  bool done_ = false;
  std::size_t room_ = 0;  // of the window, given back with the reply
  bool took_room_ = false;
  std::shared_ptr<Blocks> blocks_;
  Blocks::Block packet_;  // what reply_.data lies in
  Result<Reply> reply_ = Reply{};
};

class Conversation : public std::enable_shared_from_this<Conversation> {
 public:
  // `stream` outlives the conversation, or is closed before it goes.
  Conversation(net::Stream& stream, std::size_t requests, std::size_t bytes);

  // Until the far side has said its version.
  net::Task<Result<Version>> greet();
  // Reads replies and writes requests; they end with the stream.
  net::Task<> read();
  net::Task<> write();

  net::asio::any_io_executor executor() { return stream_.executor(); }
  std::uint32_t next_id() { return next_id_++; }
  // Queued at once. `id` is the packet's.
  std::shared_ptr<Call> send(std::uint32_t id, Blocks::Block packet);
  std::shared_ptr<Call> send(std::uint32_t id, const std::string& packet);
  Blocks& blocks() { return *blocks_; }
  // The same after there is room for `room` bytes of it and its reply; null: it is over.
  net::Task<bool> room_for(std::size_t bytes) { return window_.take(bytes); }
  std::shared_ptr<Call> send_in_room(std::uint32_t id, Blocks::Block packet, std::size_t room);
  void set_room(std::size_t bytes) { window_.set_bytes(bytes); }
  void give_room_back(std::size_t room) { window_.give_back(room); }

  // Everything that is asked for ends with this.
  void end(std::string reason);
  bool is_over() const noexcept { return over_; }
  const std::string& reason() const noexcept { return reason_; }

 private:
  net::Task<bool> fill(std::size_t least);
  net::Task<Blocks::Block> next_packet();  // empty: it is over
  void take(Blocks::Block packet);
  Error lost() const;

  net::Stream& stream_;
  const std::shared_ptr<Blocks> blocks_ = std::make_shared<Blocks>();
  Window window_;
  net::Waiter to_write_;
  std::deque<Blocks::Block> queue_;
  std::unordered_map<std::uint32_t, std::shared_ptr<Call>> calls_;
  std::uint32_t next_id_ = 1;
  std::unique_ptr<char[]> arrived_;
  std::size_t from_ = 0, to_ = 0;  // of arrived_
  bool over_ = false;
  std::string reason_;
};

}  // namespace edge::sftp
