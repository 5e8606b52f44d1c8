#include "mover/far_end.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace edge::bench {
namespace {

// Nobody logs in with it: the far end does what it is told without.
constexpr const char* kKey =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMjlnOgw3G1wkiU57e0pVnlkzaN9Aj46AmHALA7PckT+";
constexpr std::size_t kMostHead = 16 * 1024;

Socket connect_tcp(const std::string& host, const std::string& port) {
  Socket socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(std::stoi(port)));
  if (::inet_pton(AF_INET, host.c_str(), &address.sin_addr) != 1) throw Failed("not IPv4: " + host);
  if (::connect(socket.descriptor(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
    fail_with_errno("connect to " + host + ":" + port);
  const int on = 1;
  ::setsockopt(socket.descriptor(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return socket;
}

Socket connect_unix(const std::string& path) {
  Socket socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) throw Failed("too long: " + path);
  std::memcpy(address.sun_path, path.c_str(), path.size());
  if (::connect(socket.descriptor(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
    fail_with_errno("connect to " + path);
  return socket;
}

// The answer's head, and not a byte more: what follows are the stream's.
std::string head_of_answer(Socket& socket) {
  std::string head;
  char byte = 0;
  while (!head.ends_with("\r\n\r\n")) {
    if (head.size() > kMostHead || socket.receive(&byte, 1) == 0)
      throw Failed("no answer of edged's: " + head);
    head += byte;
  }
  return head;
}

Socket open_session(const std::string& path, const std::string& endpoint) {
  auto socket = connect_unix(path);
  const auto request = "GET /v1/endpoints/" + endpoint +
                       "/session?wait=60s HTTP/1.1\r\nHost: edge\r\nConnection: Upgrade\r\n"
                       "Upgrade: ssh\r\nEdge-Session-Key: " +
                       kKey + "\r\n\r\n";
  socket.send_all(request.data(), request.size());
  const auto head = head_of_answer(socket);
  if (!head.starts_with("HTTP/1.1 101 ")) throw Failed(endpoint + ": " + head);
  return socket;
}

}  // namespace

void fail_with_errno(const std::string& what) {
  throw Failed(what + ": " + std::strerror(errno));
}

Socket::Socket(Socket&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

Socket::~Socket() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

void Socket::send_all(const char* bytes, std::size_t size) {
  while (size > 0) {
    const auto sent = ::send(descriptor_, bytes, size, MSG_NOSIGNAL);
    if (sent < 0) fail_with_errno("send");
    bytes += sent;
    size -= static_cast<std::size_t>(sent);
  }
}

std::size_t Socket::receive(char* bytes, std::size_t size) {
  const auto came = ::recv(descriptor_, bytes, size, 0);
  if (came < 0) fail_with_errno("receive");
  return static_cast<std::size_t>(came);
}

void Socket::end_writing() {
  if (::shutdown(descriptor_, SHUT_WR) != 0) fail_with_errno("shutdown");
}

Socket reach(const std::string& target, std::string_view script) {
  const auto first = target.find(':'), last = target.rfind(':');
  if (first == std::string::npos || first == last) throw Failed("no target: " + target);
  const auto kind = target.substr(0, first), where = target.substr(first + 1, last - first - 1),
             whom = target.substr(last + 1);
  if (kind != "edge" && kind != "tcp") throw Failed("no target: " + target);
  auto socket = kind == "edge" ? open_session(where, whom) : connect_tcp(where, whom);
  const auto line = std::string(script) + "\n";
  socket.send_all(line.data(), line.size());
  return socket;
}

}  // namespace edge::bench
