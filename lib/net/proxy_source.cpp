#include "net/proxy_source.hpp"

#include <sys/socket.h>

#include <array>

#include "net/deadline.hpp"
#include "wire/proxy_header.hpp"

namespace edge::net {
namespace {

using State = wire::ProxyHeader::State;

Error gone() {
  return fail(Errc::unreachable, "closed before its PROXY header was complete");
}

// Looks at what the kernel has and takes of it what surely is header: all of it while the header
// goes on (so that waiting again waits for new bytes), its own bytes when it is complete.
Result<wire::ProxyHeader> take_header(int descriptor, std::string& bytes) {
  std::array<char, wire::kMaxProxyHeader> chunk;
  const auto peeked =
      ::recv(descriptor, chunk.data(), chunk.size() - bytes.size(), MSG_PEEK | MSG_DONTWAIT);
  if (peeked < 0 && (errno == EAGAIN || errno == EINTR)) return wire::ProxyHeader{};
  if (peeked <= 0) return gone();
  const auto before = bytes.size();
  bytes.append(chunk.data(), static_cast<std::size_t>(peeked));
  auto header = wire::parse_proxy_header(bytes);
  if (header.state == State::absent || header.state == State::malformed) return header;
  if (header.state == State::complete) bytes.resize(header.size);
  const auto taken = ::recv(descriptor, chunk.data(), bytes.size() - before, MSG_DONTWAIT);
  if (taken != static_cast<ssize_t>(bytes.size() - before)) return gone();
  return header;
}

}  // namespace

Task<Result<std::optional<std::string>>> read_proxy_source(Socket& socket, milliseconds deadline) {
  std::string bytes;
  Deadline bound(socket.get_executor(), deadline, [&socket] {
    error_code ignored;
    socket.close(ignored);
  });
  for (;;) {
    auto [error] = co_await socket.async_wait(Socket::wait_read, as_values);
    if (bound.passed()) co_return fail(Errc::timed_out, "the PROXY header did not come in time");
    if (error) co_return gone();
    auto header = take_header(socket.native_handle(), bytes);
    if (!header) co_return header.error();
    if (header->state == State::malformed) co_return fail(Errc::usage, "malformed PROXY header");
    if (header->state == State::need_more) continue;
    if (header->address.empty()) co_return std::optional<std::string>();
    co_return std::optional<std::string>(std::move(header->address));
  }
}

}  // namespace edge::net
