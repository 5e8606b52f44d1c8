#include "net/send_pace.hpp"

#include <linux/tcp.h>  // tcp_info with least RTT and delivery rate, which netinet/tcp.h lacks
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <utility>

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
constexpr double kFaster = 1.25;  // an RTT
constexpr int kFollows = 3;       // RTTs

// Enough to keep a fast link busy while the loop does something else; 1 ms of 1 Gbit/s.
constexpr int kUnsent = 128 * 1024;

std::uint64_t carried_in(microseconds span, double rate) {
  return static_cast<std::uint64_t>(rate * std::chrono::duration<double>(span).count());
}

double delivery_rate(std::uint64_t bytes, microseconds span) {
  return static_cast<double>(bytes) / std::chrono::duration<double>(span).count();
}

}  // namespace

Room PathQueue::look(const SendPath& path, SteadyTime now) {
  if (path.rtt < kShort) return Room::plenty;
  learn(path, now);
  const auto rate = rate_of(path, now);
  // What TCP needs at hand until it is given more. All else only waits where nothing overtakes it.
  if (path.unsent > std::max(carried_in(kAtHand, rate), kLeastAtHand)) return Room::none;
  const bool is_slow = carried_in(kQueue, rate) < kPiece;
  const auto piece = is_slow ? kLittle : kPiece;
  // Half a piece less than what may be on the way before, half a piece more after.
  const auto most = std::max(most_on_the_way(rate, piece, now), piece);
  if (path.on_the_way + piece / 2 > most) return Room::none;
  return is_slow ? Room::little : Room::some;
}

// The queue runs dry until the RTT is that of a path without one: as short as it ever was, or what
// is left of it when there was time enough.
void PathQueue::learn(const SendPath& path, SteadyTime now) {
  const bool as_short_as_ever = path.rtt < path.least_rtt + kNoise;
  if (dry_by_ && (as_short_as_ever || now >= *dry_by_)) {
    dry_by_.reset();
    own_ = as_short_as_ever ? path.least_rtt : path.rtt;
    learnt_at_ = now;
    learnt_with_ = path.on_the_way;
  }
  const bool known = own_.count() > 0 && now - learnt_at_ < std::max(kLearnAgain, 40 * own_);
  least_ = known ? std::exchange(own_, std::min(own_, path.rtt)) : path.least_rtt;
  least_ = std::min(least_, path.rtt);
  has_queued_ = has_queued_ || path.rtt >= least_ + kNoise;
  if (!known && !dry_by_ && path.rtt >= least_ + kNoise) dry_by_ = now + kRunDry * path.rtt;
}

// TCP's is the best that there ever was, for it sees who is held back by us as who has no more to
// send. A longer queue than what we allow is a path that has become slower: what is on the way
// arrives in an RTT (Little's law), and the RTT follows some later. Without a queue it may have
// become faster.
double PathQueue::rate_of(const SendPath& path, SteadyTime now) {
  const auto best = static_cast<double>(path.rate);
  const auto since = now - slowed_at_;
  if (dry_by_) return slowed_.value_or(best);
  if (path.rtt > least_ + kQueue + kNoise && since > kFollows * path.rtt) {
    const auto rate = slowed_.value_or(best);
    const auto seen = delivery_rate(path.on_the_way - path.unsent, path.rtt);
    slowed_ = std::clamp(seen, rate / 2, rate);
    slowed_at_ = now;
  } else if (slowed_ && path.rtt < least_ + kNoise && since > path.rtt) {
    *slowed_ *= kFaster;
    slowed_at_ = now;
    if (*slowed_ > best) slowed_.reset();
  }
  return slowed_.value_or(best);
}

// Bytes. What the path carries, and a short queue: should it carry more, it delivers more, and that
// is found. At first nothing is known. Twice as much each RTT, as TCP begins, is a whole queue too
// much by the time that it shows: half as much again.
std::uint64_t PathQueue::most_on_the_way(double rate, std::uint64_t piece, SteadyTime now) const {
  if (dry_by_) return piece;
  auto most = carried_in(least_ + kQueue, rate);
  if (!has_queued_) most = std::max(most, carried_in(least_ * 3 / 2, rate) + piece / 2);
  // No burst into a queue that has just run dry: as much more as the path carries meanwhile.
  const auto since = std::chrono::duration_cast<microseconds>(now - learnt_at_);
  if (since > kLearnAgain) return most;
  return std::min(most, learnt_with_ + kLittle + carried_in(since, rate));
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
