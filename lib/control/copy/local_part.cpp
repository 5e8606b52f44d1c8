#include "control/copy/local_part.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>

#include "control/copy/local_source.hpp"
#include "control/copy/part_name.hpp"

namespace edge::control {
namespace {

constexpr mode_t kOwnersOnly = 0600;

Error another_copy() {
  return fail(Errc::conflict, "another copy is writing it");
}

}  // namespace

Result<LocalTarget> look_at_target(int folder, std::string name) {
  LocalTarget target{folder, std::move(name), {}};
  struct stat about {};
  if (::fstatat(folder, target.name.c_str(), &about, AT_SYMLINK_NOFOLLOW) == 0) {
    if (S_ISDIR(about.st_mode))
      return fail(Errc::failure, "there is a folder of that name: Is a directory");
    target.existing = about;
  } else if (errno != ENOENT) {
    return local_error("", errno);
  }
  return target;
}

LocalPart::LocalPart(LocalTarget target)
    : target_(std::move(target)), part_(part_name(target_.name)) {}

Result<std::uint64_t> LocalPart::open_again() {
  Descriptor file(
      ::openat(target_.folder, part_.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  struct stat about {};
  if (!file || ::fstat(file.get(), &about) != 0) return 0;  // open_new() tells what is wrong
  if (!S_ISREG(about.st_mode) || about.st_uid != ::geteuid()) return 0;
  if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) return another_copy();
  file_ = std::move(file);
  return static_cast<std::uint64_t>(about.st_size);
}

Result<void> LocalPart::open_new(mode_t mode) {
  if (!file_) {
    if (auto left = open_again(); !left) return left.error();
  }
  file_.reset();
  if (::unlinkat(target_.folder, part_.c_str(), 0) != 0 && errno != ENOENT)
    return local_error("", errno);
  const mode_t opening = target_.existing ? kOwnersOnly : mode & 0777;
  file_.reset(::openat(target_.folder, part_.c_str(),
                       O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, opening));
  if (!file_) return local_error("", errno);
  if (::flock(file_.get(), LOCK_EX | LOCK_NB) != 0) return another_copy();
  return {};
}

Result<void> LocalPart::write(std::uint64_t at, const char* bytes, std::size_t size) {
  while (size > 0) {
    const auto written = ::pwrite(file_.get(), bytes, size, static_cast<off_t>(at));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return local_error("", errno);
    at += static_cast<std::uint64_t>(written);
    bytes += written;
    size -= static_cast<std::size_t>(written);
  }
  return {};
}

Result<void> LocalPart::read(std::uint64_t at, char* to, std::size_t size) const {
  while (size > 0) {
    const auto got = ::pread(file_.get(), to, size, static_cast<off_t>(at));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return local_error("", errno);
    if (got == 0) return fail(Errc::failure, "it became shorter while it was read");
    at += static_cast<std::uint64_t>(got);
    to += got;
    size -= static_cast<std::size_t>(got);
  }
  return {};
}

Result<void> LocalPart::finish(const Seal& seal) {
  const int file = file_.get();
  if (::ftruncate(file, static_cast<off_t>(seal.size)) != 0) return local_error("", errno);
  const auto& before = target_.existing;
  if (before && S_ISREG(before->st_mode)) {
    // Who may not give a file away keeps it; ahead of the mode, whose set-user bits it takes off.
    [[maybe_unused]] const auto given = ::fchown(file, before->st_uid, before->st_gid);
  }
  if (seal.mode && ::fchmod(file, *seal.mode & 07777) != 0) return local_error("", errno);
  if (seal.times) {
    const timespec times[] = {seal.times->first, seal.times->second};
    if (::futimens(file, times) != 0) return local_error("", errno);
  }
  // Only where there is something to lose: a crash must not leave an empty file in its place.
  if (before && ::fsync(file) != 0) return local_error("", errno);
  if (::renameat(target_.folder, part_.c_str(), target_.folder, target_.name.c_str()) != 0)
    return local_error("", errno);
  file_.reset();
  return {};
}

void LocalPart::abandon(bool keep) {
  const bool is_ours = static_cast<bool>(file_);
  file_.reset();
  if (is_ours && !keep) ::unlinkat(target_.folder, part_.c_str(), 0);
}

}  // namespace edge::control
