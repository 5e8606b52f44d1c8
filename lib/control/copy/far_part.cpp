#include "control/copy/far_part.hpp"

#include "control/copy/part_name.hpp"

namespace edge::control {
namespace {

constexpr std::uint64_t kFollowed = 2 * 1024 * 1024;  // confirmed before the agent is told again
constexpr milliseconds kPause{250};
constexpr int kPauses = 60;  // for a session that was killed and is hung up by and by

constexpr std::uint32_t kPermissions = 07777;

}  // namespace

net::Task<Result<std::optional<wire::SumsAnswer>>> FarPart::left_behind() {
  using Left = std::optional<wire::SumsAnswer>;
  if (!target_.part || far_.sums == nullptr) co_return Left();
  for (int pause = 0;; ++pause) {
    const auto id = far_.sums->follow(path_, true);
    auto sum = co_await far_.sums->digest(id, wire::kToTheEnd);
    if (sum) {
      followed_ = id;
      const bool is_ours = target_.part->is_file() && target_.part->owner &&
                           target_.part->owner->user == far_.sums->hello().user;
      co_return is_ours ? Left(std::move(*sum)) : Left();
    }
    far_.sums->forget(id);
    if (sum.error().code != Errc::conflict) co_return Left();  // open_new() removes it
    if (pause == kPauses) co_return sum.error();
    const bool go_on = co_await net::sleep(kPause);
    if (!go_on) co_return fail(Errc::failure, "cancelled");
  }
}

net::Task<Result<void>> FarPart::open_again() {
  const sftp::Attributes as_it_is;
  auto handle = co_await far_.files.open_file(path_, sftp::kWrite, as_it_is);
  if (!handle) co_return handle.error();
  handle_ = std::move(*handle);
  co_return Result<void>{};
}

net::Task<Result<void>> FarPart::open_new(std::uint32_t mode) {
  if (followed_) far_.sums->forget(*followed_);
  followed_.reset();
  if (target_.part) {
    auto removed = co_await far_.files.remove(path_);
    if (!removed && removed.error().code != Errc::not_found) co_return removed.error();
  }
  hash_.start_anew();
  sftp::Attributes attributes;
  attributes.mode = mode & 0777;
  // New, or not at all: in a folder that others may write, too, it could be a link to elsewhere.
  constexpr auto kNew = sftp::kWrite | sftp::kCreate | sftp::kExclusive;
  auto handle = co_await far_.files.open_file(path_, kNew, attributes);
  if (!handle) {
    co_return co_await in_its_words(handle.error());
  }
  handle_ = std::move(*handle);
  if (is_large_) followed_ = far_.sums->follow(path_, true);
  co_return Result<void>{};
}

net::Task<Error> FarPart::in_its_words(Error error) {
  auto folder = split_path(path_).folder;
  return explained(far_, std::move(folder), std::move(error));
}

net::Task<Result<void>> FarPart::write(std::uint64_t at, std::size_t size, const Fill& fill) {
  const bool has_room = co_await far_.files.room_to_write(size);
  if (!has_room) co_return fail(Errc::unreachable, "the connection was lost");
  auto piece = far_.files.begin_write(handle_, at, size);
  if (auto filled = fill(piece.room, size); !filled) {
    far_.files.forget(std::move(piece));
    co_return filled.error();
  }
  hash_.add({piece.room, size});
  on_way_.push_back({far_.files.write_later(std::move(piece)), at + size, size});
  co_return co_await reap(false);
}

net::Task<Result<void>> FarPart::reap(bool all) {
  while (!on_way_.empty() && (all || on_way_.front().call->is_done())) {
    auto sent = std::move(on_way_.front());
    on_way_.pop_front();
    const auto done = co_await sftp::Client::done(sent.call);
    if (!done) {
      co_return co_await in_its_words(done.error());
    }
    if (on_confirmed) on_confirmed(sent.size);
    if (followed_ && sent.end >= followed_to_ + kFollowed) {
      far_.sums->advance(*followed_, sent.end);
      followed_to_ = sent.end;
    }
  }
  co_return Result<void>{};
}

net::Task<Result<void>> FarPart::set_attributes(Seal seal) {
  sftp::Attributes wanted;
  wanted.size = seal.size;
  if (seal.mode) wanted.mode = *seal.mode & kPermissions;
  wanted.times = seal.times;
  const auto& before = target_.existing;
  if (before && before->owner) {
    sftp::Attributes owner;
    owner.owner = before->owner;
    const bool is_ours = far_.sums != nullptr && before->owner->user == far_.sums->hello().user &&
                         before->owner->group == far_.sums->hello().group;
    // Who may not give a file away keeps it, as everywhere; ahead of the mode, whose set-user bits
    // a change of the owner takes off.
    if (!is_ours) co_await far_.files.set_open(handle_, owner);
  }
  if (wanted == sftp::Attributes{}) co_return Result<void>{};
  co_return co_await far_.files.set_open(handle_, wanted);
}

net::Task<Result<void>> FarPart::check() {
  if (far_.sums == nullptr) {
    const auto there = co_await far_.files.lstat(path_);
    if (!there) co_return there.error();
    if (there->size.value_or(0) == hash_.size()) co_return Result<void>{};
    co_return fail(Errc::failure, "what arrived has another size than what was sent");
  }
  Result<wire::SumsAnswer> sum = wire::SumsAnswer{};
  if (followed_) {
    sum = co_await far_.sums->digest(*followed_, wire::kToTheEnd);
  } else {
    sum = co_await far_.sums->sum(path_);
  }
  if (!sum) co_return sum.error();
  if (sum->size == hash_.size() && sum->summed == hash_.size() && sum->hash == hash_.value())
    co_return Result<void>{};
  co_return fail(Errc::failure, "what arrived is not what was sent: its SHA-256 is another one");
}

net::Task<Result<void>> FarPart::close(Seal seal) {
  // Right behind its last bytes, where nothing else is to be done with it.
  std::shared_ptr<sftp::Call> closing;
  if (!target_.existing && !seal.size && !seal.mode && !seal.times)
    closing = far_.files.close_later(std::exchange(handle_, {}));
  auto settled = co_await settle();
  if (!settled) co_return settled.error();
  if (!closing) {
    if (auto set = co_await set_attributes(seal); !set) co_return set.error();
    // Only where there is something to lose: a crash must not leave an empty file in its place.
    if (target_.existing && far_.files.has("fsync@openssh.com")) {
      auto synced = co_await far_.files.sync(handle_);
      if (!synced) co_return synced.error();
    }
    closing = far_.files.close_later(std::exchange(handle_, {}));
  }
  co_return co_await sftp::Client::done(closing);
}

net::Task<Result<void>> FarPart::finish(Seal seal) {
  auto closed = co_await close(seal);
  if (!closed) co_return closed.error();
  if (auto checked = co_await check(); !checked) co_return checked.error();
  auto renamed = co_await far_.files.rename(path_, target_.path);
  if (followed_) far_.sums->forget(*std::exchange(followed_, std::nullopt));
  if (!renamed) {
    co_return co_await in_its_words(renamed.error());
  }
  co_return Result<void>{};
}

net::Task<> FarPart::abandon(bool keep) {
  for (auto& sent : std::exchange(on_way_, {})) co_await sent.call->reply();
  if (far_.files.is_over()) co_return;
  const auto handle = std::exchange(handle_, {});
  if (!handle.empty()) co_await far_.files.close(handle);
  if (followed_) far_.sums->forget(*std::exchange(followed_, std::nullopt));
  if (!keep) co_await far_.files.remove(path_);
}

}  // namespace edge::control
