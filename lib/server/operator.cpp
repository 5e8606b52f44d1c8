#include "server/operator.hpp"

#include <pwd.h>
#include <sys/socket.h>

#include <array>
#include <charconv>

#include "base/files.hpp"
#include "base/text.hpp"

namespace edge::server {
namespace {

std::string user_name(uid_t uid) {
  std::array<char, 4096> buffer;
  passwd entry{};
  passwd* found = nullptr;
  if (::getpwuid_r(uid, &entry, buffer.data(), buffer.size(), &found) == 0 && found != nullptr) {
    return printable(found->pw_name, 64);
  }
  return "uid " + std::to_string(uid);
}

// A number of /proc/PID/NAME; 4294967295 is "none".
std::optional<std::uint32_t> number_of(pid_t pid, const char* name) {
  const auto text = read_file("/proc/" + std::to_string(pid) + "/" + name, 32);
  if (!text) return std::nullopt;
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
  if (error != std::errc() || number == static_cast<std::uint32_t>(-1)) return std::nullopt;
  return number;
}

}  // namespace

Operator operator_of(int socket) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return {"unknown", {}};
  Operator who;
  who.login.user = user_name(peer.uid);
  who.login.uid = peer.uid;
  who.login.pid = peer.pid;
  who.login.login_uid = number_of(peer.pid, "loginuid");
  who.login.login_session = number_of(peer.pid, "sessionid");
  if (who.login.login_uid) who.login.login_user = user_name(*who.login.login_uid);
  const bool became = who.login.login_uid && *who.login.login_uid != peer.uid;
  who.name = became ? who.login.login_user + " as " + who.login.user : who.login.user;
  return who;
}

}  // namespace edge::server
