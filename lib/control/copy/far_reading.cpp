#include "control/copy/far_reading.hpp"

#include <algorithm>

#include "control/copy/local_source.hpp"

namespace edge::control {
namespace {

constexpr std::uint64_t kFollowed = 2 * 1024 * 1024;  // read before the agent is told again
constexpr std::size_t kZeros = 64 * 1024;
constexpr std::size_t kAhead = 64;  // requests

Error shorter() {
  return fail(Errc::failure, "it became shorter while it was copied");
}

}  // namespace

FarReading::FarReading(FarSide& far, const CopyTerms& terms, CopyListener& listener,
                       std::string path)
    : far_(far), terms_(terms), listener_(listener), path_(std::move(path)) {}

net::Task<Result<void>> FarReading::open() {
  const sftp::Attributes none;
  auto handle = co_await far_.files.open_file(path_, sftp::kRead, none);
  if (!handle) co_return handle.error();
  handle_ = std::move(*handle);
  const auto about = co_await far_.files.fstat(handle_);
  if (!about) co_return about.error();
  about_ = *about;
  if (!about_.is_file()) co_return fail(Errc::failure, "not a regular file");
  size_ = about_.size.value_or(0);
  if (size_ >= kLargeFile && far_.sums) followed_ = far_.sums->follow(path_, false);
  co_return Result<void>{};
}

net::Task<Result<wire::SumsAnswer>> FarReading::sum_to(std::uint64_t to) {
  if (!followed_) co_return fail(Errc::failure, "not told");
  co_return co_await far_.sums->digest(*followed_, to);
}

net::Task<Result<std::vector<wire::DataRange>>> FarReading::ranges() {
  std::vector<wire::DataRange> all;
  if (size_ > 0) all.push_back({0, size_});
  if (!followed_) co_return all;
  auto told = co_await far_.sums->ranges(path_);
  // It may be another file by now, or a longer one: check() has the last word.
  if (!told || told->size < size_) co_return all;
  all = std::move(told->ranges);
  while (!all.empty() && all.back().from >= size_) all.pop_back();
  if (!all.empty()) all.back().to = std::min(all.back().to, size_);
  co_return all;
}

net::Task<Result<void>> FarReading::read(const Take& take, bool wants_holes) {
  const auto data = co_await ranges();
  if (!data) co_return data.error();
  for (const auto& range : *data) {
    auto at = std::max(range.from, hash_.size());
    if (at >= range.to) continue;
    if (at > hash_.size()) {  // a hole: what was asked for is before it
      while (!asked_.empty()) {
        auto taken = co_await take_first(take);
        if (!taken) co_return taken.error();
      }
      auto skipped = co_await skip_hole(take, at, wants_holes);
      if (!skipped) co_return skipped.error();
    }
    while (at < range.to) {
      auto size =
          static_cast<std::size_t>(std::min<std::uint64_t>(far_.files.read_chunk(), range.to - at));
      if (terms_.limit) {
        size = terms_.limit->piece(size);
        const bool go_on = co_await terms_.limit->take(size);
        if (!go_on) co_return fail(Errc::failure, "cancelled");
      }
      while (asked_.size() >= kAhead || (!asked_.empty() && asked_.front().call->is_done())) {
        auto taken = co_await take_first(take);
        if (!taken) co_return taken.error();
      }
      auto call = co_await far_.files.read_later(handle_, at, size);
      if (!call) co_return fail(Errc::unreachable, "the connection was lost");
      asked_.push_back({std::move(call), at, size});
      at += size;
    }
    // Before a hole is skipped all of this range has to be in the hash.
    while (!asked_.empty()) {
      auto taken = co_await take_first(take);
      if (!taken) co_return taken.error();
    }
  }
  co_return co_await skip_hole(take, size_, wants_holes);
}

net::Task<Result<void>> FarReading::skip_hole(const Take& take, std::uint64_t to,
                                              bool wants_holes) {
  static const std::string zeros(kZeros, '\0');
  if (!wants_holes) {
    const auto size = to - hash_.size();
    listener_.meter.bytes += size;
    co_await hash_hole(hash_, size);
    co_return Result<void>{};
  }
  while (hash_.size() < to) {
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(kZeros, to - hash_.size()));
    const auto part = std::string_view(zeros).substr(0, size);
    auto passed = co_await pass(take, hash_.size(), part);
    if (!passed) co_return passed.error();
  }
  co_return Result<void>{};
}

