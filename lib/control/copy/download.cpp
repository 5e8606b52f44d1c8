#include "control/copy/download.hpp"

#include "control/copy/far_reading.hpp"
#include "control/copy/local_source.hpp"

namespace edge::control {
namespace {

constexpr std::uint64_t kTurn = 256 * 1024;

LocalPart::Seal seal_of(const LocalTarget& target, const CopyTerms& terms,
                        const FarReading& reading, std::uint64_t size) {
  LocalPart::Seal seal;
  seal.size = size;
  const auto& about = reading.about();
  if (terms.preserve) {
    seal.mode = about.mode;
    if (about.times)
      seal.times.emplace(timespec{about.times->accessed, 0}, timespec{about.times->modified, 0});
  } else if (target.existing && S_ISREG(target.existing->st_mode)) {
    seal.mode = target.existing->st_mode;
  } else if (target.existing) {
    seal.mode = about.mode.value_or(0644) & 0777;
  }
  return seal;
}

// One download to a file. Lives as long as download_file().
struct Download {
  FarSide& far;
  FarReading reading;
  LocalPart part;
  const CopyTerms& terms;
  CopyListener& listener;
  const LocalTarget target;

  // What is at the target already is the same.
  net::Task<Result<bool>> is_there() {
    if (!terms.resume || !target.existing || far.sums == nullptr) co_return false;
    const auto there = LocalSource::open(target.folder, target.name, false);
    if (!there || there->size() != reading.size()) co_return false;
    const auto theirs = co_await far.sums->sum(reading.path());
    if (!theirs || theirs->size != there->size()) co_return false;
    crypto::RunningHash ours;
    auto hashed = co_await there->hash(ours, there->size());
    if (!hashed) co_return hashed.error();
    co_return theirs->hash == ours.value();
  }

  net::Task<Result<bool>> is_what_was_left(std::uint64_t size) {
    const auto theirs = co_await reading.sum_to(size);
    if (!theirs || theirs->summed != size) co_return false;
    std::string buffer(kTurn, '\0');
    while (reading.hash().size() < size) {
      const auto at = reading.hash().size();
      const auto piece = static_cast<std::size_t>(std::min(kTurn, size - at));
      if (auto got = part.read(at, buffer.data(), piece); !got) co_return got.error();
      reading.hash().add({buffer.data(), piece});
    }
    co_return theirs->hash == reading.hash().value();
  }

  net::Task<Result<void>> open() {
    if (terms.resume) {
      const auto left = part.open_again();
      if (!left) co_return left.error();
      if (*left > 0 && *left <= reading.size()) {
        const auto same = co_await is_what_was_left(*left);
        if (!same) co_return same.error();
        if (*same) {
          listener.meter.bytes += *left;
          co_return Result<void>{};
        }
      }
      if (*left > 0 && reading.size() >= kLargeFile)
        listener.on_note("", "what an earlier copy left is something else: copied from its start");
      reading.hash().start_anew();
    }
    co_return part.open_new(static_cast<mode_t>(reading.about().mode.value_or(0644)));
  }

  net::Task<Result<void>> run() {
    if (auto opened = co_await reading.open(); !opened) co_return opened.error();
    const auto there = co_await is_there();
    if (!there) co_return there.error();
    if (*there) {
      listener.meter.bytes += reading.size();
      ++listener.meter.already_there;
      co_return Result<void>{};
    }
    if (auto opened = co_await open(); !opened) co_return opened.error();
    const FarReading::Take take = [this](std::uint64_t at,
                                         std::string_view bytes) -> net::Task<Result<void>> {
      auto written = part.write(at, bytes.data(), bytes.size());
      co_return written;
    };
    Result<void> done;
    if (reading.size() == 0) {
      done = co_await reading.read_to_end(take);
    } else {
      done = co_await reading.read(take, false);
    }
    if (!done) co_return done.error();
    if (auto checked = co_await reading.check(); !checked) co_return checked.error();
    const auto seal = seal_of(target, terms, reading, reading.hash().size());
    co_return part.finish(seal);
  }
};

}  // namespace

net::Task<Result<void>> download_file(FarSide& far, const CopyTerms& terms, CopyListener& listener,
                                      std::string source, sftp::Attributes about,
                                      LocalTarget target) {
  const bool is_large = about.size.value_or(0) >= kLargeFile;
  if (is_large) {
    const bool turn = co_await far.large.take(0);
    if (!turn) co_return fail(Errc::failure, "cancelled");
  }
  Download download{far,
                    FarReading(far, terms, listener, std::move(source)),
                    LocalPart(target),
                    terms,
                    listener,
                    target};
  auto done = co_await download.run();
  co_await download.reading.close();
  if (!done) {
    const bool may_go_on = terms.resume || done.error().code == Errc::unreachable;
    download.part.abandon(may_go_on);
  }
  if (is_large) far.large.give_back(0);
  co_return done;
}

net::Task<Result<void>> download_stream(FarSide& far, const CopyTerms& terms,
                                        CopyListener& listener, std::string source,
                                        sftp::Attributes about, LocalStream& target) {
  FarReading reading(far, terms, listener, std::move(source));
  auto done = co_await reading.open();
  const FarReading::Take take = [&target](std::uint64_t,
                                          std::string_view bytes) -> net::Task<Result<void>> {
    const auto failed = co_await target.write(net::asio::buffer(bytes));
    if (failed) co_return fail(Errc::failure, "stdout cannot be written: " + failed.message());
    co_return Result<void>{};
  };
  if (done && about.size.value_or(0) == 0) {
    done = co_await reading.read_to_end(take);
  } else if (done) {
    done = co_await reading.read(take, true);
  }
  if (done) done = co_await reading.check();
  co_await reading.close();
  co_return done;
}

}  // namespace edge::control
