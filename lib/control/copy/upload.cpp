#include "control/copy/upload.hpp"

#include <algorithm>

#include "control/copy/far_part.hpp"

namespace edge::control {
namespace {

constexpr std::uint32_t kFileMode = 0666;    // of what has no mode of its own, less the umask
constexpr std::uint32_t kOwnersOnly = 0600;  // until it has its owner and mode

// Existing files keep their mode; new ones have the source's, less the far side's umask, which
// opening them does.
std::uint32_t opening_mode(const FarTarget& target, std::uint32_t source_mode) {
  return target.existing ? kOwnersOnly : source_mode;
}

FarPart::Seal seal_of(const FarTarget& target, const CopyTerms& terms, const struct stat& about) {
  FarPart::Seal seal;
  if (terms.preserve) {
    seal.mode = about.st_mode;
    seal.times = sftp::Attributes::Times{static_cast<std::uint32_t>(about.st_atim.tv_sec),
                                         static_cast<std::uint32_t>(about.st_mtim.tv_sec)};
  } else if (target.existing) {
    seal.mode = target.existing->mode;
  }
  return seal;
}

// One upload of a file. Its parts share these; lives as long as upload_file().
struct Upload {
  FarSide& far;
  const CopyTerms& terms;
  CopyListener& listener;
  const LocalSource& source;
  FarPart part;
  bool ends_in_hole = false;

  // What is at the target already is the same.
  net::Task<Result<bool>> is_there() {
    const auto& existing = part.target().existing;
    if (!terms.resume || !far.sums || !existing || !existing->is_file()) co_return false;
    if (existing->size != source.size()) co_return false;
    const auto theirs = co_await far.sums->sum(part.target().path);
    if (!theirs) co_return false;
    crypto::RunningHash ours;
    auto hashed = co_await source.hash(ours, source.size());
    if (!hashed) co_return hashed.error();
    co_return theirs->hash == ours.value();
  }

  // Goes on behind what an earlier run left where that is the source's beginning, else anew.
  net::Task<Result<void>> open() {
    auto left = co_await part.left_behind();
    if (!left) co_return left.error();
    if (terms.resume && *left && (*left)->size > 0 && (*left)->size <= source.size()) {
      auto hashed = co_await source.hash(part.hash(), (*left)->size);
      if (!hashed) co_return hashed.error();
      if ((*left)->hash == part.hash().value()) {
        auto opened = co_await part.open_again();
        if (opened) {
          listener.meter.bytes += (*left)->size;
          co_return opened;
        }
      }
      listener.on_note("", "what an earlier copy left is something else: copied from its start");
    }
    const auto mode = opening_mode(part.target(), source.about().st_mode);
    co_return co_await part.open_new(mode);
  }

  net::Task<Result<void>> send() {
    auto at = part.hash().size();
    while (const auto data = source.next_data(at)) {
      co_await hash_hole(part.hash(), data->from - at);
      listener.meter.bytes += data->from - at;
      at = data->from;
      while (at < data->to) {
        auto size = static_cast<std::size_t>(
            std::min<std::uint64_t>(far.files.write_chunk(), data->to - at));
        if (terms.limit) {
          size = terms.limit->piece(size);
          const bool go_on = co_await terms.limit->take(size);
          if (!go_on) co_return fail(Errc::failure, "cancelled");
        }
        const FarPart::Fill fill = [this, at](char* to, std::size_t wanted) {
          return source.read(at, to, wanted);
        };
        auto sent = co_await part.write(at, size, fill);
        if (!sent) co_return sent.error();
        at += size;
      }
    }
    ends_in_hole = at < source.size();
    listener.meter.bytes += source.size() - at;
    co_await hash_hole(part.hash(), source.size() - at);
    co_return Result<void>{};
  }

  net::Task<Result<void>> run() {
    if (auto opened = co_await open(); !opened) co_return opened.error();
    part.on_confirmed = [this](std::size_t size) { listener.meter.bytes += size; };
    if (auto sent = co_await send(); !sent) co_return sent.error();
    if (auto same = source.is_unchanged(); !same) co_return same.error();
    auto seal = seal_of(part.target(), terms, source.about());
    if (ends_in_hole) seal.size = source.size();  // nobody writes it
    co_return co_await part.finish(seal);
  }
};

}  // namespace

net::Task<Result<void>> upload_file(FarSide& far, const CopyTerms& terms, CopyListener& listener,
                                    const LocalSource& source, FarTarget target) {
  if (target.existing && target.existing->is_folder())
    co_return fail(Errc::failure, "there is a folder of that name: Is a directory");
  const bool is_large = source.size() >= kLargeFile;
  Upload upload{far, terms, listener, source, FarPart(far, std::move(target), is_large), false};
  auto there = co_await upload.is_there();
  if (!there) co_return there.error();
  if (*there) {
    listener.meter.bytes += source.size();
    ++listener.meter.already_there;
    co_return Result<void>{};
  }
  if (is_large) {
    const bool turn = co_await far.large.take(0);
    if (!turn) co_return fail(Errc::failure, "cancelled");
  }
  auto done = co_await upload.run();
  if (!done) co_await upload.part.abandon(terms.resume);
  if (is_large) far.large.give_back(0);
  co_return done;
}

net::Task<Result<void>> upload_stream(FarSide& far, const CopyTerms& terms, CopyListener& listener,
                                      LocalStream& source, FarTarget target) {
  if (target.existing && target.existing->is_folder())
    co_return fail(Errc::failure, "there is a folder of that name: Is a directory");
  const auto opening = opening_mode(target, kFileMode);
  FarPart::Seal seal;
  if (target.existing) seal.mode = target.existing->mode;
  FarPart part(far, std::move(target), true);
  part.on_confirmed = [&listener](std::size_t size) { listener.meter.bytes += size; };
  auto left = co_await part.left_behind();  // nobody else writes it
  if (!left) co_return left.error();
  auto done = co_await part.open_new(opening);
  std::string buffer(far.files.write_chunk(), '\0');
  std::uint64_t at = 0;
  while (done) {
    const auto most = terms.limit ? terms.limit->piece(buffer.size()) : buffer.size();
    const auto room = net::asio::buffer(buffer.data(), most);
    const auto got = co_await source.read_some(room);
    if (got.error == net::asio::error::eof) break;
    if (got.error) {
      done = fail(Errc::failure, "stdin cannot be read: " + got.error.message());
      break;
    }
    if (terms.limit) co_await terms.limit->take(got.size);
    const FarPart::Fill fill = [&buffer](char* to, std::size_t size) {
      std::copy_n(buffer.data(), size, to);
      return Result<void>{};
    };
    done = co_await part.write(at, got.size, fill);
    at += got.size;
  }
  if (done) done = co_await part.finish(seal);
  if (!done) co_await part.abandon(false);
  co_return done;
}

}  // namespace edge::control
