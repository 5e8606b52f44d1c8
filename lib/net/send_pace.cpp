#include "net/send_pace.hpp"

#include <linux/tcp.h>  // tcp_info with least RTT and delivery rate, which netinet/tcp.h lacks
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>

namespace edge::net {
namespace {

using std::chrono::microseconds;

// A queue that bulk may keep, so that the link is never idle: what a keystroke waits at most.
constexpr microseconds kQueue{20'000};
// Below this an RTT above the least one is noise (delayed acknowledgements, a busy peer).
constexpr microseconds kNoise{10'000};
constexpr microseconds kShort{5'000};
constexpr std::chrono::seconds kLearnAgain{5};
constexpr std::uint64_t kFloor = 32 * 1024;  // always: one chunk

// Enough to keep a fast link busy while the loop does something else; 1 ms of 1 Gbit/s.
constexpr int kUnsent = 128 * 1024;

// Twice as much each RTT, as TCP begins, is a whole queue too much by the time that it shows: half
// as much again.
bool is_hasty(const SendPath& path, microseconds least) {
  const auto seconds = std::chrono::duration<double>(least).count();
  const auto carried = static_cast<double>(path.rate) * seconds;
  return path.on_the_way > static_cast<std::uint64_t>(1.5 * carried) + kFloor;
}

}  // namespace

Room PathQueue::look(const SendPath& path, SteadyTime now) {
  if (path.rtt < kShort) return Room::plenty;
  if (dry_by_) {
    if (path.on_the_way > kFloor && now < *dry_by_) return Room::none;
    dry_by_.reset();
    own_ = path.rtt;
    learnt_at_ = now;
  }
  const bool known = own_.count() > 0 && now - learnt_at_ < kLearnAgain;
  const auto least = std::min(path.rtt, known ? own_ : path.least_rtt);
  if (path.rtt < least + kNoise) return is_hasty(path, least) ? Room::none : Room::some;
  if (!known) {
    dry_by_ = now + 2 * path.rtt;
    return Room::none;
  }
  const auto seconds = std::chrono::duration<double>(least + kQueue).count();
  const auto room = static_cast<std::uint64_t>(static_cast<double>(path.rate) * seconds);
  return path.on_the_way > std::max(room, kFloor) ? Room::none : Room::some;
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
  const SendPath path{
      microseconds(about.tcpi_rtt), microseconds(about.tcpi_min_rtt), about.tcpi_delivery_rate,
      std::uint64_t{about.tcpi_unacked} * about.tcpi_snd_mss + about.tcpi_notsent_bytes};
  return queue_.look(path, std::chrono::steady_clock::now());
}

void keep_unsent_short(int descriptor) {
  ::setsockopt(descriptor, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &kUnsent, sizeof kUnsent);
}

}  // namespace edge::net
