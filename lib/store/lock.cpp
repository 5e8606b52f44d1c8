#include "store/lock.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>

namespace edge::store {
namespace {

// The pid that the holder wrote, or "" when it has not come to that yet.
std::string holder(int file) {
  std::array<char, 16> text{};
  const auto size = ::pread(file, text.data(), text.size(), 0);
  std::string pid;
  for (ssize_t i = 0; i < size; ++i) {
    const char digit = text[static_cast<std::size_t>(i)];
    if (digit < '0' || digit > '9') break;
    pid += digit;
  }
  return pid;
}

// For people only: the lock holds even when the disk has no room for the pid.
void write_pid(int file) {
  const std::string text = std::to_string(::getpid()) + "\n";
  if (::ftruncate(file, 0) != 0) return;
  [[maybe_unused]] const auto written = ::pwrite(file, text.data(), text.size(), 0);
}

Error refused(const std::filesystem::path& folder, int file) {
  const std::string pid = holder(file);
  return fail(Errc::conflict,
              "cannot open the state folder " + folder.string() + ": another edged uses it" +
                  (pid.empty() ? "" : " (pid " + pid + ")"),
              "stop that one first, or give this one a state folder of its own");
}

}  // namespace

Result<std::unique_ptr<FolderLock>> FolderLock::take(const std::filesystem::path& folder) {
  const auto path = folder / "lock";
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (file < 0) {
    return fail(Errc::failure, "cannot write " + path.string() + ": " + std::strerror(errno),
                "the state folder must exist and be writable by the user that runs edged");
  }
  if (::flock(file, LOCK_EX | LOCK_NB) != 0) {
    auto error =
        errno == EWOULDBLOCK
            ? refused(folder, file)
            : fail(Errc::failure, "cannot lock " + path.string() + ": " + std::strerror(errno));
    ::close(file);
    return error;
  }
  std::unique_ptr<FolderLock> lock(new FolderLock(file));
  ::fchmod(file, 0600);  // whatever the umask made of it
  write_pid(file);
  return lock;
}

// The file stays: unlinking it would let two processes lock two different files of one name.
FolderLock::~FolderLock() {
  [[maybe_unused]] const int emptied = ::ftruncate(file_, 0);
  ::close(file_);
}

}  // namespace edge::store
