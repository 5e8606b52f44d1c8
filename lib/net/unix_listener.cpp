#include "net/unix_listener.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <cstring>

namespace edge::net {
namespace {

constexpr int kBacklog = 128;

Errc code_of(int error) {
  switch (error) {
    case ENOENT:
    case ENOTDIR:
    case ELOOP:
      return Errc::not_found;
    case EACCES:
    case EPERM:
    case EROFS:
      return Errc::not_allowed;
    case ECONNREFUSED:
      return Errc::unreachable;
    case EADDRINUSE:
      return Errc::conflict;
    case EAGAIN:
    case EMFILE:
    case ENFILE:
    case ENOSPC:
      return Errc::unavailable;
    default:
      return Errc::failure;
  }
}

Error failed(const std::string& path, int error) {
  return fail(code_of(error), path + ": " + std::strerror(error));
}

// A path of any length, and what it names cannot be exchanged any more.
std::string by_number(const Descriptor& descriptor) {
  return "/proc/self/fd/" + std::to_string(descriptor.get());
}

std::string real_path_of(const Descriptor& descriptor) {
  std::array<char, PATH_MAX> text;
  const auto size = ::readlink(by_number(descriptor).c_str(), text.data(), text.size());
  return size > 0 ? std::string(text.data(), static_cast<std::size_t>(size)) : std::string();
}

bool name_of(const std::string& path, sockaddr_un& name) {
  name = {};
  name.sun_family = AF_UNIX;
  if (path.size() >= sizeof name.sun_path) return false;
  path.copy(name.sun_path, path.size());
  return true;
}

Descriptor stream_socket() {
  return Descriptor(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
}

int connect_to(const Descriptor& socket, const std::string& path) {
  sockaddr_un name;
  if (!name_of(path, name)) return ENAMETOOLONG;
  const auto* address = reinterpret_cast<const sockaddr*>(&name);
  return ::connect(socket.get(), address, sizeof name) == 0 ? 0 : errno;
}

}  // namespace

Result<UnixTarget> find_unix_socket(const std::string& path) {
  Descriptor file(::open(path.c_str(), O_PATH | O_CLOEXEC));
  if (!file) return failed(path, errno);
  struct stat kind {};
  if (::fstat(file.get(), &kind) != 0) return failed(path, errno);
  if (!S_ISSOCK(kind.st_mode)) return fail(Errc::failure, path + " is no socket");
  auto real = real_path_of(file);
  if (real.empty()) return failed(path, errno);
  return UnixTarget{std::move(file), std::move(real)};
}

Result<Descriptor> connect_unix_target(const UnixTarget& target) {
  auto socket = stream_socket();
  if (!socket) return failed(target.real_path, errno);
  const int error = connect_to(socket, by_number(target.file));
  if (error != 0) return failed(target.real_path, error);
  return socket;
}

Result<UnixListener> UnixListener::at(const std::string& path) {
  const auto slash = path.rfind('/');
  const auto folder = slash == std::string::npos ? "." : path.substr(0, slash == 0 ? 1 : slash);
  const auto name = path.substr(slash + 1);  // npos + 1 is 0
  if (name.empty() || name == "." || name == "..")
    return fail(Errc::usage, path + " names no socket");
  Descriptor at(::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!at) return failed(folder, errno);
  const auto real = real_path_of(at);
  if (real.empty()) return failed(folder, errno);
  return UnixListener(std::move(at), name, path, (real == "/" ? real : real + "/") + name);
}

Result<void> UnixListener::listen() {
  sockaddr_un address;
  if (!name_of(by_number(folder_) + "/" + name_, address)) return failed(path_, ENAMETOOLONG);
  auto socket = stream_socket();
  if (!socket) return failed(path_, errno);
  const auto try_to_bind = [&] {
    const auto* at = reinterpret_cast<const sockaddr*>(&address);
    return ::bind(socket.get(), at, sizeof address) == 0 ? 0 : errno;
  };
  const auto before = ::umask(0177);
  int error = try_to_bind();
  if (error == EADDRINUSE && nobody_listens()) {
    ::unlinkat(folder_.get(), name_.c_str(), 0);
    error = try_to_bind();
  }
  ::umask(before);
  if (error != 0) return failed(path_, error);
  struct stat kind {};
  if (::listen(socket.get(), kBacklog) != 0 ||
      ::fstatat(folder_.get(), name_.c_str(), &kind, AT_SYMLINK_NOFOLLOW) != 0)
    return failed(path_, errno);
  inode_ = kind.st_ino;
  socket_ = std::move(socket);
  return {};
}

bool UnixListener::nobody_listens() const {
  struct stat kind {};
  if (::fstatat(folder_.get(), name_.c_str(), &kind, AT_SYMLINK_NOFOLLOW) != 0) return false;
  const auto socket = stream_socket();
  return S_ISSOCK(kind.st_mode) && socket &&
         connect_to(socket, by_number(folder_) + "/" + name_) == ECONNREFUSED;
}

UnixListener::~UnixListener() {
  struct stat kind {};
  if (!folder_ || inode_ == 0) return;
  if (::fstatat(folder_.get(), name_.c_str(), &kind, AT_SYMLINK_NOFOLLOW) == 0 &&
      kind.st_ino == inode_)
    ::unlinkat(folder_.get(), name_.c_str(), 0);
}

}  // namespace edge::net
