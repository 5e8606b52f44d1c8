// How much a bulk stream may put on the way. What lies in the kernel's buffer, or in a router's
// queue on a slow link, cannot be overtaken: a keystroke waits behind all of it. So bulk keeps that
// queue short, as far as TCP's own measurements show it, and never where there is no queue.
#pragma once

#include <chrono>
#include <cstdint>

namespace edge::net {

// What the kernel knows about a TCP connection (tcp(7), TCP_INFO).
struct SendPath {
  std::chrono::microseconds rtt{0}, least_rtt{0};
  std::uint64_t rate = 0;        // of delivery, bytes a second
  std::uint64_t on_the_way = 0;  // bytes: not acknowledged, or not even sent
};

// none: more bulk would only make the queue longer. plenty: a path so short that what is on the way
// is gone in no time, and larger pieces cost less.
enum class Room { none, some, plenty };
Room room_on(const SendPath& path);  // pure

// Thread rule: none of its own. The descriptor outlives it.
class SendPace {
 public:
  explicit SendPace(int descriptor);  // anything but TCP: always plenty
  // One system call. Room::none: to be asked again a little later, nobody rings.
  Room room() const;

 private:
  int descriptor_;
};

// Lets a write wait while so much is not sent yet, instead of filling the kernel's buffer.
void keep_unsent_short(int descriptor);

}  // namespace edge::net
