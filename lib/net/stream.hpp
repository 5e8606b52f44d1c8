// One byte stream, whatever carries it: TLS, a Unix socket, a channel of an SSH session.
#pragma once

#include <boost/asio/buffer.hpp>
#include <functional>
#include <memory>
#include <utility>

#include "net/task.hpp"

namespace edge::net {

struct Read {
  error_code error;  // asio::error::eof at the peer's end of stream
  std::size_t size = 0;
};

// Half-close is normal: each direction ends on its own.
// Thread rule: the thread of its executor only. One reader and one writer at a time.
class Stream {
 public:
  virtual ~Stream() = default;
  virtual asio::any_io_executor executor() = 0;

  // At least one byte, or an error.
  virtual Task<Read> read_some(asio::mutable_buffer buffer) = 0;
  // All of it, or an error. A reader that stops makes this wait: that is the back-pressure.
  virtual Task<error_code> write(asio::const_buffer bytes) = 0;
  // Says that nothing more will be written.
  virtual Task<error_code> shutdown_write() = 0;
  // Ends both directions; whoever waits in read or write gets an error. Safe to repeat.
  virtual void close() noexcept = 0;

  // Offers bytes as they arrive, where they lie; what the taker takes (it says how much) is not
  // read any more. Called inside of the carrier's own work: it may not use this stream. Only
  // channels offer; other carriers never call, and what is not taken comes by read_some. Empty: no
  // more.
  using Taker = std::function<std::size_t(asio::const_buffer bytes)>;
  virtual void offer_to(Taker /*taker*/) {}

  // Completes when the peer has closed both directions, or the stream has ended; false: this
  // carrier cannot tell the one from a half-close.
  virtual Task<bool> closed() { co_return false; }

  // Calls back once when there is something to read or the peer has gone; nothing after
  // forget_readable(). Only sockets can tell; other carriers never call.
  virtual void when_readable(std::function<void()> /*callback*/) {}
  virtual void forget_readable() noexcept {}
};

// Copies one direction until its end, then shuts the other side's writing down. Bytes are counted
// as they pass.
Task<> copy(Stream& from, Stream& to, std::uint64_t& bytes, std::function<void()> on_bytes);

}  // namespace edge::net
