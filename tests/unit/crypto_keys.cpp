#include <doctest/doctest.h>
#include <openssl/err.h>

#include <string>

#include "base/encoding.hpp"
#include "crypto/keys.hpp"
#include "crypto/random.hpp"

// The expected bytes were computed with Python's hmac and hashlib (HKDF written out from RFC 5869
// and checked against its appendix A), those of AES-256-GCM with the "cryptography" package.

using namespace edge;

namespace {

std::string counting(std::size_t count, int from = 0) {
  std::string bytes;
  for (std::size_t i = 0; i < count; ++i) bytes += static_cast<char>(static_cast<int>(i) + from);
  return bytes;
}

std::string hex(const Secret& secret) {
  return to_hex(secret.reveal());
}

}  // namespace

TEST_CASE("SHA-256 at the borders of its blocks") {
  const struct {
    std::size_t count;
    const char* expected;
  } rows[] = {
      {0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
      {1, "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"},
      {55, "9f4390f8d30c2dd92ec9f095b65e2b9ae9b0a925a5258e241c9f1e910f734318"},
      {56, "b35439a4ac6f0948b6d6f9e3c6af0f5f590ce20f1bde7090ef7970686ec6738a"},
      {64, "ffe054fe7ae0cb6dc65c3af9b61d5209f439851db43d0ba5997337df154668eb"},
      {65, "635361c48bb9eab14198e76ea8ab7f1a41685d6ad62aa9146d301d4f17eb0ae0"},
      {1000, "41edece42d63e8d9bf515a9ba6932e1c20cbc9f5a5d134645adb5db1b9737ea3"},
  };
  for (const auto& row : rows) {
    CHECK(to_hex(crypto::sha256(std::string(row.count, 'a'))) == row.expected);
  }
  CHECK(crypto::sha256({}) == crypto::sha256(""));  // a null view is empty too
}

TEST_CASE("HMAC-SHA256 with short, long, empty and binary keys") {
  const struct {
    std::string key, bytes;
    const char* expected;
  } rows[] = {
      {"", "", "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"},
      {"key", "The quick brown fox jumps over the lazy dog",
       "f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8"},
      {std::string(64, 'k'), "x",
       "f91c4c403625fb06910ef93999265bbd2d62baeaec6ff36455498cc124fe3e66"},
      {std::string(65, 'k'), "x",
       "75092ca3ee2b307470c227697b42b3e65376aa3bae98fb5a1f7b7536daa9588a"},
      {std::string("\0a", 2), std::string("\0", 1),
       "b7ade0c47d9b986da77e4358f0cab18c761e960c03064c9a30343f6c67004900"},
  };
  for (const auto& row : rows)
    CHECK(to_hex(crypto::hmac_sha256(row.key, row.bytes)) == row.expected);
  CHECK(crypto::hmac_sha256({}, {}) == crypto::hmac_sha256("", ""));
}

TEST_CASE("K and the keys of its purposes") {
  const struct {
    const char* edge_id;
    std::string secret;
    const char *key, *mac, *seal, *check_in;
  } rows[] = {
      {"6fa459ea-ee8a-4ca4-894e-db77e160355e", counting(32),
       "0740bd7291c2de5b2ed681e9bf892e1f2d510870f7eaab7eb3ac85f138f039c8",
       "23cb0050482a73567ea8315d36e9e29b42d7cd6e12e4dd87b6f898b74c1d9f16",
       "6f0605ad941f28aba8a593b299e20a7d8b76cde37fed92f4a2fdf7f25ce52e50",
       "InTYv7lWzpdamtpReqkwB_R7klTCf0fS7KQdf-wfta4"},
      {"00000000-0000-4000-8000-000000000000", std::string(32, '\xff'),
       "ab356dff6eeacfc57ea9100cfa7038222bfb4702cd7da20833e78687649f7ac4",
       "2bd68882b5c7e7a97f7a8a6cf68157b247a9aa89e4e5ff4e958fcee620827639",
       "7e79ad2a9342b436c362c51ebc60773e8fe79f8172a25f82131c265da440e23d",
       "w8a2wpP4DhwxYcv-mo3RPCnOwzNo9x--9GPvSO1vLwI"},
  };
  for (const auto& row : rows) {
    const auto key = crypto::derive_key(row.edge_id, Secret(row.secret));
    const auto mac_key = crypto::derive_purpose_key(key, "mac");
    CHECK(hex(key) == row.key);
    CHECK(hex(mac_key) == row.mac);
    CHECK(hex(crypto::derive_purpose_key(key, "seal")) == row.seal);
    CHECK(crypto::check_in_mac(mac_key, "GET", "/v1/check-in",
                               "00112233445566778899aabbccddeeff.0123456789abcdef.42") ==
          row.check_in);
  }
}

TEST_CASE("another edge ID, secret or purpose is another key") {
  const Secret secret(counting(32));
  const auto key = crypto::derive_key("6fa459ea-ee8a-4ca4-894e-db77e160355e", secret);
  CHECK_FALSE(key == crypto::derive_key("6fa459ea-ee8a-4ca4-894e-db77e160355f", secret));
  CHECK_FALSE(key ==
              crypto::derive_key("6fa459ea-ee8a-4ca4-894e-db77e160355e", Secret(counting(32, 1))));
  CHECK_FALSE(crypto::derive_purpose_key(key, "mac") == crypto::derive_purpose_key(key, "seal"));
}

TEST_CASE("what was sealed elsewhere opens") {
  const Secret key(counting(32));
  const auto sealed =
      *from_hex("6465666768696a6b6c6d6e6f387aad150e8624fabfb2c3ba6ee07de51770a7ceafe4e36e");
  CHECK(crypto::open_sealed(key, sealed, "aad")->reveal() == "password");
  const auto nothing = *from_hex("6465666768696a6b6c6d6e6f609bd50f6ad76df665f048ba8c5fd706");
  CHECK(crypto::open_sealed(key, nothing, "")->empty());
}

TEST_CASE(
    "what was sealed opens with the same key and associated data, and is never the same twice") {
  const auto key = crypto::random_secret(32);
  for (const std::size_t size : {0U, 1U, 15U, 16U, 17U, 4096U}) {
    const auto plain = crypto::random_bytes(size);
    const auto sealed = crypto::seal(key, plain, "endpoint.instance");
    CHECK(sealed.size() == size + 12 + 16);
    CHECK(crypto::open_sealed(key, sealed, "endpoint.instance")->reveal() == plain);
  }
  CHECK(crypto::seal(key, "x", "") != crypto::seal(key, "x", ""));
}

TEST_CASE("nothing opens when a bit, a byte, the key or the associated data differs") {
  ERR_clear_error();
  const auto key = crypto::random_secret(32);
  const auto sealed = crypto::seal(key, "password", "aad");
  for (std::size_t bit = 0; bit < sealed.size() * 8; ++bit) {
    auto changed = sealed;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << bit % 8));
    REQUIRE_FALSE(crypto::open_sealed(key, changed, "aad"));
  }
  for (std::size_t size = 0; size < sealed.size(); ++size) {
    REQUIRE_FALSE(crypto::open_sealed(key, sealed.substr(0, size), "aad"));
  }
  CHECK_FALSE(crypto::open_sealed(key, sealed + '\0', "aad"));
  CHECK_FALSE(crypto::open_sealed(key, sealed, "aae"));
  CHECK_FALSE(crypto::open_sealed(key, sealed, ""));
  CHECK_FALSE(crypto::open_sealed(crypto::random_secret(32), sealed, "aad"));
  CHECK_FALSE(crypto::open_sealed(crypto::random_secret(16), sealed, "aad"));
  CHECK_FALSE(crypto::open_sealed(Secret{}, sealed, "aad"));
  CHECK(ERR_peek_error() == 0);  // TLS on the same thread must not trip over our refusals
}
