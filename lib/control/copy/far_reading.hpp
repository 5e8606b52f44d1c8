// A node's file that is read in order, many requests ahead, and summed by the agent meanwhile: what
// downloads to files and to stdout share. Thread rule: one loop.
#pragma once

#include <deque>
#include <functional>
#include <string>

#include "control/copy/copy_terms.hpp"
#include "control/copy/far_side.hpp"
#include "crypto/running_hash.hpp"

namespace edge::control {

class FarReading {
 public:
  // Takes bytes, in their order; holes are skipped over.
  using Take = std::function<net::Task<Result<void>>(std::uint64_t at, std::string_view bytes)>;

  FarReading(FarSide& far, const CopyTerms& terms, CopyListener& listener, std::string path);

  // Opens it; `size` is what will be read, from what the far side says of the open file.
  net::Task<Result<void>> open();
  const std::string& path() const { return path_; }
  std::uint64_t size() const { return size_; }
  const sftp::Attributes& about() const { return about_; }
  // Of what has been read, what was there before included.
  crypto::RunningHash& hash() { return hash_; }
  // The agent's sum up to here, to compare what an earlier run left.
  net::Task<Result<wire::SumsAnswer>> sum_to(std::uint64_t to);

  // The rest of it, from hash().size() on, in order; holes too where `wants_holes`.
  net::Task<Result<void>> read(const Take& take, bool wants_holes);
  // What has no size of its own (/proc), to its end.
  net::Task<Result<void>> read_to_end(const Take& take);
  // Compares what was read with what the agent says is there.
  net::Task<Result<void>> check();
  net::Task<> close();

 private:
  struct Asked {
    std::shared_ptr<sftp::Call> call;
    std::uint64_t at;
    std::size_t size;
  };
  net::Task<Result<void>> take_first(const Take& take);
  net::Task<Result<void>> take_rest(const Take& take, std::uint64_t at, std::size_t size);
  net::Task<Result<void>> pass(const Take& take, std::uint64_t at, std::string_view bytes);
  net::Task<Result<std::vector<wire::DataRange>>> ranges();
  net::Task<Result<void>> skip_hole(const Take& take, std::uint64_t to, bool wants_holes);

  FarSide& far_;
  const CopyTerms& terms_;
  CopyListener& listener_;
  std::string path_;
  std::string handle_;
  sftp::Attributes about_;
  std::uint64_t size_ = 0;
  bool has_size_ = true;
  std::optional<std::uint32_t> followed_;
  std::uint64_t followed_to_ = 0;
  std::deque<Asked> asked_;
  crypto::RunningHash hash_;
};

}  // namespace edge::control
