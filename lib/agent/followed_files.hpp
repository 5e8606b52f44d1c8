// Files that are summed while somebody else writes or reads them, and files that are summed at
// once: what edge-sums does with the disk. Blocking; a process of its own.
#pragma once

#include <map>
#include <memory>

#include "base/descriptor.hpp"
#include "base/error.hpp"
#include "crypto/running_hash.hpp"
#include "wire/sums.hpp"

namespace edge::agent {

class FollowedFiles {
 public:
  // The answer, where the request has one.
  std::optional<wire::SumsAnswer> take(const wire::SumsRequest& request);

 private:
  struct File {
    Descriptor descriptor;
    crypto::RunningHash hash;
    int error = 0;  // told when a digest is asked for
  };

  void follow(const wire::SumsRequest& request);
  wire::SumsAnswer sum(const wire::SumsRequest& request);
  wire::SumsAnswer digest(std::uint32_t id, File& file, std::uint64_t to);
  void advance(File& file, std::uint64_t to);

  std::map<std::uint32_t, std::unique_ptr<File>> files_;
  std::string buffer_;
};

}  // namespace edge::agent
