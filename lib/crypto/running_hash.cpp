#include "crypto/running_hash.hpp"

#include <algorithm>

#include "crypto/handles.hpp"

namespace edge::crypto {
namespace {

using Context = std::unique_ptr<EVP_MD_CTX, FreeWith<EVP_MD_CTX_free>>;

constexpr std::size_t kZeros = 64 * 1024;

const EVP_MD* algorithm() {
  static const Digest fetched{EVP_MD_fetch(nullptr, "SHA256", nullptr)};
  return fetched.get();
}

}  // namespace

struct RunningHash::State {
  Context context{EVP_MD_CTX_new()};
  Context look{EVP_MD_CTX_new()};
};

RunningHash::RunningHash() : state_(std::make_unique<State>()) {
  start_anew();
}

RunningHash::~RunningHash() = default;

void RunningHash::start_anew() {
  size_ = 0;
  must(state_->context && state_->look &&
           EVP_DigestInit_ex2(state_->context.get(), algorithm(), nullptr) == 1,
       "SHA-256");
}

void RunningHash::add(std::string_view bytes) {
  must(EVP_DigestUpdate(state_->context.get(), bytes.data(), bytes.size()) == 1, "SHA-256");
  size_ += bytes.size();
}

void RunningHash::add_zeros(std::uint64_t count) {
  static const std::array<char, kZeros> zeros{};
  while (count > 0) {
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(count, kZeros));
    add({zeros.data(), size});
    count -= size;
  }
}

Hash RunningHash::value() const {
  Hash hash{};
  must(EVP_MD_CTX_copy_ex(state_->look.get(), state_->context.get()) == 1 &&
           EVP_DigestFinal_ex(state_->look.get(), hash.data(), nullptr) == 1,
       "SHA-256");
  return hash;
}

}  // namespace edge::crypto
