#include "control/forward/local_listener.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/address.hpp"
#include "base/text.hpp"

namespace edge::control {
namespace {

constexpr milliseconds kPause{100};  // after an accept that failed: descriptors may come back
constexpr int kBacklog = 128;

struct Addresses {
  addrinfo* first = nullptr;
  Addresses() = default;
  Addresses(const Addresses&) = delete;
  ~Addresses() {
    if (first != nullptr) ::freeaddrinfo(first);
  }
};

std::uint16_t& port_of(sockaddr* address) {
  return address->sa_family == AF_INET6 ? reinterpret_cast<sockaddr_in6*>(address)->sin6_port
                                        : reinterpret_cast<sockaddr_in*>(address)->sin_port;
}

// Of a kind that this machine does not have.
bool is_absent(int error) {
  return error == EAFNOSUPPORT || error == EADDRNOTAVAIL;
}

Result<Descriptor> listening(const addrinfo& at) {
  Descriptor socket(::socket(at.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const int yes = 1;
  bool works = bool(socket);
  if (works) ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  if (works && at.ai_family == AF_INET6)
    ::setsockopt(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof yes);
  works = works && ::bind(socket.get(), at.ai_addr, at.ai_addrlen) == 0 &&
          ::listen(socket.get(), kBacklog) == 0;
  if (works) return socket;
  if (is_absent(errno)) return fail(Errc::not_found, std::strerror(errno));
  const auto code = errno == EADDRINUSE ? Errc::conflict
                    : errno == EACCES   ? Errc::not_allowed
                                        : Errc::failure;
  return fail(code, std::strerror(errno));
}

std::uint16_t bound_port(const Descriptor& socket) {
  sockaddr_storage name{};
  socklen_t size = sizeof name;
  auto* address = reinterpret_cast<sockaddr*>(&name);
  return ::getsockname(socket.get(), address, &size) == 0 ? ntohs(port_of(address)) : 0;
}

std::string hint_of(Errc code, const ForwardPlace& place) {
  if (place.is_socket()) return "";
  if (code == Errc::conflict)
    return "ss -ltnp 'sport = :" + std::to_string(place.port) +
           "' shows who has it; port 0 is a free one";
  if (code == Errc::not_allowed && place.port < 1024)
    return "ports below 1024 are root's; choose a higher one";
  return "";
}

}  // namespace

Result<std::unique_ptr<LocalListener>> LocalListener::open(net::asio::any_io_executor executor,
                                                           const ForwardSpec& spec) {
  std::unique_ptr<LocalListener> listener(new LocalListener(spec.listen));
  const auto listening = spec.listen.is_socket() ? listener->listen_on_socket(executor)
                                                 : listener->listen_on_addresses(executor);
  if (listening) return listener;
  const auto& error = listening.error();
  return fail(error.code,
              printable(spec.text) + ": cannot listen on " + printable(print_place(spec.listen)) +
                  ": " + error.message,
              hint_of(error.code, spec.listen));
}

Result<void> LocalListener::listen_on_socket(const net::asio::any_io_executor& executor) {
  auto file = net::UnixListener::at(place_.path);
  if (!file) return file.error();
  if (auto listening = file->listen(); !listening) return listening;
  file_.emplace(std::move(*file));
  auto acceptor = std::make_shared<Acceptor>(executor);
  // asio closes its own: the file's stays until the end.
  acceptor->assign(Protocol(AF_UNIX, 0), ::dup(file_->descriptor()));
  acceptors_.push_back(std::move(acceptor));
  return {};
}

Result<void> LocalListener::listen_on_addresses(const net::asio::any_io_executor& executor) {
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  wanted.ai_flags = AI_PASSIVE;
  Addresses found;
  const char* host = place_.host.empty() ? nullptr : place_.host.c_str();
  const auto port = std::to_string(place_.port);
  if (const int error = ::getaddrinfo(host, port.c_str(), &wanted, &found.first); error != 0)
    return fail(Errc::not_found, ::gai_strerror(error));
  Error absent = fail(Errc::not_found, "no such address");
  for (auto* at = found.first; at != nullptr; at = at->ai_next) {
    if (at->ai_family != AF_INET && at->ai_family != AF_INET6) continue;
    port_of(at->ai_addr) = htons(place_.port);  // the one that the first address got
    auto socket = listening(*at);
    if (!socket && socket.error().code == Errc::not_found) {
      absent = socket.error();
      continue;
    }
    // All of them or none: the other half might be somebody else's.
    if (!socket) return socket.error();
    place_.port = bound_port(*socket);
    auto acceptor = std::make_shared<Acceptor>(executor);
    acceptor->assign(Protocol(at->ai_family, IPPROTO_TCP), socket->release());
    acceptors_.push_back(std::move(acceptor));
  }
  if (acceptors_.empty()) return absent;
  return {};
}

void LocalListener::accept(net::TaskGroup& tasks, OnConnection on_connection) {
  for (const auto& acceptor : acceptors_)
    tasks.spawn("forward.accept", accept_at(acceptor, on_connection));
}

net::Task<> LocalListener::accept_at(std::shared_ptr<Acceptor> acceptor,
                                     OnConnection on_connection) {
  while (acceptor->is_open()) {
    net::Socket socket(acceptor->get_executor());
    auto [error] = co_await acceptor->async_accept(socket, net::as_values);
    if (error == net::asio::error::operation_aborted) co_return;
    if (!error) {
      on_connection(std::move(socket));
      continue;
    }
    const bool go_on = co_await net::sleep(kPause);
    if (!go_on) co_return;
  }
}

void LocalListener::close() noexcept {
  net::error_code ignored;
  for (auto& acceptor : acceptors_) acceptor->close(ignored);
  file_.reset();
}

}  // namespace edge::control
