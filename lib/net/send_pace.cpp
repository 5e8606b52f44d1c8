#include "net/send_pace.hpp"

#include <linux/tcp.h>  // tcp_info with least RTT and delivery rate, which netinet/tcp.h lacks
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <limits>

namespace edge::net {
namespace {

using std::chrono::microseconds;

// A queue that bulk may keep, so that the link is never idle: what a keystroke waits at most.
constexpr microseconds kQueue{20'000};
// Below this an RTT above the least one is noise (delayed acknowledgements, a busy peer).
constexpr microseconds kNoise{10'000};
constexpr microseconds kShort{5'000};
constexpr microseconds kLearnAgain{10'000'000};  // and at least 40 RTTs: learning takes some
constexpr int kRunDry = 5;                       // RTTs, the queue's included
// What is written at once (channel.cpp); on a slow path that alone would be a queue.
constexpr std::uint64_t kPiece = 32 * 1024, kLittle = 8 * 1024;
// Longer than until somebody asks again (session.cpp, relay.cpp).
constexpr microseconds kAtHand{5'000};
constexpr std::uint64_t kLeastAtHand = 4 * 1024;

// Enough to keep a fast link busy while the loop does something else; 1 ms of 1 Gbit/s.
constexpr int kUnsent = 128 * 1024;

std::uint64_t carried_in(microseconds span, const SendPath& path) {
  return static_cast<std::uint64_t>(static_cast<double>(path.rate) *
                                    std::chrono::duration<double>(span).count());
}

// What TCP needs at hand until it is given more. All else only waits where nothing overtakes it.
bool has_enough(const SendPath& path) {
  return path.unsent > std::max(carried_in(kAtHand, path), kLeastAtHand);
}

}  // namespace

Room PathQueue::look(const SendPath& path, SteadyTime now) {
  if (path.rtt < kShort) return Room::plenty;
  if (has_enough(path)) return Room::none;
  const bool is_slow = carried_in(kQueue, path) < kPiece;
  const auto piece = is_slow ? kLittle : kPiece;
  auto most = is_learning(path, now) ? piece : this->most(path, now, piece);
  most = std::min(most, most_after_learning(path, now));
  // Half a piece less than that before, half a piece more after.
  if (path.on_the_way + piece / 2 > std::max(most, piece)) return Room::none;
  return is_slow ? Room::little : Room::some;
}

// What the path carries, and a short queue: should it carry more, it delivers more, and that is
// found. At first nothing is known. Twice as much each RTT, as TCP begins, is a whole queue too
// much by the time that it shows: half as much again.
std::uint64_t PathQueue::most(const SendPath& path, SteadyTime now, std::uint64_t piece) {
  const bool known = own_.count() > 0 && now - learnt_at_ < std::max(kLearnAgain, 40 * own_);
  if (known) own_ = std::min(own_, path.rtt);
  const auto least = known ? own_ : std::min(path.rtt, path.least_rtt);
  if (path.rtt >= least + kNoise) {
    has_queued_ = true;
    if (!known) dry_by_ = now + kRunDry * path.rtt;
  }
  const auto with_queue = carried_in(least + kQueue, path);
  if (has_queued_) return with_queue;
  return std::max(with_queue, carried_in(least * 3 / 2, path) + piece / 2);
}

// Until the RTT is that of a path without a queue: as short as it ever was, or what is left of it
// when there was time enough.
bool PathQueue::is_learning(const SendPath& path, SteadyTime now) {
  if (!dry_by_) return false;
  const bool as_short_as_ever = path.rtt < path.least_rtt + kNoise;
  if (!as_short_as_ever && now < *dry_by_) return true;
  dry_by_.reset();
  own_ = as_short_as_ever ? path.least_rtt : path.rtt;
  learnt_at_ = now;
  learnt_with_ = path.on_the_way;
  return false;
}

// No burst into the queue that has just run dry: as much more as the path carries meanwhile.
std::uint64_t PathQueue::most_after_learning(const SendPath& path, SteadyTime now) const {
  const auto since = std::chrono::duration_cast<microseconds>(now - learnt_at_);
  if (dry_by_ || since > kLearnAgain) return std::numeric_limits<std::uint64_t>::max();
  return learnt_with_ + kLittle + carried_in(since, path);
}

SendPace::SendPace(int descriptor) : descriptor_(descriptor) {
  int protocol = 0;
  socklen_t size = sizeof protocol;
  const int rc = ::getsockopt(descriptor, SOL_SOCKET, SO_PROTOCOL, &protocol, &size);
  if (rc != 0 || protocol != IPPROTO_TCP) descriptor_ = -1;
}

Room SendPace::room() {
  if (descriptor_ < 0) return Room::plenty;
  tcp_info about{};
  socklen_t size = sizeof about;
  if (::getsockopt(descriptor_, IPPROTO_TCP, TCP_INFO, &about, &size) != 0) return Room::some;
  const std::uint64_t unsent = about.tcpi_notsent_bytes;
  const SendPath path{microseconds(about.tcpi_rtt), microseconds(about.tcpi_min_rtt),
                      about.tcpi_delivery_rate,
                      std::uint64_t{about.tcpi_unacked} * about.tcpi_snd_mss + unsent, unsent};
  return queue_.look(path, std::chrono::steady_clock::now());
}

void keep_unsent_short(int descriptor) {
  ::setsockopt(descriptor, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &kUnsent, sizeof kUnsent);
}

}  // namespace edge::net
