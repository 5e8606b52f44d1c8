#include "base/file_lock.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <thread>
#include <utility>

namespace edge {
namespace {

constexpr milliseconds kLookAgain{5};  // flock has no deadline of its own

Error lock_failure(const std::filesystem::path& file, int number) {
  return fail(number == EACCES || number == EPERM ? Errc::not_allowed : Errc::failure,
              "cannot lock " + file.string() + ": " + std::generic_category().message(number));
}

}  // namespace

Result<FileLock> FileLock::take(const std::filesystem::path& file, milliseconds patience) {
  const int descriptor = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (descriptor < 0) return lock_failure(file, errno);
  FileLock lock(descriptor);
  const auto end = std::chrono::steady_clock::now() + patience;
  while (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR) return lock_failure(file, errno);
    if (std::chrono::steady_clock::now() >= end) {
      return fail(Errc::unavailable, "cannot lock " + file.string() +
                                         ": another process has had it for " +
                                         format_duration(patience));
    }
    std::this_thread::sleep_for(kLookAgain);
  }
  return lock;
}

FileLock::FileLock(FileLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

FileLock::~FileLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

}  // namespace edge
