#include "agent/agent_socket.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>

namespace edge::agent {
namespace {

constexpr int kWaiting = 16;  // connections that nobody has accepted yet

// Root in a folder that another account may change would be led astray by its links.
class AsAccount {
 public:
  AsAccount(uid_t user, gid_t group) : was_root_(::geteuid() == 0), group_(::getegid()) {
    if (was_root_) taken_ = ::setegid(group) == 0 && ::seteuid(user) == 0;
  }
  ~AsAccount() {
    // A process that cannot become itself again must not go on as another.
    if (was_root_ && (::seteuid(0) != 0 || ::setegid(group_) != 0)) std::abort();
  }
  AsAccount(const AsAccount&) = delete;
  bool taken() const { return taken_; }

 private:
  bool was_root_;
  gid_t group_;  // before
  bool taken_ = true;
};

}  // namespace

std::unique_ptr<AgentSocket> AgentSocket::open(const Account& account) {
  std::unique_ptr<AgentSocket> socket(new AgentSocket(account));
  if (!socket->make()) return nullptr;
  return socket;
}

bool AgentSocket::make() {
  const AsAccount identity(user_, group_);
  if (!identity.taken()) return false;
  char folder[] = "/tmp/edge-XXXXXX";
  if (::mkdtemp(folder) == nullptr) return false;  // mode 0700
  folder_ = folder;
  path_ = folder_ + "/agent";
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  path_.copy(name.sun_path, sizeof name.sun_path - 1);
  listener_.reset(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const auto before = ::umask(0177);
  const bool bound =
      listener_ &&
      ::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name) == 0 &&
      ::listen(listener_.get(), kWaiting) == 0;
  ::umask(before);
  return bound;
}

AgentSocket::~AgentSocket() {
  if (folder_.empty()) return;
  const AsAccount identity(user_, group_);
  if (!identity.taken()) return;
  ::unlink(path_.c_str());
  ::rmdir(folder_.c_str());
}

}  // namespace edge::agent
