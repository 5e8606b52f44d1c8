#include "agent/run_lock.hpp"

#include <fcntl.h>

#include <cerrno>
#include <cstring>

namespace edge::agent {
namespace {

std::filesystem::path file_of(const std::filesystem::path& folder) {
  return folder / "lock";
}

struct flock whole_file() {
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  return lock;
}

}  // namespace

Result<RunLock> RunLock::take(const std::filesystem::path& folder) {
  const auto path = file_of(folder);
  Descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (file.get() < 0)
    return fail(Errc::failure, "cannot write " + path.string() + ": " + std::strerror(errno));
  auto lock = whole_file();
  if (::fcntl(file.get(), F_SETLK, &lock) == 0) return RunLock(std::move(file));
  if (errno != EACCES && errno != EAGAIN)
    return fail(Errc::failure, "cannot lock " + path.string() + ": " + std::strerror(errno));
  const auto other = holder(folder);
  return fail(Errc::conflict,
              "an agent runs with " + folder.string() + " already" +
                  (other ? " (pid " + std::to_string(*other) + ")" : ""),
              "stop that one first: two agents with one identity are both refused");
}

std::optional<pid_t> RunLock::holder(const std::filesystem::path& folder) {
  const Descriptor file(::open(file_of(folder).c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW));
  if (file.get() < 0) return std::nullopt;
  auto lock = whole_file();
  if (::fcntl(file.get(), F_GETLK, &lock) != 0 || lock.l_type == F_UNLCK) return std::nullopt;
  return lock.l_pid;
}

}  // namespace edge::agent
