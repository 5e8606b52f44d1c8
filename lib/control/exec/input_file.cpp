#include "control/exec/input_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "control/exec/nameless_file.hpp"

namespace edge::control {
namespace {

Error broken(const std::string& path, const char* step) {
  return fail(Errc::usage,
              std::string("cannot ") + step + " " + path + ": " + std::strerror(errno));
}

// Everything that comes, into the file. False: errno says why not.
bool pour(int from, int into) {
  std::array<char, 64 * 1024> bytes;
  for (;;) {
    const auto size = ::read(from, bytes.data(), bytes.size());
    if (size == 0) return true;
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return false;
    for (ssize_t done = 0; done < size;) {
      const auto put = ::write(into, bytes.data() + done, static_cast<std::size_t>(size - done));
      if (put < 0) return false;
      done += put;
    }
  }
}

}  // namespace

Result<std::shared_ptr<InputFile>> InputFile::open(const std::string& path,
                                                   const std::string& spool_folder) {
  const bool is_stdin = path == "-";
  const int given = is_stdin ? STDIN_FILENO : ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (given < 0) return broken(path, "open");
  struct stat about {};
  const bool known = ::fstat(given, &about) == 0;
  if (known && S_ISREG(about.st_mode) && !is_stdin)
    return std::shared_ptr<InputFile>(new InputFile(path, given));
  if (known && S_ISDIR(about.st_mode)) {
    errno = EISDIR;
    const auto error = broken(path, "read");
    if (!is_stdin) ::close(given);
    return error;
  }
  const int kept = open_nameless(spool_folder);
  const bool poured = kept >= 0 && pour(given, kept);
  const auto error = broken(path, kept < 0 ? "make a temporary file for" : "read");
  if (!is_stdin) ::close(given);
  if (poured) return std::shared_ptr<InputFile>(new InputFile(path, kept));
  if (kept >= 0) ::close(kept);
  return error;
}

InputFile::~InputFile() {
  ::close(descriptor_);
}

Result<std::string> InputFile::read(std::uint64_t at, std::size_t most) const {
  std::string bytes(most, '\0');
  for (;;) {
    const auto size = ::pread(descriptor_, bytes.data(), most, static_cast<off_t>(at));
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return broken(path_, "read");
    bytes.resize(static_cast<std::size_t>(size));
    return bytes;
  }
}

}  // namespace edge::control
