#include "crypto/hash.hpp"

#include "crypto/handles.hpp"

namespace edge::crypto {
namespace {

struct FreeContext {
  void operator()(EVP_MD_CTX* context) const noexcept { EVP_MD_CTX_free(context); }
};

}  // namespace

Hash hash_of(std::string_view bytes) {
  // Fetched once: looking the algorithm up costs several times what hashing a ticket does.
  static const Digest algorithm{EVP_MD_fetch(nullptr, "SHA256", nullptr)};
  thread_local const std::unique_ptr<EVP_MD_CTX, FreeContext> context{EVP_MD_CTX_new()};
  Hash hash{};
  must(context != nullptr && EVP_DigestInit_ex2(context.get(), algorithm.get(), nullptr) == 1 &&
           EVP_DigestUpdate(context.get(), bytes.data(), bytes.size()) == 1 &&
           EVP_DigestFinal_ex(context.get(), hash.data(), nullptr) == 1,
       "SHA-256");
  return hash;
}

}  // namespace edge::crypto
