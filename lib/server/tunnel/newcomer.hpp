// What somebody at the tunnel port who has not logged in takes of the bounds: a stranger of its
// source, which makes room for newer ones, and a handshake's place. Let go of when it has logged
// in, or when it has failed and its penalty is over.
// Thread rule: its loop.
#pragma once

#include <boost/asio/post.hpp>
#include <functional>
#include <memory>
#include <optional>

#include "net/task.hpp"
#include "server/handshake_queue.hpp"
#include "server/sources.hpp"

namespace edge::server {

class Newcomer {
 public:
  Newcomer() = default;  // of somebody who is known already
  Newcomer(net::asio::any_io_executor executor, Sources& sources, std::uint64_t source,
           SteadyTime now)
      : sources_(&sources),
        source_(source),
        stranger_(std::make_shared<AtTheDoor>(std::move(executor))) {
    sources.add_stranger(source, stranger_, now);
  }
  Newcomer(Newcomer&&) = default;
  Newcomer& operator=(Newcomer&&) = delete;
  ~Newcomer() {
    if (!stranger_) return;
    stranger_->cut = nullptr;
    sources_->remove_stranger(source_, stranger_.get());
  }

  // What ends it when it must make room; another one as it comes further.
  void on_cut(std::function<void()> cut) {
    if (stranger_) stranger_->cut = std::move(cut);
  }
  void take(HandshakeQueue::Slot place) { place_.emplace(std::move(place)); }
  // Whether others wait for its place: then it has little time to be silent in.
  bool is_crowded() const { return place_ && place_->is_crowded(); }
  std::uint64_t source() const noexcept { return source_; }

 private:
  class AtTheDoor final : public Stranger, public std::enable_shared_from_this<AtTheDoor> {
   public:
    explicit AtTheDoor(net::asio::any_io_executor executor) : executor_(std::move(executor)) {}
    void make_room() override {
      net::asio::post(executor_, [self = shared_from_this()] {
        if (self->cut) self->cut();
      });
    }
    std::function<void()> cut;  // on the loop only

   private:
    const net::asio::any_io_executor executor_;
  };

  Sources* sources_ = nullptr;
  std::uint64_t source_ = 0;
  std::shared_ptr<AtTheDoor> stranger_;
  std::optional<HandshakeQueue::Slot> place_;
};

}  // namespace edge::server
