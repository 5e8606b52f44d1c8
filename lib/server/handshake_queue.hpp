// Who may shake hands now: so many at once on a loop, so many of one source, and the others wait in
// line, each source in its own; a source with thousands holds up itself. Waiting costs a socket and
// a small coroutine. Where too many wait, some are shaken hands with beside the others, only to be
// told when to come again. They are counted apart: where they took the places of those who are
// served, a herd that is told and comes again would keep everybody out for good.
// Thread rule: one loop's.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <unordered_map>

#include "net/task.hpp"

namespace edge::server {

class HandshakeQueue {
 public:
  struct Limits {
    std::size_t served = 1;            // at once
    std::size_t served_of_source = 1;  // of those; source 0 (a proxy's) may have all
  };
  class Slot;
  HandshakeQueue(net::asio::any_io_executor executor, Limits limits);
  HandshakeQueue(const HandshakeQueue&) = delete;

  // Waits for a place; nothing when it took longer than `patience`, or was cancelled.
  net::Task<std::optional<Slot>> enter(std::uint64_t source, milliseconds patience);
  std::size_t waiting() const noexcept { return waiting_; }

 private:
  static constexpr std::size_t kWaitingForServed =
      8;                                            // times as many may wait before some are told
  static constexpr std::size_t kServedForTold = 8;  // times as many are served as are told
  struct Waiter {
    net::asio::steady_timer timer;  // cancelled to say "now"
    bool come = false, gone = false;
  };
  struct Source {
    std::size_t served = 0;
    std::deque<std::shared_ptr<Waiter>> line;
  };

  bool may_serve(std::uint64_t key, const Source& source) const;
  bool may_tell() const;
  void serve_next();
  void forget_if_empty(std::uint64_t key);

  net::asio::any_io_executor executor_;
  const Limits limits_;
  std::size_t served_ = 0, told_ = 0, waiting_ = 0;
  std::unordered_map<std::uint64_t, Source> sources_;  // that are served or wait
  std::deque<std::uint64_t> turns_;                    // of sources with somebody in line
};

// A place, for as long as it lives or until end(). Its queue outlives it.
class HandshakeQueue::Slot {
 public:
  Slot(Slot&& other) noexcept;
  Slot& operator=(Slot&&) = delete;
  ~Slot() { end(); }

  bool to_be_told() const noexcept { return to_be_told_; }
  // Half of all places, or of its source's, are others': no time for who says nothing.
  bool is_crowded() const noexcept;
  void end() noexcept;

 private:
  friend class HandshakeQueue;
  Slot(HandshakeQueue& queue, std::uint64_t source, bool to_be_told)
      : queue_(&queue), source_(source), to_be_told_(to_be_told) {}

  HandshakeQueue* queue_;
  const std::uint64_t source_;
  const bool to_be_told_;
};

}  // namespace edge::server
