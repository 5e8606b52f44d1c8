// One libssh session under one asio loop: the pump. libssh does the protocol and the system calls;
// asio only says when the descriptor is ready. Private to lib/ssh.
//
// The pattern (each line was learned the hard way, docs/tunnel-protocol.md has the traps):
//   - one ssh_event per session: with a shared one every call is O(all sessions);
//   - the session's own descriptor, not a dup: libssh closes it by itself, so asio's hold on it is
//     released in the same handler;
//   - callbacks only record and ring; work happens after libssh returned;
//   - any call into libssh may have processed packets of *other* channels: after each one comes
//     touched().
// Thread rule: the loop's thread only.
#pragma once

#include <boost/asio/posix/stream_descriptor.hpp>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "net/send_pace.hpp"
#include "net/task.hpp"
#include "net/waiter.hpp"
#include "ssh/allowance.hpp"
#include "ssh/closing_channels.hpp"
#include "ssh/handles.hpp"
#include "ssh/peer_bounds.hpp"

namespace edge::ssh {

class Channel;
using net::Task;
using net::Waiter;

// Shared by its owner, its channels, and asio's pending waits.
class Session : public std::enable_shared_from_this<Session> {
 public:
  // `descriptor`: connected and non-blocking; the session's from here on. Client or server: libssh
  // forgets a client's descriptor instead of closing it.
  enum class Side { client, server };
  Session(net::asio::any_io_executor executor, SessionHandle raw, int descriptor, Side side);
  ~Session();
  Session(const Session&) = delete;

  // REQUIRES: libssh knows the descriptor (ssh_bind_accept_fd, or the first ssh_connect). Starts
  // the pump.
  bool start();
  // Says goodbye if it can, ends every channel, lets whoever waits go on. Safe to repeat.
  void close() noexcept;

  // For a peer whom nobody trusts: from now on a session that breaks the bounds ends, in any call
  // into libssh.
  PeerBounds& bound() { return bounds_.emplace(); }
  void end(std::string reason) noexcept;

  bool alive() const noexcept { return alive_; }
  const std::string& reason() const noexcept { return reason_; }  // why it is not alive
  SteadyTime last_heard() const noexcept { return last_heard_; }
  std::uint64_t packets_out() const noexcept { return packets_.out_packets; }
  ssh_session raw() const noexcept { return raw_.get(); }
  net::asio::any_io_executor executor() const { return executor_; }

  // Until something moved; false when the session is dead.
  Task<bool> progress();
  Task<> until_dead();
  // After every call into libssh from outside of the pump.
  void touched();
  // After calls of after_turn that read from the socket: a session that libssh has ended is dead at
  // once.
  void look_alive();
  // Wakes everybody who waits in progress(); for callbacks and for channels that end.
  void moved() {
    moved_ = true;
    schedule();
  }

  // Repeats a non-blocking libssh call until it says something else than SSH_AGAIN.
  template <class Step>
  Task<int> call(Step step) {
    auto self = shared_from_this();
    while (alive_) {
      const int rc = step();
      touched();
      if (rc != SSH_AGAIN) co_return rc;
      if (!co_await progress()) break;
    }
    co_return SSH_ERROR;
  }

  // --- for channels
  void add(Channel* channel) { channels_.push_back(channel); }
  void remove(Channel* channel) noexcept;
  void let_close(ssh_channel raw) { closing_.add(raw); }  // the peer has not closed it yet
  std::size_t channel_count() const noexcept { return channels_.size(); }
  std::size_t closing_count() const noexcept { return closing_.size(); }
  // Whether `size` bytes may be written now; if not (Room::none), the writer waits for its turn.
  // Streams take turns, a chunk each, a few on a path with plenty of room; a keystroke does not
  // wait for a slow link's queue as bulk does.
  net::Room may_write(const Waiter& writer, std::size_t size);
  Task<bool> turn_to_write(Waiter& writer, std::size_t size);  // false: cancelled
  void end_turn(Waiter& writer);        // it has written, or it gives up: the next one's turn
  void moved_bytes(std::size_t size) {  // of a stream, either way
    allowance_.earn(size);
    if (bounds_) bounds_->moved(size);
  }
  void wrote(std::size_t size) {
    allowance_.earn_answer();
    moved_bytes(size);
  }
  void heard_data(std::uint64_t bytes) {  // a packet of a stream
    ++data_packets_;
    if (bounds_) bounds_->heard_data(bytes);
  }
  // Packets so far that brought no bytes of a stream: requests, among others.
  std::uint64_t other_packets() const noexcept { return packets_.in_packets - data_packets_; }
  void opened_stream() {
    if (bounds_) bounds_->opened_stream();
  }

  // Runs on the loop after each turn of the pump; for those who create channels from callbacks.
  std::function<void()> after_turn;

 private:
  void turn();
  bool read_all(std::chrono::nanoseconds started);
  void arm();
  void arm_read();
  void schedule();
  void wake_later(milliseconds after, bool& pending);
  void wake_writers();
  void die(std::string reason);
  void wake_all() noexcept;
  void close_forgotten() noexcept;
  bool within_bounds();
  bool is_gone() const;
  void die_of_libssh();
  bool has_unsent() const noexcept { return (ssh_get_status(raw()) & SSH_WRITE_PENDING) != 0; }

  net::asio::any_io_executor executor_;
  SessionHandle raw_;
  EventHandle event_;
  const int number_;         // of the descriptor
  std::uint64_t inode_ = 0;  // of a client's socket, to know it again
  net::asio::posix::stream_descriptor descriptor_;
  net::asio::steady_timer progress_;
  Waiter death_;
  std::unique_ptr<net::asio::steady_timer> later_;  // of the few that ever wait for a time
  net::SendPace pace_;
  Allowance allowance_;
  ssh_counter_struct socket_bytes_{}, packets_{};
  std::optional<PeerBounds> bounds_;
  std::uint64_t seen_packets_ = 0, seen_out_ = 0, data_packets_ = 0;
  std::uint64_t seen_in_ = 0;
  SteadyTime last_heard_{};
  std::vector<Channel*> channels_;
  ClosingChannels closing_;
  std::deque<Waiter*> line_;  // of writers
  std::string reason_;
  bool alive_ = false;
  bool scheduled_ = false, reading_ = false, writing_ = false, moved_ = false;
  bool paused_ = false;     // it has cost too much: nothing is read until later_
  bool slow_path_ = false;  // bulk waits for the path's queue: looked at again later
};

}  // namespace edge::ssh
