// How many connections of the poll port each source has: one address, or one IPv6 /64. Two bounds:
// all of its connections, and those on which nobody has been authenticated, where the oldest makes
// room for the newest, so that a valid agent gets in beside whoever occupies its NAT. One that has
// just come is left in peace: between its handshake and its MAC lies a round trip, and a hundred
// agents that come back through one NAT at once must not cut each other off. Thread rule: any
// thread.

#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <utility>

#include "base/time.hpp"

namespace edge::server {

class Stranger {  // a connection on which nobody has been authenticated
 public:
  virtual ~Stranger() = default;
  virtual void make_room() = 0;  // any thread: to be cut
};

class Sources {
 public:
  // `peace`: how long a stranger is left in it.
  Sources(std::size_t most, std::size_t most_strangers, milliseconds peace)
      : most_(most), most_strangers_(most_strangers), peace_(peace) {}

  bool enter(std::uint64_t source);  // false: it has as many as it may have
  void leave(std::uint64_t source);
  // Cuts the oldest one of its source when there are too many.
  void add_stranger(std::uint64_t source, const std::shared_ptr<Stranger>& stranger,
                    SteadyTime now);
  void remove_stranger(std::uint64_t source, const Stranger* stranger);

 private:
  struct Entry {
    const Stranger* who;
    std::weak_ptr<Stranger> connection;
    SteadyTime since;
  };
  struct Source {
    std::size_t connections = 0;
    std::deque<Entry> strangers;  // oldest first
  };
  const std::size_t most_, most_strangers_;
  const milliseconds peace_;
  std::mutex mutex_;
  std::unordered_map<std::uint64_t, Source> sources_;
};

// One connection of a source, for as long as it lives. Source 0 (a trusted proxy's own address)
// counts nothing.
class SourceSlot {
 public:
  SourceSlot(Sources& sources, std::uint64_t source)
      : sources_(source == 0 || sources.enter(source) ? &sources : nullptr), source_(source) {}
  SourceSlot(SourceSlot&& other) noexcept
      : sources_(std::exchange(other.sources_, nullptr)), source_(other.source_) {}
  SourceSlot& operator=(SourceSlot&&) = delete;
  ~SourceSlot() {
    if (sources_ != nullptr && source_ != 0) sources_->leave(source_);
  }
  explicit operator bool() const noexcept { return sources_ != nullptr; }
  std::uint64_t source() const noexcept { return source_; }

 private:
  Sources* sources_;
  const std::uint64_t source_;
};

}  // namespace edge::server
