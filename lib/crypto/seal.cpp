#include "crypto/handles.hpp"
#include "crypto/keys.hpp"
#include "crypto/random.hpp"

namespace edge::crypto {
namespace {

constexpr std::size_t kKeyBytes = 32;
constexpr std::size_t kNonceBytes = 12;
constexpr std::size_t kTagBytes = 16;
constexpr std::size_t kMostBytes = 1 << 20;  // OpenSSL counts in int

const EVP_CIPHER* aes_256_gcm() {
  static const Cipher cipher{EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr)};
  must(cipher != nullptr, "AES-256-GCM");
  return cipher.get();
}

unsigned char* bytes_of(std::string& text) {
  return reinterpret_cast<unsigned char*>(text.data());
}

int size_of(std::string_view text) {
  return static_cast<int>(text.size());
}

}  // namespace

std::string seal(const Secret& seal_key, std::string_view plain, std::string_view associated) {
  must(seal_key.reveal().size() == kKeyBytes, "key of a seal");
  must(plain.size() <= kMostBytes && associated.size() <= kMostBytes, "size of what is sealed");
  // Random nonces: a key seals one password a minute at most, far from the 2^32 where they would
  // meet.
  const auto nonce = random_bytes(kNonceBytes);
  std::string cipher(plain.size(), '\0');
  std::string tag(kTagBytes, '\0');
  const CipherContext context{EVP_CIPHER_CTX_new()};
  int count = 0;
  must(context != nullptr &&
           EVP_EncryptInit_ex2(context.get(), aes_256_gcm(), crypto::bytes_of(seal_key.reveal()),
                               crypto::bytes_of(nonce), nullptr) == 1 &&
           EVP_EncryptUpdate(context.get(), nullptr, &count, crypto::bytes_of(associated),
                             size_of(associated)) == 1 &&
           EVP_EncryptUpdate(context.get(), bytes_of(cipher), &count, crypto::bytes_of(plain),
                             size_of(plain)) == 1 &&
           EVP_EncryptFinal_ex(context.get(), nullptr, &count) == 1 &&
           EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_GET_TAG, kTagBytes, tag.data()) == 1,
       "seal");
  return nonce + cipher + tag;
}

std::optional<Secret> open_sealed(const Secret& seal_key, std::string_view sealed,
                                  std::string_view associated) {
  if (seal_key.reveal().size() != kKeyBytes || sealed.size() < kNonceBytes + kTagBytes ||
      sealed.size() > kMostBytes || associated.size() > kMostBytes) {
    return std::nullopt;
  }
  const QuietErrors quiet;
  const auto nonce = sealed.substr(0, kNonceBytes);
  const auto cipher = sealed.substr(kNonceBytes, sealed.size() - kNonceBytes - kTagBytes);
  std::string tag(sealed.substr(sealed.size() - kTagBytes));
  std::string plain(cipher.size(), '\0');
  const CipherContext context{EVP_CIPHER_CTX_new()};
  int count = 0;
  const bool opened =
      context != nullptr &&
      EVP_DecryptInit_ex2(context.get(), aes_256_gcm(), crypto::bytes_of(seal_key.reveal()),
                          crypto::bytes_of(nonce), nullptr) == 1 &&
      EVP_DecryptUpdate(context.get(), nullptr, &count, crypto::bytes_of(associated),
                        size_of(associated)) == 1 &&
      EVP_DecryptUpdate(context.get(), bytes_of(plain), &count, crypto::bytes_of(cipher),
                        size_of(cipher)) == 1 &&
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_SET_TAG, kTagBytes, tag.data()) == 1 &&
      EVP_DecryptFinal_ex(context.get(), nullptr, &count) == 1;
  // Before the tag is checked the plain text is anybody's: it leaves only when all of it held.
  auto secret = opened ? std::optional<Secret>(Secret(plain)) : std::nullopt;
  wipe(plain.data(), plain.size());
  return secret;
}

}  // namespace edge::crypto
