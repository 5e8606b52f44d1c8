// What one end has sent, or will send, and must be able to send again: kept until the other end has
// it. Pure; bounded: full means that the writer waits. Positions count from the stream's first
// byte; the end counts as one more.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace edge::resume {

class SentBytes {
 public:
  std::size_t room() const noexcept;
  void append(std::string_view bytes);  // REQUIRES: room() for them, and no end() before
  void end() noexcept { ended_ = true; }
  bool has_ended() const noexcept { return ended_; }

  // A whole frame to send next, its memory held as long as it is kept; empty: nothing to send.
  struct Outgoing {
    std::shared_ptr<char[]> memory;
    std::string_view frame;
  };
  Outgoing next();

  // The other end has taken this much. False: it cannot have.
  bool taken(std::uint64_t count);
  // On a new carrier: the other end has received this much, and the rest is sent again. It cannot
  // where what it lacks is not kept any more (an old count), or was never sent.
  bool can_rewind(std::uint64_t received) const noexcept {
    return received >= freed_ && received <= most_;
  }
  void rewind(std::uint64_t received);  // REQUIRES: can_rewind()

  bool all_taken() const noexcept { return ended_ && taken_ == length_ + 1; }
  std::uint64_t sent() const noexcept { return sent_; }

 private:
  struct Block {
    std::uint64_t first = 0;  // position of its first byte
    std::size_t size = 0, space = 0;
    std::shared_ptr<char[]> memory;  // room for a frame's head, then the bytes
  };
  std::uint64_t length() const noexcept { return length_ + (ended_ ? 1 : 0); }
  std::shared_ptr<char[]> memory_for(std::size_t space);
  void free_until(std::uint64_t position);

  std::deque<Block> blocks_;
  std::vector<std::shared_ptr<char[]>> spare_;  // of full size: a bulk takes the same ones again
  std::uint64_t freed_ = 0;                     // nothing before it is kept
  std::uint64_t taken_ = 0;                     // by the other end's reader
  std::uint64_t sent_ = 0;                      // on this carrier, or known to have arrived
  std::uint64_t most_ = 0;                      // ever sent
  std::uint64_t length_ = 0;                    // bytes appended
  bool ended_ = false;
};

}  // namespace edge::resume
