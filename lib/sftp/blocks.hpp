// Memory for packets with bytes of files, used again and again: to get it anew for each costs more
// than what is done with it (the kernel's pages, zeroed). Thread rule: one loop.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

namespace edge::sftp {

class Blocks {
 public:
  static constexpr std::size_t kSize = 136 * 1024;  // a chunk of 128 KB and what is around it

  // What it holds is of no meaning. What is larger or much smaller than kSize is not kept.
  struct Block {
    std::unique_ptr<char[]> bytes;
    std::size_t size = 0;      // of what it holds
    std::size_t capacity = 0;  // of it
  };
  Block take(std::size_t size);
  void give_back(Block block);

 private:
  static constexpr std::size_t kLeast = 16 * 1024;
  static constexpr std::size_t kKept = 32;
  std::vector<std::unique_ptr<char[]>> kept_;
};

}  // namespace edge::sftp
