// What has arrived of the other end's bytes and nobody has read yet, and what the other end is to
// be told of it. Pure; bounded by the window that the other end keeps to.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace edge::resume {

// What may be on its way and not taken, each way: a path's bandwidth times its delay, as libssh's
// own windows (2 MB) are.
inline constexpr std::size_t kWindow = 2 * 1024 * 1024;

class ArrivedBytes {
 public:
  // Bytes at this position of the stream; what came before already is passed over. False: they are
  // more than the window, behind a gap, or behind the end.
  // `to`: whoever waits for them takes up to `most` at once (how many: `taken`), and they are read.
  bool append(std::uint64_t position, std::string_view bytes, char* to, std::size_t most,
              std::size_t& taken);
  bool append(std::uint64_t position, std::string_view bytes) {
    std::size_t none = 0;
    return append(position, bytes, nullptr, 0, none);
  }
  bool end(std::uint64_t position);  // false: not behind the last byte

  std::size_t read(char* to, std::size_t most);
  void read_end() noexcept;  // the reader has seen it
  bool is_empty() const noexcept { return front_ == waiting_.size(); }
  bool has_ended() const noexcept { return ended_; }
  std::uint64_t received() const noexcept { return received_; }  // its end counts as one

  // What has been read is acknowledged now and then: often enough that a window never stays shut,
  // and that a sender of small frames need not keep many.
  bool ack_is_due() const noexcept;
  std::uint64_t ack();                              // to be told now
  void tell_anew() noexcept { told_anew_ = true; }  // on a new carrier: the last ack may be lost

 private:
  std::string waiting_;
  std::size_t front_ = 0;  // read of waiting_
  std::uint64_t received_ = 0, taken_ = 0, acked_ = 0;
  unsigned pieces_ = 0;  // since the last ack
  bool ended_ = false, told_anew_ = false;
};

}  // namespace edge::resume
