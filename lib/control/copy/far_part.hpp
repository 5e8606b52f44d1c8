// A node's .NAME.part from its opening to its rename: what uploads of files and of streams share.
// Thread rule: one loop.
#pragma once

#include <deque>
#include <string>

#include "control/copy/copy_terms.hpp"
#include "control/copy/far_side.hpp"
#include "crypto/running_hash.hpp"

namespace edge::control {

class FarPart {
 public:
  FarPart(FarSide& far, FarTarget target, bool is_large)
      : far_(far),
        target_(std::move(target)),
        path_(part_path(target_.path)),
        is_large_(is_large && far.sums != nullptr) {}

  const FarTarget& target() const { return target_; }
  // Of what has been sent, what was there before included.
  crypto::RunningHash& hash() { return hash_; }

  // Whether what an earlier run left is there, is ours, and nobody writes it: how much, and its
  // sum. Waits a while for an earlier run's end. Nothing: there is none.
  net::Task<Result<std::optional<wire::SumsAnswer>>> left_behind();
  net::Task<Result<void>> open_again();                  // to go on behind it
  net::Task<Result<void>> open_new(std::uint32_t mode);  // an earlier one is removed

  // Sends `size` bytes that `fill` writes, when there is room for them. An error: of an earlier
  // write, or of `fill`.
  using Fill = std::function<Result<void>(char* to, std::size_t size)>;
  net::Task<Result<void>> write(std::uint64_t at, std::size_t size, const Fill& fill);
  std::function<void(std::size_t size)> on_confirmed;  // for each piece that has arrived

  // The target's size, mode, owner and times, then to disk if it replaces a file; checked, renamed.
  struct Seal {
    std::optional<std::uint64_t> size;  // set, for a hole at the end
    std::optional<std::uint32_t> mode;
    std::optional<sftp::Attributes::Times> times;
  };
  net::Task<Result<void>> finish(Seal seal);
  // After a failure: no half file is kept, unless it is to be gone on with.
  net::Task<> abandon(bool keep);

 private:
  struct Sent {
    std::shared_ptr<sftp::Call> call;
    std::uint64_t end;
    std::size_t size;
  };
  net::Task<Result<void>> settle() { return reap(true); }  // what is on its way has arrived
  net::Task<Result<void>> reap(bool all);
  net::Task<Result<void>> set_attributes(Seal seal);
  net::Task<Result<void>> close(Seal seal);
  net::Task<Result<void>> check();
  net::Task<Error> in_its_words(Error error);

  FarSide& far_;
  FarTarget target_;
  std::string path_;
  bool is_large_;
  std::string handle_;
  std::optional<std::uint32_t> followed_;
  std::uint64_t followed_to_ = 0;
  std::deque<Sent> on_way_;
  crypto::RunningHash hash_;
};

}  // namespace edge::control
