#include "ssh/peer_bounds.hpp"

#include <algorithm>

namespace edge::ssh {
namespace {

// A login needs a dozen packets, and 6 KB with the longest lists of algorithms that were seen.
constexpr std::uint64_t kStrangersPackets = 64;
constexpr std::uint64_t kStrangersBytes = 64 * 1024;
// Channel::write adds a chunk of 32 KB at most while something waits: what is above that are
// answers.
constexpr std::int64_t kMostUnread = 512 * 1024;
// Of each packet at the least: its length, its padding and that one's length, its tag.
constexpr std::int64_t kFrame = 4 + 1 + 4 + 16;
constexpr std::uint64_t kMostFrame = 64;  // around bytes of a stream, with padding

}  // namespace

std::string PeerBounds::broken(ssh_session raw, const ssh_counter_struct& socket,
                               const ssh_counter_struct& packets) {
  if (ssh_get_error_code(raw) == SSH_FATAL) return ssh_get_error(raw);
  if (stranger_ && (packets.in_packets > kStrangersPackets || socket.in_bytes > kStrangersBytes)) {
    return "too much before the login";
  }
  if (asks_too_much(socket, packets)) return "sends what nobody asked for";
  // libssh tells no size of its buffer; since it was empty last, this is what must be in it at the
  // least.
  const auto written = static_cast<std::int64_t>(packets.out_bytes + packets.out_packets * kFrame -
                                                 socket.out_bytes);
  if ((ssh_get_status(raw) & SSH_WRITE_PENDING) == 0) drained_at_ = written;
  if (written - drained_at_ > kMostUnread) return "does not read its answers";
  return {};
}

bool PeerBounds::asks_too_much(const ssh_counter_struct& socket,
                               const ssh_counter_struct& packets) const {
  auto others = packets.in_packets - std::min(packets.in_packets, data_packets_);
  const auto bytes = data_bytes_ + data_packets_ * kMostFrame;
  others = std::max(others, (socket.in_bytes - std::min(socket.in_bytes, bytes)) / kBytesOfOne);
  if (others <= kForgiven) return false;
  const auto age =
      std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now() - since_);
  return others > kForgiven + static_cast<std::uint64_t>(age.count()) * kEachSecond + expected_ +
                      moved_bytes_ / kBytesForOne;
}

}  // namespace edge::ssh
