#include "crypto/keys.hpp"

#include <openssl/core_names.h>
#include <openssl/params.h>

#include <array>

#include "base/encoding.hpp"
#include "crypto/handles.hpp"

namespace edge::crypto {
namespace {

constexpr std::size_t kHashBytes = 32;
constexpr std::string_view kInfo = "edge v1";

// OpenSSL's parameters are not const, but it only reads these.
OSSL_PARAM octets(const char* name, std::string_view bytes) {
  return OSSL_PARAM_construct_octet_string(name, const_cast<unsigned char*>(bytes_of(bytes)),
                                           bytes.size());
}

OSSL_PARAM sha256_as(const char* name) {
  static char digest[] = "SHA256";
  return OSSL_PARAM_construct_utf8_string(name, digest, 0);
}

Secret hkdf(std::string_view key, std::string_view salt, std::string_view purpose) {
  static const Kdf algorithm{EVP_KDF_fetch(nullptr, OSSL_KDF_NAME_HKDF, nullptr)};
  const KdfContext context{EVP_KDF_CTX_new(algorithm.get())};
  must(context != nullptr, "HKDF");
  const std::array<OSSL_PARAM, 5> parameters{
      sha256_as(OSSL_KDF_PARAM_DIGEST), octets(OSSL_KDF_PARAM_KEY, key),
      octets(OSSL_KDF_PARAM_INFO, purpose),
      // Without a salt RFC 5869 takes zeros, and so does OpenSSL when the parameter is not there.
      salt.empty() ? OSSL_PARAM_construct_end() : octets(OSSL_KDF_PARAM_SALT, salt),
      OSSL_PARAM_construct_end()};
  std::array<unsigned char, kHashBytes> derived{};
  must(EVP_KDF_derive(context.get(), derived.data(), derived.size(), parameters.data()) == 1,
       "HKDF");
  Secret secret({reinterpret_cast<const char*>(derived.data()), derived.size()});
  wipe(derived.data(), derived.size());
  return secret;
}

}  // namespace

std::string sha256(std::string_view bytes) {
  static const Digest algorithm{EVP_MD_fetch(nullptr, "SHA256", nullptr)};
  std::string hash(kHashBytes, '\0');
  must(EVP_Digest(bytes_of(bytes), bytes.size(), reinterpret_cast<unsigned char*>(hash.data()),
                  nullptr, algorithm.get(), nullptr) == 1,
       "SHA-256");
  return hash;
}

std::string hmac_sha256(std::string_view key, std::string_view bytes) {
  static const Mac algorithm{EVP_MAC_fetch(nullptr, OSSL_MAC_NAME_HMAC, nullptr)};
  const MacContext context{EVP_MAC_CTX_new(algorithm.get())};
  const std::array<OSSL_PARAM, 2> parameters{sha256_as(OSSL_MAC_PARAM_DIGEST),
                                             OSSL_PARAM_construct_end()};
  std::string mac(kHashBytes, '\0');
  std::size_t size = 0;
  must(context != nullptr &&
           EVP_MAC_init(context.get(), bytes_of(key), key.size(), parameters.data()) == 1 &&
           EVP_MAC_update(context.get(), bytes_of(bytes), bytes.size()) == 1 &&
           EVP_MAC_final(context.get(), reinterpret_cast<unsigned char*>(mac.data()), &size,
                         mac.size()) == 1 &&
           size == mac.size(),
       "HMAC");
  return mac;
}

Secret derive_key(std::string_view edge_id, const Secret& token_secret) {
  return hkdf(token_secret.reveal(), edge_id, kInfo);  // revealed to the derivation
}

Secret derive_purpose_key(const Secret& key, std::string_view purpose) {
  return hkdf(key.reveal(), {}, std::string(kInfo) + " " + std::string(purpose));
}

std::string check_in_mac(const Secret& mac_key, std::string_view method, std::string_view path,
                         std::string_view rest) {
  std::string message(method);
  message.append(" ").append(path).append(" ").append(rest);
  return to_base64url(hmac_sha256(mac_key.reveal(), message));
}

}  // namespace edge::crypto
