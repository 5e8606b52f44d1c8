#include <doctest/doctest.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>
#include <vector>

#include "base/encoding.hpp"
#include "crypto/certificate.hpp"
#include "crypto/keys.hpp"
#include "printing.hpp"

using namespace edge;

namespace {

using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;

Certificate read(const std::string& pem) {
  BIO* const bio = BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
  Certificate certificate(PEM_read_bio_X509(bio, nullptr, nullptr, nullptr), X509_free);
  BIO_free(bio);
  REQUIRE(certificate);
  return certificate;
}

std::string der_of(const X509* certificate) {
  unsigned char* bytes = nullptr;
  const int size = i2d_X509(certificate, &bytes);
  std::string der(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
  OPENSSL_free(bytes);
  return der;
}

std::string common_name(X509* certificate) {
  char name[256] = {};
  X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name, sizeof name);
  return name;
}

// What "openssl s_client ... | openssl x509 -pubkey | openssl pkey -pubin -outform der | sha256"
// gives.
std::string pin_by_public_key(const X509* certificate) {
  unsigned char* bytes = nullptr;
  const int size = i2d_PUBKEY(X509_get0_pubkey(certificate), &bytes);
  const std::string key(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
  OPENSSL_free(bytes);
  return "sha256/" + to_base64(crypto::sha256(key));
}

// Takes the key. With a cipher the PEM is encrypted.
std::string print_key(EVP_PKEY* key, const EVP_CIPHER* cipher, const char* passphrase) {
  BIO* const bio = BIO_new(BIO_s_mem());
  // OpenSSL takes the passphrase as a pointer that it only reads.
  const bool done = PEM_write_bio_PKCS8PrivateKey(bio, key, cipher, nullptr, 0, nullptr,
                                                  const_cast<char*>(passphrase)) == 1;
  char* text = nullptr;
  const auto size = static_cast<std::size_t>(BIO_get_mem_data(bio, &text));
  const std::string pem(text, size);
  BIO_free(bio);
  EVP_PKEY_free(key);
  REQUIRE(done);
  return pem;
}

// Made once with `openssl req -x509`; its pin with `openssl pkey -pubin -outform der | openssl dgst
// -sha256`.
const std::string kForeignCertificate = R"(-----BEGIN CERTIFICATE-----
MIIBkzCCATmgAwIBAgIUV4n6e4bSUVjrJPM44CBrpGp+d/UwCgYIKoZIzj0EAwIw
HjEcMBoGA1UEAwwTZm9yZWlnbi5leGFtcGxlLmNvbTAgFw0yNjExMjMxNTQxMDVa
GA8yMTI2MTAzMDE1NDEwNVowHjEcMBoGA1UEAwwTZm9yZWlnbi5leGFtcGxlLmNv
bTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABLHRbtZ1GgyqI0QIM31ZxU3Jpyol
lrjy29aBFgXtrQsr/sKxkcjrUNDt92BWf/hm5uf6sYolJeZY5/ZncfG2ojKjUzBR
MB0GA1UdDgQWBBQqKbC4csT8cOIIrWVpImcCcE5gXDAfBgNVHSMEGDAWgBQqKbC4
csT8cOIIrWVpImcCcE5gXDAPBgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMCA0gA
MEUCIDFcXYpuFOIoMHkK0s/8KLYyf53HuPMrZdcs1r/y928ZAiEA2jQ6+nCZFr81
FaQrPYc1bY6+tDm2PSMdvpJ3vf45HLY=
-----END CERTIFICATE-----
)";
const std::string kForeignPin = "sha256/e6KpguaVVp/b4g4onpybCjpV05uUh2rh+ii/FaXwCTU=";

}  // namespace

