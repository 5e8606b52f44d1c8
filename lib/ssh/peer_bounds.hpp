// What a peer whom nobody trusts may cost a session, beyond what libssh bounds by itself. Private
// to lib/ssh.
//   - libssh calls some errors of a peer fatal and then goes on with what the peer has changed: a
//   channel that is
//     confirmed once more with a maximum packet of 0 makes the next write an endless loop;
//   - it answers requests into a buffer that grows as long as the peer does not read;
//   - it checks signatures and answers services of anybody, without counting;
//   - it reads 64 KB at once, which may be two thousand packets that want an answer each: nobody
//     else's turn comes before the last one. Who sends what nobody asked for does not last.
#pragma once

#include <cstdint>
#include <string>

#include "base/time.hpp"
#include "ssh/handles.hpp"

namespace edge::ssh {

class PeerBounds {
 public:
  // Why the session must end now; empty if it need not. Cheap: runs after each call into libssh.
  std::string broken(ssh_session raw, const ssh_counter_struct& socket,
                     const ssh_counter_struct& packets);
  void known() noexcept { stranger_ = false; }  // logged in, and has its forward

  // What packets are there for: bytes of streams, which each window bounds, and the opening,
  // growing and closing of streams that we opened and write to.
  void heard_data(std::uint64_t bytes) noexcept {
    ++data_packets_;
    data_bytes_ += bytes;
  }
  void opened_stream() noexcept { expected_ += kForStream; }
  void moved(std::uint64_t bytes) noexcept { moved_bytes_ += bytes; }

 private:
  // Of the peer: to confirm, to grow the window of a request, to end and to close.
  static constexpr std::uint64_t kForStream = 16;
  static constexpr std::uint64_t kForgiven = 200, kEachSecond = 20;  // probes and their answers
  static constexpr std::uint64_t kBytesForOne = 4096;  // of a window that the peer lets grow
  static constexpr std::uint64_t kBytesOfOne = 4096;   // as large as one of the others may be
  bool asks_too_much(const ssh_counter_struct& socket, const ssh_counter_struct& packets) const;

  bool stranger_ = true;
  std::uint64_t data_packets_ = 0, data_bytes_ = 0, expected_ = 0, moved_bytes_ = 0;
  SteadyTime since_ = std::chrono::steady_clock::now();
  std::int64_t drained_at_ = 0;  // written() when nothing waited for the kernel
};

}  // namespace edge::ssh
