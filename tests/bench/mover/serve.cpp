#include "mover/serve.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <iostream>
#include <limits>
#include <thread>
#include <vector>

#include "mover/far_end.hpp"

namespace edge::bench {
namespace {

constexpr std::size_t kChunk = 32 * 1024;  // as the scripted service of the fleet takes them
constexpr std::size_t kMostLine = 64;

std::string first_line(Socket& socket) {
  std::string line;
  char byte = 0;
  while (line.size() < kMostLine && socket.receive(&byte, 1) == 1 && byte != '\n') line += byte;
  return line;
}

void sink(Socket& socket, std::vector<char>& buffer) {
  std::uint64_t bytes = 0;
  while (const auto came = socket.receive(buffer.data(), buffer.size())) bytes += came;
  const auto told = std::to_string(bytes) + "\n";
  socket.send_all(told.data(), told.size());
}

void source(Socket& socket, const std::vector<char>& zeros, std::uint64_t bytes) {
  const bool endless = bytes == 0;
  while (endless || bytes > 0) {
    const auto size = endless ? kChunk : std::min<std::uint64_t>(bytes, kChunk);
    socket.send_all(zeros.data(), size);
    bytes -= endless ? 0 : size;
  }
}

void echo(Socket& socket, std::vector<char>& buffer) {
  while (const auto came = socket.receive(buffer.data(), buffer.size()))
    socket.send_all(buffer.data(), came);
}

void serve_one(Socket socket) {
  std::vector<char> buffer(kChunk);
  try {
    const auto line = first_line(socket);
    if (line == "echo") echo(socket, buffer);
    if (line == "sink") sink(socket, buffer);
    if (line.starts_with("source ")) source(socket, buffer, std::stoull(line.substr(7)));
    socket.end_writing();
    socket.receive(buffer.data(), 1);  // until the other side has it
  } catch (const Failed&) {
    // The other side has gone, which is its affair.
  }
}

void accept_all(int listener) {
  for (;;) {
    const int descriptor = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    if (descriptor < 0) continue;
    const int on = 1;
    ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    std::thread(serve_one, Socket(descriptor)).detach();
  }
}

}  // namespace

void serve(const std::string& listen) {
  const Socket listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  if (::inet_pton(AF_INET, listen.c_str(), &address.sin_addr) != 1)
    throw Failed("not IPv4: " + listen);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (::bind(listener.descriptor(), generic, size) != 0 ||
      ::listen(listener.descriptor(), 1024) != 0 ||
      ::getsockname(listener.descriptor(), generic, &size) != 0) {
    fail_with_errno("listen");
  }
  std::cout << R"({"port": )" << ntohs(address.sin_port) << "}\n" << std::flush;
  std::thread(accept_all, listener.descriptor()).detach();
  std::cin.ignore(std::numeric_limits<std::streamsize>::max());
  std::_Exit(0);  // the others' threads are still in their calls
}

}  // namespace edge::bench