TEST_CASE("a new TLS identity is a P-256 key and a certificate that it signed for every name") {
  const auto identity =
      crypto::make_tls_identity({"edge.example.com", "192.0.2.1", "2001:db8::1", "edge_2"});
  REQUIRE(identity);
  CHECK(identity->key_pem.reveal().starts_with("-----BEGIN PRIVATE KEY-----\n"));

  const auto certificate = read(identity->certificate_pem);
  X509* const x509 = certificate.get();
  CHECK(X509_verify(x509, X509_get0_pubkey(x509)) == 1);
  CHECK(EVP_PKEY_is_a(X509_get0_pubkey(x509), "EC"));
  CHECK(EVP_PKEY_get_bits(X509_get0_pubkey(x509)) == 256);
  CHECK(X509_get_version(x509) == X509_VERSION_3);
  CHECK(X509_check_ca(x509) == 0);
  CHECK((X509_get_extension_flags(x509) & EXFLAG_BCONS) != 0);
  CHECK(X509_get_extended_key_usage(x509) == XKU_SSL_SERVER);
  CHECK(common_name(x509) == "edge.example.com");

  CHECK(X509_check_host(x509, "edge.example.com", 0, 0, nullptr) == 1);
  CHECK(X509_check_host(x509, "edge_2", 0, 0, nullptr) == 1);
  CHECK(X509_check_host(x509, "192.0.2.1", 0, 0, nullptr) == 0);  // an address is no DNS name
  CHECK(X509_check_host(x509, "example.com", 0, 0, nullptr) == 0);
  CHECK(X509_check_ip_asc(x509, "192.0.2.1", 0) == 1);
  CHECK(X509_check_ip_asc(x509, "2001:db8:0::1", 0) == 1);
  CHECK(X509_check_ip_asc(x509, "192.0.2.2", 0) == 0);
}

TEST_CASE("a certificate is valid from now for ten years and has a serial number of its own") {
  const auto first = crypto::make_tls_identity({"a"});
  const auto second = crypto::make_tls_identity({"a"});
  REQUIRE(first);
  REQUIRE(second);
  const auto one = read(first->certificate_pem);
  const auto other = read(second->certificate_pem);
  CHECK(X509_cmp_current_time(X509_get0_notBefore(one.get())) < 0);
  int days = 0, seconds = 0;
  REQUIRE(ASN1_TIME_diff(&days, &seconds, X509_get0_notBefore(one.get()),
                         X509_get0_notAfter(one.get())) == 1);
  CHECK(days == 3652);
  const auto* serial = X509_get0_serialNumber(one.get());
  CHECK(ASN1_INTEGER_cmp(serial, X509_get0_serialNumber(other.get())) != 0);
  CHECK(ASN1_STRING_length(serial) == 20);
  CHECK(ASN1_STRING_type(serial) == V_ASN1_INTEGER);  // and not V_ASN1_NEG_INTEGER
}

TEST_CASE("a long first name is cut in the common name, not in the alternative name") {
  std::string name(60, 'a');
  name += ".example.com";
  const auto identity = crypto::make_tls_identity({name});
  REQUIRE(identity);
  const auto certificate = read(identity->certificate_pem);
  CHECK(common_name(certificate.get()) == name.substr(0, 64));
  CHECK(X509_check_host(certificate.get(), name.c_str(), 0, 0, nullptr) == 1);
}

TEST_CASE("names that are none are refused") {
  const std::vector<std::string> refused{
      "", "a b", "a,DNS:b", "[::1]", "a:9000", "a\nb", std::string("a\0b", 3), "192.0.2.300"};
  for (const auto& name : refused) {
    CAPTURE(name);
    const auto identity = crypto::make_tls_identity({"good", name});
    REQUIRE_FALSE(identity);
    CHECK(identity.error().code == Errc::usage);
  }
  CHECK_FALSE(crypto::make_tls_identity({}));
  CHECK_FALSE(crypto::make_tls_identity(std::vector<std::string>(65, "a")));
}

