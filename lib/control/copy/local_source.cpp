#include "control/copy/local_source.hpp"

#include <fcntl.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <cerrno>
#include <cstring>

namespace edge::control {
namespace {

constexpr std::size_t kChunk = 256 * 1024;
constexpr std::uint64_t kTurn = 4 * 1024 * 1024;  // hashed before others have their turn

net::Task<> let_others_run() {
  const auto executor = co_await net::asio::this_coro::executor;
  co_await net::asio::post(executor, net::asio::use_awaitable);
}

bool is_same_time(const timespec& a, const timespec& b) {
  return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

}  // namespace

Error local_error(const std::string& what, int error) {
  const auto code = error == ENOENT                     ? Errc::not_found
                    : error == EACCES || error == EPERM ? Errc::not_allowed
                                                        : Errc::failure;
  return fail(code, what + (what.empty() ? "" : ": ") + std::strerror(error));
}

Result<LocalSource> LocalSource::open(int folder, const std::string& name, bool follow_link) {
  const int link = follow_link ? 0 : O_NOFOLLOW;
  // Not to wait for a pipe's other end.
  Descriptor file(
      ::openat(folder, name.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | link));
  struct stat about {};
  if (!file || ::fstat(file.get(), &about) != 0) return local_error("", errno);
  if (S_ISDIR(about.st_mode)) return local_error("", EISDIR);
  if (!S_ISREG(about.st_mode)) return fail(Errc::failure, "not a regular file");
  return LocalSource(std::move(file), about);
}

std::optional<wire::DataRange> LocalSource::next_data(std::uint64_t at) const {
  if (at >= size()) return std::nullopt;
  const off_t from = ::lseek(file_.get(), static_cast<off_t>(at), SEEK_DATA);
  if (from < 0 && errno == ENXIO) return std::nullopt;
  const off_t to = from < 0 ? -1 : ::lseek(file_.get(), from, SEEK_HOLE);
  if (to < 0) return wire::DataRange{at, size()};  // its file system cannot tell
  const auto begin = static_cast<std::uint64_t>(from);
  const auto end = std::min(static_cast<std::uint64_t>(to), size());
  if (begin >= end) return std::nullopt;
  return wire::DataRange{begin, end};
}

Result<void> LocalSource::read(std::uint64_t at, char* to, std::size_t size) const {
  while (size > 0) {
    const auto got = ::pread(file_.get(), to, size, static_cast<off_t>(at));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return local_error("", errno);
    if (got == 0) return fail(Errc::failure, "it became shorter while it was copied");
    at += static_cast<std::uint64_t>(got);
    to += got;
    size -= static_cast<std::size_t>(got);
  }
  return {};
}

net::Task<Result<void>> LocalSource::hash(crypto::RunningHash& hash, std::uint64_t to) const {
  std::string buffer(kChunk, '\0');
  while (hash.size() < to) {
    const auto data = next_data(hash.size());
    const auto until = std::min(to, data ? data->from : to);
    co_await hash_hole(hash, until - hash.size());
    const auto end = data ? std::min(data->to, to) : to;
    while (hash.size() < end) {
      const auto size =
          static_cast<std::size_t>(std::min<std::uint64_t>(kChunk, end - hash.size()));
      if (auto got = read(hash.size(), buffer.data(), size); !got) co_return got.error();
      hash.add({buffer.data(), size});
      if (hash.size() % kTurn < size) co_await let_others_run();
    }
  }
  co_return Result<void>{};
}

net::Task<> hash_hole(crypto::RunningHash& hash, std::uint64_t size) {
  while (size > 0) {
    const auto part = std::min(size, kTurn);
    hash.add_zeros(part);
    size -= part;
    if (size > 0) co_await let_others_run();
  }
}

Result<void> LocalSource::is_unchanged() const {
  struct stat now {};
  if (::fstat(file_.get(), &now) != 0) return local_error("", errno);
  const bool same = is_same_time(now.st_mtim, about_.st_mtim) && now.st_size == about_.st_size;
  if (same || now.st_size > about_.st_size) return {};
  return fail(Errc::failure, "it changed while it was copied");
}

}  // namespace edge::control
