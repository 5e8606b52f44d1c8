#include "agent/followed_files.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace edge::agent {
namespace {

using wire::SumsAnswer;
using wire::SumsRequest;

constexpr std::size_t kMostFiles = 64;
constexpr std::size_t kChunk = 256 * 1024;

SumsAnswer failed(std::uint32_t id, int error) {
  SumsAnswer answer;
  answer.kind = SumsAnswer::Kind::failed;
  answer.id = id;
  answer.error = static_cast<std::uint32_t>(error);
  answer.words = error == EINVAL        ? "not a regular file"
                 : error == EWOULDBLOCK ? "another copy is writing it"
                                        : std::strerror(error);
  return answer;
}

// A regular file, whose reading never waits for somebody else; else errno.
int open_file(const std::string& path, int flags, Descriptor& opened) {
  opened.reset(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | flags));
  if (!opened) return errno;
  struct stat about {};
  if (::fstat(opened.get(), &about) != 0) return errno;
  return S_ISREG(about.st_mode) ? 0 : S_ISDIR(about.st_mode) ? EISDIR : EINVAL;
}

std::uint64_t size_of(int descriptor) {
  struct stat about {};
  return ::fstat(descriptor, &about) == 0 ? static_cast<std::uint64_t>(about.st_size) : 0;
}

// Where there is data; the whole file where its file system cannot tell, or there is too much to
// tell.
std::vector<wire::DataRange> data_ranges(int descriptor, std::uint64_t size) {
  std::vector<wire::DataRange> ranges;
  off_t at = 0;
  while (static_cast<std::uint64_t>(at) < size) {
    const off_t from = ::lseek(descriptor, at, SEEK_DATA);
    if (from < 0 && errno == ENXIO) return ranges;
    const off_t to = from < 0 ? -1 : ::lseek(descriptor, from, SEEK_HOLE);
    if (to < 0 || ranges.size() == wire::kMostRanges) return {{0, size}};
    const auto end = std::min(static_cast<std::uint64_t>(to), size);
    if (static_cast<std::uint64_t>(from) < end)
      ranges.push_back({static_cast<std::uint64_t>(from), end});
    at = to;
  }
  return ranges;
}

// How long the hole is that begins here: it need not be read. 0: there is none.
std::uint64_t hole_at(int descriptor, std::uint64_t at, std::uint64_t to) {
  const off_t data = ::lseek(descriptor, static_cast<off_t>(at), SEEK_DATA);
  const bool is_end = data < 0 && errno == ENXIO;
  if (data < 0 && !is_end) return 0;
  const auto end = is_end ? size_of(descriptor) : static_cast<std::uint64_t>(data);
  return std::min(end, to) > at ? std::min(end, to) - at : 0;
}

SumsAnswer ranges_of(const SumsRequest& request) {
  Descriptor file;
  if (const int error = open_file(request.path, 0, file)) return failed(request.id, error);
  SumsAnswer answer;
  answer.kind = SumsAnswer::Kind::ranges;
  answer.id = request.id;
  answer.size = size_of(file.get());
  answer.ranges = data_ranges(file.get(), answer.size);
  return answer;
}

}  // namespace

std::optional<SumsAnswer> FollowedFiles::take(const SumsRequest& request) {
  using Kind = SumsRequest::Kind;
  if (request.kind == Kind::sum) return sum(request);
  if (request.kind == Kind::ranges) return ranges_of(request);
  if (request.kind == Kind::follow) {
    follow(request);
    return std::nullopt;
  }
  const auto found = files_.find(request.id);
  if (found == files_.end()) {
    if (request.kind != Kind::digest) return std::nullopt;
    return failed(request.id, EMFILE);
  }
  if (request.kind == Kind::digest) return digest(request.id, *found->second, request.to);
  if (request.kind == Kind::advance) advance(*found->second, request.to);
  if (request.kind == Kind::forget) files_.erase(found);
  return std::nullopt;
}

void FollowedFiles::follow(const SumsRequest& request) {
  files_.erase(request.id);
  if (files_.size() >= kMostFiles) return;
  auto file = std::make_unique<File>();
  file->error = open_file(request.path, request.is_part ? O_NOFOLLOW : 0, file->descriptor);
  if (file->error == 0 && request.is_part &&
      ::flock(file->descriptor.get(), LOCK_EX | LOCK_NB) != 0)
    file->error = errno;
  files_[request.id] = std::move(file);
}

SumsAnswer FollowedFiles::sum(const SumsRequest& request) {
  File file;
  file.error = open_file(request.path, 0, file.descriptor);
  return digest(request.id, file, wire::kToTheEnd);
}

SumsAnswer FollowedFiles::digest(std::uint32_t id, File& file, std::uint64_t to) {
  advance(file, to);
  if (file.error != 0) return failed(id, file.error);
  SumsAnswer answer;
  answer.id = id;
  answer.size = size_of(file.descriptor.get());
  answer.summed = file.hash.size();
  answer.hash = file.hash.value();
  return answer;
}

void FollowedFiles::advance(File& file, std::uint64_t to) {
  buffer_.resize(kChunk);
  while (file.error == 0 && file.hash.size() < to) {
    if (const auto hole = hole_at(file.descriptor.get(), file.hash.size(), to)) {
      file.hash.add_zeros(hole);
      continue;
    }
    const auto wanted =
        static_cast<std::size_t>(std::min<std::uint64_t>(kChunk, to - file.hash.size()));
    const auto got = ::pread(file.descriptor.get(), buffer_.data(), wanted,
                             static_cast<off_t>(file.hash.size()));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) file.error = errno;
    if (got <= 0) return;
    file.hash.add({buffer_.data(), static_cast<std::size_t>(got)});
  }
}

}  // namespace edge::agent
