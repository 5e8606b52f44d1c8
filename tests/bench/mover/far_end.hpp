// What bytes are moved to: a scripted service (tests/bench/fleet/scripted_service.hpp says what it
// does) behind a tunnel of edged's, or behind a TCP port. Plain blocking sockets: nothing that
// would be measured along.
#pragma once

#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>

namespace edge::bench {

struct Failed : std::runtime_error {
  using std::runtime_error::runtime_error;
};
[[noreturn]] void fail_with_errno(const std::string& what);

class Socket {
 public:
  explicit Socket(int descriptor) : descriptor_(descriptor) {}
  ~Socket();
  Socket(Socket&& other) noexcept;
  Socket& operator=(Socket&&) = delete;

  int descriptor() const { return descriptor_; }
  void send_all(const char* bytes, std::size_t size);
  std::size_t receive(char* bytes, std::size_t size);  // 0: the end
  void end_writing();

 private:
  int descriptor_;
};

// "tcp:HOST:PORT" or "edge:SOCKET:ENDPOINT" (edged's admin socket). Waits until a tunnel is open;
// the first line, which says what to do, has been sent.
Socket reach(const std::string& target, std::string_view script);

}  // namespace edge::bench