net::Task<Result<void>> FarReading::take_first(const Take& take) {
  auto asked = std::move(asked_.front());
  asked_.pop_front();
  const auto reply = co_await asked.call->reply();
  if (!reply) co_return reply.error();
  if (reply->kind == sftp::Reply::Kind::status) {
    co_return reply->code == sftp::Code::eof ? shorter() : sftp::failed(*reply);
  }
  if (reply->kind != sftp::Reply::Kind::data || reply->data.empty() ||
      reply->data.size() > asked.size) {
    co_return fail(Errc::failure, "the far side sent other bytes than were asked for");
  }
  auto passed = co_await pass(take, asked.at, reply->data);
  if (!passed || reply->data.size() == asked.size) co_return passed;
  const auto got = reply->data.size();
  co_return co_await take_rest(take, asked.at + got, asked.size - got);
}

// A server may send less than was asked for.
net::Task<Result<void>> FarReading::take_rest(const Take& take, std::uint64_t at,
                                              std::size_t size) {
  while (size > 0) {
    auto call = co_await far_.files.read_later(handle_, at, size);
    if (!call) co_return fail(Errc::unreachable, "the connection was lost");
    const auto reply = co_await call->reply();
    if (!reply) co_return reply.error();
    if (reply->kind == sftp::Reply::Kind::status)
      co_return reply->code == sftp::Code::eof ? shorter() : sftp::failed(*reply);
    if (reply->data.empty() || reply->data.size() > size)
      co_return fail(Errc::failure, "the far side sent other bytes than were asked for");
    auto passed = co_await pass(take, at, reply->data);
    if (!passed) co_return passed.error();
    at += reply->data.size();
    size -= reply->data.size();
  }
  co_return Result<void>{};
}

net::Task<Result<void>> FarReading::pass(const Take& take, std::uint64_t at,
                                         std::string_view bytes) {
  hash_.add(bytes);
  auto taken = co_await take(at, bytes);
  if (!taken) co_return taken.error();
  listener_.meter.bytes += bytes.size();
  if (followed_ && hash_.size() >= followed_to_ + kFollowed) {
    followed_to_ = hash_.size();
    far_.sums->advance(*followed_, followed_to_);
  }
  co_return Result<void>{};
}

net::Task<Result<void>> FarReading::read_to_end(const Take& take) {
  const auto chunk = far_.files.read_chunk();
  for (;;) {
    auto call = co_await far_.files.read_later(handle_, hash_.size(), chunk);
    if (!call) co_return fail(Errc::unreachable, "the connection was lost");
    const auto reply = co_await call->reply();
    if (!reply) co_return reply.error();
    if (reply->kind == sftp::Reply::Kind::status) {
      if (reply->code != sftp::Code::eof) co_return sftp::failed(*reply);
      has_size_ = hash_.size() == 0;
      co_return Result<void>{};
    }
    if (reply->data.empty() || reply->data.size() > chunk)
      co_return fail(Errc::failure, "the far side sent other bytes than were asked for");
    if (terms_.limit) co_await terms_.limit->take(reply->data.size());
    auto passed = co_await pass(take, hash_.size(), reply->data);
    if (!passed) co_return passed.error();
  }
}

net::Task<Result<void>> FarReading::check() {
  if (!has_size_ || far_.sums == nullptr) co_return Result<void>{};
  Result<wire::SumsAnswer> sum = wire::SumsAnswer{};
  if (followed_) {
    sum = co_await far_.sums->digest(*followed_, size_);
  } else {
    sum = co_await far_.sums->sum(path_);
  }
  if (!sum) co_return sum.error();
  // A file that only grew was read as far as it went at first.
  if (sum->summed == hash_.size() && sum->hash == hash_.value()) co_return Result<void>{};
  // SFTP tells times in seconds: they cannot tell the one from the other.
  co_return fail(Errc::failure,
                 "it changed while it was copied, or arrived wrong: its SHA-256 is another one");
}

net::Task<> FarReading::close() {
  for (auto& asked : std::exchange(asked_, {})) co_await asked.call->reply();
  if (far_.files.is_over()) co_return;
  if (followed_) far_.sums->forget(*std::exchange(followed_, std::nullopt));
  if (!handle_.empty()) far_.files.close_later(std::exchange(handle_, {}));
}

}  // namespace edge::control
