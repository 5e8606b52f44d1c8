// How much a bulk stream may put on the way. What lies in the kernel's buffer, or in a router's
// queue on a slow link, cannot be overtaken: a keystroke waits behind all of it. So bulk keeps that
// queue short, as far as TCP's own measurements show it, and never where there is no queue.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "base/time.hpp"

namespace edge::net {

// What the kernel knows about a TCP connection (tcp(7), TCP_INFO).
struct SendPath {
  std::chrono::microseconds rtt{0}, least_rtt{0};
  std::uint64_t rate = 0;        // of delivery, bytes a second
  std::uint64_t on_the_way = 0;  // bytes: not acknowledged, or not even sent
  std::uint64_t unsent = 0;      // bytes of these that TCP did not send yet
};

// none: more bulk would only make the queue longer. little: so slow a path that a usual piece would
// be a queue. plenty: so short a one that what is on the way is gone in no time, and larger pieces
// cost less.
enum class Room { none, little, some, plenty };
inline constexpr std::size_t kLittlePiece = 8 * 1024, kUsualPiece = 32 * 1024;

// What is a queue, and what is the path itself? The least RTT of long ago may be another path's, so
// it is learnt anew while bulk runs: a queue is let run dry every 10 s or 40 RTTs, and what the RTT
// is then is the path's own. TCP's RTT is smoothed, and of packets that waited: it follows a round
// trip or two later. Pure.
class PathQueue {
 public:
  Room look(const SendPath& path, SteadyTime now);

 private:
  void forget();
  void learn(const SendPath& path, SteadyTime now);
  void follow_rate(const SendPath& path, SteadyTime now);
  std::uint64_t most_on_the_way(SteadyTime now) const;
  std::uint64_t piece() const;

  std::chrono::microseconds own_{0};    // of the path without a queue; 0: not known
  std::chrono::microseconds least_{0};  // that, or the best guess
  SteadyTime learnt_at_{};
  std::uint64_t learnt_with_ = 0;                  // bytes that were on the way then
  std::optional<SteadyTime> dry_by_;               // set: the queue is being let run dry
  bool is_queueing_ = false, has_queued_ = false;  // has: what the path carries was found once
  double rate_ = 0;                                // bytes a second that the path carries
  std::optional<double> slowed_;                   // set: it carries less than TCP says
  SteadyTime slowed_at_{}, looked_at_{};
  int slow_downs_ = 0;  // one after the other
};

// Thread rule: none of its own. The descriptor outlives it.
class SendPace {
 public:
  explicit SendPace(int descriptor);  // anything but TCP: always plenty
  // One system call. Room::none: to be asked again after next_look(), for nobody rings.
  Room room();
  milliseconds next_look() const;  // of a peer that takes nothing seldom

 private:
  int descriptor_;
  PathQueue queue_;
  std::uint64_t on_the_way_ = 0;
  SteadyTime moved_at_{};
  bool is_still_ = false;
};

// Lets a write wait while so much is not sent yet, instead of filling the kernel's buffer.
void keep_unsent_short(int descriptor);

}  // namespace edge::net