TEST_CASE("renewing keeps the key and so the pin") {
  const auto identity = crypto::make_tls_identity({"old.example.com"});
  REQUIRE(identity);
  const auto renewed = crypto::renew_certificate(identity->key_pem, {"new.example.com"});
  REQUIRE(renewed);
  CHECK(renewed->key_pem == identity->key_pem);
  CHECK(renewed->certificate_pem != identity->certificate_pem);
  CHECK(*crypto::pin_of_certificate(renewed->certificate_pem) ==
        *crypto::pin_of_certificate(identity->certificate_pem));
}

TEST_CASE("a key that cannot be read is refused without asking anybody for a passphrase") {
  ERR_clear_error();
  const auto encrypted = print_key(EVP_EC_gen("P-256"), EVP_aes_256_cbc(), "passphrase");
  const auto certificate = crypto::make_tls_identity({"a"})->certificate_pem;
  for (const std::string& pem : {std::string(""), std::string("hello"), encrypted, certificate}) {
    const auto renewed = crypto::renew_certificate(Secret(pem), {"a"});
    REQUIRE_FALSE(renewed);
    CHECK(renewed.error().message.find("TLS key") != std::string::npos);
  }
  CHECK(ERR_peek_error() == 0);
}

TEST_CASE("keys that others made are taken: RSA and Ed25519") {
  for (const char* kind : {"RSA", "ED25519"}) {
    CAPTURE(kind);
    EVP_PKEY* const key =
        std::string(kind) == "RSA" ? EVP_RSA_gen(2048) : EVP_PKEY_Q_keygen(nullptr, nullptr, kind);
    const auto renewed =
        crypto::renew_certificate(Secret(print_key(key, nullptr, nullptr)), {"edge.example.com"});
    REQUIRE(renewed);
    const auto certificate = read(renewed->certificate_pem);
    CHECK(X509_verify(certificate.get(), X509_get0_pubkey(certificate.get())) == 1);
  }
}

TEST_CASE("a pin is the hash of the public key, from PEM and from DER") {
  CHECK(*crypto::pin_of_certificate(kForeignCertificate) == kForeignPin);
  CHECK(crypto::pin_of_der(der_of(read(kForeignCertificate).get())) == kForeignPin);

  const auto identity = crypto::make_tls_identity({"a"});
  REQUIRE(identity);
  const auto certificate = read(identity->certificate_pem);
  const auto pin = pin_by_public_key(certificate.get());
  CHECK(*crypto::pin_of_certificate(identity->certificate_pem) == pin);
  CHECK(*crypto::pin_of_certificate(identity->certificate_pem + kForeignCertificate) == pin);
  CHECK(pin != kForeignPin);
}

TEST_CASE("the dates of a certificate are read as they stand in it") {
  const auto identity = crypto::make_tls_identity({"edge.example.com"});
  REQUIRE(identity);
  const auto validity = crypto::validity_of_certificate(identity->certificate_pem);
  REQUIRE(validity);
  const auto now = SystemClock().wall();
  CHECK(validity->from <= now);
  CHECK(validity->from > now - std::chrono::minutes(5));
  CHECK(validity->until - validity->from == std::chrono::hours(24) * 3652);
  CHECK_FALSE(crypto::validity_of_certificate("no certificate"));
}

TEST_CASE("what is no certificate has no pin") {
  ERR_clear_error();
  const auto der = der_of(read(kForeignCertificate).get());
  for (std::size_t size = 0; size < der.size(); ++size) {
    REQUIRE(crypto::pin_of_der(std::string_view(der).substr(0, size)) == "");
  }
  CHECK(crypto::pin_of_der(der + "x") == "");
  CHECK_FALSE(crypto::pin_of_certificate(""));
  CHECK_FALSE(crypto::pin_of_certificate(der));
  CHECK_FALSE(crypto::pin_of_certificate(kForeignCertificate.substr(0, 200)));
  CHECK_FALSE(crypto::pin_of_certificate(std::string(2 << 20, '-')));
  CHECK(ERR_peek_error() == 0);
}
