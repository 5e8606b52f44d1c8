#include "base/files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <optional>
#include <system_error>
#include <utility>

namespace edge {
namespace {

namespace fs = std::filesystem;

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  Descriptor& operator=(Descriptor&&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }

 private:
  int fd_;
};

Errc code_of(int number) {
  switch (number) {
    case ENOENT:
      return Errc::not_found;
    case EACCES:
    case EPERM:
    case EROFS:
      return Errc::not_allowed;
    case ENOSPC:
    case EDQUOT:
      return Errc::unavailable;
    default:
      return Errc::failure;
  }
}

// REQUIRES: errno as the failed call left it.
Error system_failure(const char* what, const fs::path& path) {
  const int number = errno;
  return fail(code_of(number), std::string("cannot ") + what + " " + path.string() + ": " +
                                   std::generic_category().message(number));
}

Result<std::string> read_all(const Descriptor& file, const fs::path& path, std::size_t max_bytes) {
  constexpr std::size_t kChunk = 16 * 1024;
  std::string content;
  for (;;) {
    const auto size = content.size();
    content.resize(size + kChunk);
    const auto count = ::read(file.get(), content.data() + size, kChunk);
    content.resize(size + (count > 0 ? static_cast<std::size_t>(count) : 0));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return system_failure("read", path);
    if (count == 0) return content;
    if (content.size() > max_bytes) {
      return fail(Errc::failure, "cannot read " + path.string() + ": it is larger than " +
                                     std::to_string(max_bytes) + " bytes");
    }
  }
}

bool write_all(const Descriptor& file, std::string_view content) {
  while (!content.empty()) {
    const auto count = ::write(file.get(), content.data(), content.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return false;
    content.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

Descriptor open_for_reading(const fs::path& path, int flags = 0) {
  return Descriptor{::open(path.c_str(), O_RDONLY | O_CLOEXEC | flags)};
}

fs::path folder_of(const fs::path& path) {
  return path.has_parent_path() ? path.parent_path() : fs::path(".");
}

bool sync_folder(const fs::path& folder) {
  const auto opened = open_for_reading(folder, O_DIRECTORY);
  return opened && ::fsync(opened.get()) == 0;
}

// Fills the temporary file and puts it in the place of the target.
std::optional<Error> fill_and_rename(const std::string& temporary, const Descriptor& file,
                                     const fs::path& path, std::string_view content, mode_t mode) {
  if (::fchmod(file.get(), mode) != 0) return system_failure("set the mode of", path);
  if (!write_all(file, content) || ::fsync(file.get()) != 0) return system_failure("write", path);
  if (::rename(temporary.c_str(), path.c_str()) != 0) return system_failure("replace", path);
  return std::nullopt;
}

}  // namespace

Result<std::string> read_file(const fs::path& path, std::size_t max_bytes) {
  const auto file = open_for_reading(path);
  if (!file) return system_failure("open", path);
  return read_all(file, path, max_bytes);
}

Result<void> write_file(const fs::path& path, std::string_view content, mode_t mode) {
  const auto folder = folder_of(path);
  std::string temporary = (folder / ("." + path.filename().string() + ".XXXXXX")).string();
  const Descriptor file{::mkostemp(temporary.data(), O_CLOEXEC)};  // 0600 so far
  if (!file) return system_failure("make a file beside", path);
  if (auto error = fill_and_rename(temporary, file, path, content, mode)) {
    ::unlink(temporary.c_str());
    return *error;
  }
  if (!sync_folder(folder)) return system_failure("sync", folder);
  return {};
}

Result<std::string> read_private_file(const fs::path& path) {
  constexpr std::size_t kMaxKeyBytes = 64 * 1024;
  const auto file = open_for_reading(path);
  if (!file) return system_failure("open", path);
  struct stat status {};  // of the open file: the name may mean another one a moment later
  if (::fstat(file.get(), &status) != 0) return system_failure("look at", path);
  if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return fail(Errc::not_allowed,
                path.string() + " holds a key, and others than its owner may use it",
                "chmod 600 " + path.string());
  }
  return read_all(file, path, kMaxKeyBytes);
}

Result<void> make_folder(const fs::path& path, mode_t mode) {
  const auto folder = path.has_filename() ? path : path.parent_path();  // "a/b/" means "a/b"
  std::error_code ignored;  // what matters is whether the last one can be made
  fs::create_directories(folder_of(folder), ignored);
  if (::mkdir(folder.c_str(), mode) != 0 && errno != EEXIST) return system_failure("make", folder);
  struct stat status {};
  if (::stat(folder.c_str(), &status) != 0) return system_failure("look at", folder);
  if (!S_ISDIR(status.st_mode)) {
    return fail(Errc::conflict, "cannot make " + folder.string() + ": it exists and is no folder");
  }
  // Left alone when right: under systemd it may belong to root.
  if ((status.st_mode & 07777) == mode) return {};
  if (::chmod(folder.c_str(), mode) != 0) return system_failure("set the mode of", folder);
  return {};
}

}  // namespace edge
