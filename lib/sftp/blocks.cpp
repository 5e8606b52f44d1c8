#include "sftp/blocks.hpp"

namespace edge::sftp {

Blocks::Block Blocks::take(std::size_t size) {
  if (size < kLeast || size > kSize)
    return {std::make_unique_for_overwrite<char[]>(size), size, size};
  if (kept_.empty()) return {std::make_unique_for_overwrite<char[]>(kSize), size, kSize};
  Block block{std::move(kept_.back()), size, kSize};
  kept_.pop_back();
  return block;
}

void Blocks::give_back(Block block) {
  if (block.bytes && block.capacity == kSize && kept_.size() < kKept)
    kept_.push_back(std::move(block.bytes));
}

}  // namespace edge::sftp
