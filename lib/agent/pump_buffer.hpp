// What a pump between a channel and a pipe reads into: small for a shell's few keys, large once
// bulk comes, for which large pieces are cheaper.
#pragma once

#include <boost/asio/buffer.hpp>
#include <vector>

namespace edge::agent {

class PumpBuffer {
 public:
  boost::asio::mutable_buffer room() { return boost::asio::buffer(bytes_); }
  const char* data() const { return bytes_.data(); }
  // After a read was passed on.
  void note(std::size_t read) {
    if (read == bytes_.size() && read < kBulk) bytes_ = std::vector<char>(kBulk);
  }

 private:
  static constexpr std::size_t kSmall = 32 * 1024, kBulk = 128 * 1024;
  std::vector<char> bytes_ = std::vector<char>(kSmall);
};

}  // namespace edge::agent
