// A byte stream that outlives what carries it. Both ends keep what the other one has not taken yet;
// when a carrier (a stream of a tunnel, a connection of the admin socket) is gone, reading and
// writing wait, and go on over the next one: no byte is lost, none comes twice.
//
// Whoever owns it brings the carriers, and decides how long the next one is waited for.
// Thread rule: the thread of its executor only. Ownership: shared by its owner and its own tasks;
// the owner awaits say_bye() before it lets go.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "net/notify.hpp"
#include "net/stream.hpp"
#include "net/waiter.hpp"
#include "resume/arrived_bytes.hpp"
#include "resume/frame.hpp"
#include "resume/sent_bytes.hpp"

namespace edge::resume {

class LastingStream final : public net::Stream, public std::enable_shared_from_this<LastingStream> {
 public:
  explicit LastingStream(net::asio::any_io_executor executor);
  ~LastingStream() override;

  // --- for its owner
  // Goes on over this carrier, until that is gone or another one has taken its place; the one
  // before ends. `resumed`: what both have said that they have; nothing on the first carrier.
  // `on_bytes`, which may be empty, is called for each chunk that comes.
  struct Counts {
    std::uint64_t by_us = 0, by_them = 0;
  };
  net::Task<> carry(std::shared_ptr<net::Stream> carrier, std::optional<Counts> resumed,
                    std::function<void()> on_bytes = {});
  // Whether it can go on from where the other end says that it is.
  bool can_go_on_from(std::uint64_t received) const { return sent_.can_rewind(received); }
  std::uint64_t received() const noexcept { return arrived_.received(); }
  bool is_carried() const noexcept { return attached_ != nullptr; }
  // Nobody waits any longer: whoever reads or writes gets an error.
  void give_up(std::string reason) noexcept { finish(std::move(reason)); }
  bool is_over() const noexcept { return over_; }
  const std::string& reason() const noexcept { return reason_; }  // why; "": by plan
  // After shutdown_write(): until the other end has taken everything, or it is over.
  net::Task<> drained();
  // Tells the other end that we are done with it, as far as it can be reached, and ends. With words
  // it waits until that has let go, for a second at most.
  net::Task<> say_bye(std::string words = {});

  // --- net::Stream
  net::asio::any_io_executor executor() override { return executor_; }
  net::Task<net::Read> read_some(net::asio::mutable_buffer buffer) override;
  net::Task<net::error_code> write(net::asio::const_buffer bytes) override;
  net::Task<net::error_code> shutdown_write() override;
  void close() noexcept override;  // says bye, but does not wait for that
  net::Task<bool> closed() override;

 private:
  struct Attachment;
  net::Task<> send(std::shared_ptr<Attachment> attachment);
  net::Task<> receive(std::shared_ptr<Attachment> attachment);
  net::Task<net::error_code> send_next(Attachment& attachment);
  void take(Attachment& attachment, const Frame& frame);
  void lose(const Attachment& attachment) noexcept;
  void finish(std::string reason) noexcept;

  const net::asio::any_io_executor executor_;
  SentBytes sent_;
  ArrivedBytes arrived_;
  net::asio::mutable_buffer reading_;  // of who waits in read_some(); bytes go straight there
  std::size_t read_ = 0;               // of it
  bool bye_ = false, bye_sent_ = false, over_ = false;
  std::string bye_words_, reason_;
  std::shared_ptr<Attachment> attached_;
  net::Waiter readable_, writable_, to_send_, drained_, closed_;
  std::shared_ptr<net::Notify> let_go_;
  net::TaskGroup tasks_;
};

}  // namespace edge::resume
