#include "crypto/running_hash.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "crypto/handles.hpp"

namespace edge::crypto {
namespace {

using Context = std::unique_ptr<EVP_MD_CTX, FreeWith<EVP_MD_CTX_free>>;

constexpr std::size_t kBlock = 4096;
constexpr std::array<char, kBlock> kZeros{};

const EVP_MD* algorithm() {
  static const Digest fetched{EVP_MD_fetch(nullptr, "SHA256", nullptr)};
  return fetched.get();
}

bool are_zeros(std::string_view bytes) {
  return std::memcmp(bytes.data(), kZeros.data(), bytes.size()) == 0;
}

void update(const Context& context, std::string_view bytes) {
  must(EVP_DigestUpdate(context.get(), bytes.data(), bytes.size()) == 1, "SHA-256");
}

void update(const Context& context, std::uint64_t number) {
  std::array<char, 8> bytes;
  for (std::size_t i = 0; i < bytes.size(); ++i)
    bytes[i] = static_cast<char>(number >> (56 - 8 * i));
  update(context, {bytes.data(), bytes.size()});
}

}  // namespace

struct RunningHash::State {
  Context content{EVP_MD_CTX_new()};  // blocks that are not zero
  Context runs{EVP_MD_CTX_new()};     // where the others are
  Context look{EVP_MD_CTX_new()}, look_runs{EVP_MD_CTX_new()};
  std::uint64_t blocks = 0;     // whole ones so far
  std::uint64_t run_start = 0;  // of the run of zero blocks that is under way
  std::uint64_t run = 0;        // its length
  std::size_t in_block = 0;     // bytes of the block that is not whole yet
  bool is_zero_block = true;    // as far as it goes: its bytes are not in `content` then

  void end_block() {
    if (is_zero_block) {
      if (run++ == 0) run_start = blocks;
    } else {
      end_run();
    }
    ++blocks;
    in_block = 0;
    is_zero_block = true;
  }
  void end_run() {
    if (run == 0) return;
    update(runs, run_start);
    update(runs, run);
    run = 0;
  }
  // Of one block at most.
  void add_part(std::string_view bytes) {
    if (is_zero_block && !are_zeros(bytes)) {
      is_zero_block = false;
      update(content, {kZeros.data(), in_block});
    }
    if (!is_zero_block) update(content, bytes);
    in_block += bytes.size();
    if (in_block == kBlock) end_block();
  }
};

RunningHash::RunningHash() : state_(std::make_unique<State>()) {
  must(state_->content && state_->runs && state_->look && state_->look_runs, "SHA-256");
  start_anew();
}

RunningHash::~RunningHash() = default;

void RunningHash::start_anew() {
  size_ = 0;
  state_->blocks = state_->run = 0;
  state_->in_block = 0;
  state_->is_zero_block = true;
  must(EVP_DigestInit_ex2(state_->content.get(), algorithm(), nullptr) == 1 &&
           EVP_DigestInit_ex2(state_->runs.get(), algorithm(), nullptr) == 1,
       "SHA-256");
}

void RunningHash::add(std::string_view bytes) {
  auto& state = *state_;
  size_ += bytes.size();
  while (!bytes.empty()) {
    // A stretch of whole blocks that are not zero goes in one piece.
    std::size_t whole = 0;
    if (state.in_block == 0) {
      while (whole + kBlock <= bytes.size() && !are_zeros(bytes.substr(whole, kBlock)))
        whole += kBlock;
    }
    if (whole > 0) {
      state.end_run();
      update(state.content, bytes.substr(0, whole));
      state.blocks += whole / kBlock;
      bytes.remove_prefix(whole);
      continue;
    }
    const auto size = std::min(bytes.size(), kBlock - state.in_block);
    state.add_part(bytes.substr(0, size));
    bytes.remove_prefix(size);
  }
}

void RunningHash::add_zeros(std::uint64_t count) {
  auto& state = *state_;
  size_ += count;
  while (count > 0) {
    if (state.in_block == 0 && count >= kBlock) {
      const auto whole = count / kBlock;
      if (state.run == 0) state.run_start = state.blocks;
      state.run += whole;
      state.blocks += whole;
      count -= whole * kBlock;
      continue;
    }
    const auto size = std::min<std::uint64_t>(count, kBlock - state.in_block);
    state.add_part({kZeros.data(), static_cast<std::size_t>(size)});
    count -= size;
  }
}

// A last block of zeros alone is in neither: the size tells it.
Hash RunningHash::value() const {
  const auto& state = *state_;
  must(EVP_MD_CTX_copy_ex(state.look.get(), state.content.get()) == 1 &&
           EVP_MD_CTX_copy_ex(state.look_runs.get(), state.runs.get()) == 1,
       "SHA-256");
  if (state.run > 0) {
    update(state.look_runs, state.run_start);
    update(state.look_runs, state.run);
  }
  Hash content{}, runs{}, both{};
  must(EVP_DigestFinal_ex(state.look.get(), content.data(), nullptr) == 1 &&
           EVP_DigestFinal_ex(state.look_runs.get(), runs.data(), nullptr) == 1 &&
           EVP_DigestInit_ex2(state.look.get(), algorithm(), nullptr) == 1,
       "SHA-256");
  update(state.look, {reinterpret_cast<const char*>(content.data()), content.size()});
  update(state.look, {reinterpret_cast<const char*>(runs.data()), runs.size()});
  update(state.look, size_);
  must(EVP_DigestFinal_ex(state.look.get(), both.data(), nullptr) == 1, "SHA-256");
  return both;
}

}  // namespace edge::crypto
