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
constexpr milliseconds kLook{3}, kLazyLook{50};
constexpr milliseconds kStill{200};
constexpr microseconds kAtHand{5'000};  // longer than until the next look
constexpr std::uint64_t kLeastAtHand = 4 * 1024;
constexpr double kFaster = 1.25;
constexpr int kFollows = 3;  // RTTs until it shows what was done
constexpr int kSlowDowns = 3;

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
  if (now - std::exchange(looked_at_, now) > kLearnAgain) forget();
  learn(path, now);
  follow_rate(path, now);
  // What TCP needs at hand until it is given more. All else only waits where nothing overtakes it.
  if (path.unsent > std::max(carried_in(kAtHand, rate_), kLeastAtHand)) return Room::none;
  // In the middle of a piece there is as much on the way as there may be.
  if (path.on_the_way + piece() / 2 > most_on_the_way(now)) return Room::none;
  return piece() == kLittlePiece ? Room::little : Room::some;
}

// Of a path that nobody has looked at for long: what was slow then need not be now.
void PathQueue::forget() {
  slowed_.reset();
  slow_downs_ = 0;
  has_queued_ = false;
  dry_by_.reset();
}

// On a slow path a usual piece alone would be a queue.
std::uint64_t PathQueue::piece() const {
  return carried_in(kQueue, rate_) < kUsualPiece ? kLittlePiece : kUsualPiece;
}

// The queue runs dry until the RTT is that of a path without one: as short as it ever was, or what
// is left of it when there was time enough.
void PathQueue::learn(const SendPath& path, SteadyTime now) {
  const bool as_short_as_ever = path.rtt < path.least_rtt + kNoise;
  // One RTT that was a moment's is not waited for.
  if (dry_by_) dry_by_ = std::min(*dry_by_, now + kRunDry * path.rtt);
  if (dry_by_ && (as_short_as_ever || now >= *dry_by_)) {
    dry_by_.reset();
    slowed_at_ = now;
    own_ = as_short_as_ever ? path.least_rtt : path.rtt;
    learnt_at_ = now;
    learnt_with_ = path.on_the_way;
  }
  const bool known = own_.count() > 0 && now - learnt_at_ < std::max(kLearnAgain, 40 * own_);
  if (known) own_ = std::min(own_, path.rtt);
  least_ = known ? own_ : std::min(path.least_rtt, path.rtt);
  is_queueing_ = path.rtt >= least_ + kNoise;
  if (is_queueing_ && !known && !dry_by_) dry_by_ = now + kRunDry * path.rtt;
}

// TCP's rate does not fall while it sees us as who has no more to send, which it does when we hold
// bulk back. A queue longer than what we allow is a path that has become slower: what is on the way
// arrives in an RTT (Little's law). Where that does not help the queue is another's, or the path is
// longer: it is learnt anew. Without a queue it may have become faster. The RTT follows all of that
// later.
void PathQueue::follow_rate(const SendPath& path, SteadyTime now) {
  const auto best = static_cast<double>(path.rate);
  rate_ = slowed_ ? std::min(*slowed_, best) : best;
  if (is_queueing_ && path.on_the_way + piece() >= carried_in(least_, rate_)) has_queued_ = true;
  if (dry_by_ || now - slowed_at_ < kFollows * path.rtt) return;
  if (!is_queueing_ && slowed_) {
    slowed_at_ = now;
    slow_downs_ = 0;
    *slowed_ *= kFaster;
    if (*slowed_ > best) slowed_.reset();
  } else if (path.rtt > least_ + kQueue + kNoise &&
             path.on_the_way + piece() >= most_on_the_way(now)) {  // the queue is ours
    slowed_at_ = now;
    if (++slow_downs_ > kSlowDowns) {
      slow_downs_ = 0;
      own_ = {};
      return;
    }
    const auto seen = delivery_rate(path.on_the_way - path.unsent + piece() / 2, path.rtt);
    const auto least = std::max(rate_ / 2, delivery_rate(kLittlePiece, path.rtt));
    slowed_ = rate_ = std::max(std::min(seen, rate_), least);
  }
}

// Bytes. What the path carries, and a short queue: should it carry more, it delivers more, and that
// is found. At first nothing is known. Twice as much each RTT, as TCP begins, is a whole queue too
// much by the time that it shows: half as much again.
std::uint64_t PathQueue::most_on_the_way(SteadyTime now) const {
  if (dry_by_) return piece();
  auto most = carried_in(least_ + kQueue, rate_);
  if (!is_queueing_)
    most = std::max(most, carried_in(least_ + std::min(least_ / 4, 2 * kQueue), rate_));
  if (!has_queued_) most = std::max(most, carried_in(least_ * 3 / 2, rate_) + piece() / 2);
  // No burst into a queue that has just run dry: as much more as the path carries meanwhile.
  const auto since = std::chrono::duration_cast<microseconds>(now - learnt_at_);
  if (since < kLearnAgain)
    most = std::min(most, learnt_with_ + kLittlePiece + carried_in(since, rate_));
  return std::max(most, piece());
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
  // By the byte: packets of what is typed or printed are small.
  const auto done = about.tcpi_bytes_retrans + about.tcpi_bytes_acked;
  const auto sent = about.tcpi_bytes_sent > done ? about.tcpi_bytes_sent - done : 0;
  const std::uint64_t unsent = about.tcpi_notsent_bytes;
  const SendPath path{microseconds(about.tcpi_rtt), microseconds(about.tcpi_min_rtt),
                      about.tcpi_delivery_rate, sent + unsent, unsent};
  const auto now = std::chrono::steady_clock::now();
  if (std::exchange(on_the_way_, path.on_the_way) != path.on_the_way) moved_at_ = now;
  is_still_ = now - moved_at_ > kStill + 2 * path.rtt;
  return queue_.look(path, now);
}

milliseconds SendPace::next_look() const {
  return is_still_ ? kLazyLook : kLook;
}

void keep_unsent_short(int descriptor) {
  ::setsockopt(descriptor, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &kUnsent, sizeof kUnsent);
}

}  // namespace edge::net
