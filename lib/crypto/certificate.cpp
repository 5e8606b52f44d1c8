#include "crypto/certificate.hpp"

#include <arpa/inet.h>
#include <openssl/pem.h>

#include <array>
#include <chrono>
#include <ctime>
#include <optional>

#include "base/address.hpp"
#include "base/encoding.hpp"
#include "base/text.hpp"
#include "crypto/handles.hpp"
#include "crypto/keys.hpp"
#include "crypto/random.hpp"

namespace edge::crypto {
namespace {

constexpr std::size_t kMostNames = 64;
constexpr std::size_t kMostCommonName = 64;                                // X.520's bound
constexpr std::chrono::seconds kLifetime = std::chrono::hours{24} * 3652;  // 10 years

Bio memory() {
  Bio bio{BIO_new(BIO_s_mem())};
  must(bio != nullptr, "memory");
  return bio;
}

Bio reading(std::string_view text) {
  Bio bio{BIO_new_mem_buf(bytes_of(text), static_cast<int>(text.size()))};
  must(bio != nullptr, "memory");
  return bio;
}

std::string_view content(const Bio& bio) {
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &bytes);
  return {bytes, static_cast<std::size_t>(size)};
}

// A key with a passphrase is refused; OpenSSL's own callback would ask on the terminal and wait.
int no_passphrase(char*, int, int, void*) {
  return -1;
}

void add_extension(X509* certificate, int kind, void* value, bool critical) {
  must(value != nullptr &&
           X509_add1_ext_i2d(certificate, kind, value, critical ? 1 : 0, X509V3_ADD_DEFAULT) == 1,
       "certificate extension");
}

void add_constraints(X509* certificate) {
  const std::unique_ptr<BASIC_CONSTRAINTS, FreeWith<BASIC_CONSTRAINTS_free>> no_ca{
      BASIC_CONSTRAINTS_new()};
  add_extension(certificate, NID_basic_constraints, no_ca.get(), true);

  const std::unique_ptr<ASN1_BIT_STRING, FreeWith<ASN1_BIT_STRING_free>> usage{
      ASN1_BIT_STRING_new()};
  must(usage != nullptr && ASN1_BIT_STRING_set_bit(usage.get(), 0, 1) == 1, "key usage");
  add_extension(certificate, NID_key_usage, usage.get(), true);  // bit 0: digitalSignature

  const std::unique_ptr<EXTENDED_KEY_USAGE, FreeWith<EXTENDED_KEY_USAGE_free>> purpose{
      EXTENDED_KEY_USAGE_new()};
  must(purpose != nullptr && sk_ASN1_OBJECT_push(purpose.get(), OBJ_nid2obj(NID_server_auth)) > 0,
       "key purpose");
  add_extension(certificate, NID_ext_key_usage, purpose.get(), false);
}

// The bytes of an address as a certificate holds them; nothing when the name is none.
std::optional<std::string> address_bytes(const std::string& name) {
  std::array<char, sizeof(in6_addr)> bytes{};
  if (is_ipv4(name) && inet_pton(AF_INET, name.c_str(), bytes.data()) == 1) {
    return std::string(bytes.data(), sizeof(in_addr));
  }
  if (is_ipv6(name) && inet_pton(AF_INET6, name.c_str(), bytes.data()) == 1) {
    return std::string(bytes.data(), sizeof(in6_addr));
  }
  return std::nullopt;
}

Name alternative_name(const std::string& name) {
  const auto address = address_bytes(name);
  const std::string_view bytes = address ? *address : name;
  Name made{GENERAL_NAME_new()};
  ASN1_STRING* const value = ASN1_STRING_type_new(address ? V_ASN1_OCTET_STRING : V_ASN1_IA5STRING);
  must(made != nullptr && value != nullptr &&
           ASN1_STRING_set(value, bytes.data(), static_cast<int>(bytes.size())) == 1,
       "alternative name");
  GENERAL_NAME_set0_value(made.get(), address ? GEN_IPADD : GEN_DNS, value);
  return made;
}

// Built from values and not from OpenSSL's "DNS:a,IP:b" text, in which a name could smuggle in
// others.
void add_names(X509* certificate, const std::vector<std::string>& names) {
  const Names all{GENERAL_NAMES_new()};
  for (const auto& name : names) {
    auto one = alternative_name(name);
    must(sk_GENERAL_NAME_push(all.get(), one.get()) > 0, "alternative name");
    static_cast<void>(one.release());  // now all's
  }
  add_extension(certificate, NID_subject_alt_name, all.get(), false);
}

void set_serial(X509* certificate) {
  auto bytes = random_bytes(20);  // RFC 5280: positive, at most 20 bytes
  bytes[0] = static_cast<char>((bytes[0] & 0x3F) | 0x40);
  const BigNumber number{BN_bin2bn(bytes_of(bytes), static_cast<int>(bytes.size()), nullptr)};
  must(number != nullptr &&
           BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr,
       "serial number");
}

void set_subject(X509* certificate, const std::string& name) {
  const auto common_name = name.substr(0, kMostCommonName);
  X509_NAME* const subject = X509_get_subject_name(certificate);
  must(X509_NAME_add_entry_by_NID(subject, NID_commonName, MBSTRING_UTF8, bytes_of(common_name),
                                  static_cast<int>(common_name.size()), -1, 0) == 1 &&
           X509_set_issuer_name(certificate, subject) == 1,
       "certificate name");
}

Result<void> check_names(const std::vector<std::string>& names) {
  if (names.empty() || names.size() > kMostNames) {
    return fail(Errc::usage, "a certificate needs 1 to " + std::to_string(kMostNames) + " names");
  }
  for (const auto& name : names) {
    if (is_host_name(name) || is_ipv4(name) || is_ipv6(name)) continue;
    return fail(Errc::usage, "'" + printable(name) + "' cannot be a certificate's name",
                "give DNS names or IP addresses, without port and brackets");
  }
  return {};
}

Result<std::string> self_signed(EVP_PKEY* key, const std::vector<std::string>& names) {
  const Certificate certificate{X509_new()};
  must(certificate != nullptr && X509_set_version(certificate.get(), X509_VERSION_3) == 1,
       "certificate");
  set_serial(certificate.get());
  must(X509_gmtime_adj(X509_getm_notBefore(certificate.get()), 0) != nullptr &&
           X509_gmtime_adj(X509_getm_notAfter(certificate.get()), kLifetime.count()) != nullptr &&
           X509_set_pubkey(certificate.get(), key) == 1,
       "certificate");
  set_subject(certificate.get(), names.front());
  add_constraints(certificate.get());
  add_names(certificate.get(), names);
  // Keys such as Ed25519 bring their own digest and take none.
  const bool own_digest = EVP_PKEY_is_a(key, "ED25519") == 1 || EVP_PKEY_is_a(key, "ED448") == 1;
  const QuietErrors quiet;
  if (X509_sign(certificate.get(), key, own_digest ? nullptr : EVP_sha256()) == 0) {
    return fail(Errc::failure, "cannot sign a certificate with this key");
  }
  const auto bio = memory();
  must(PEM_write_bio_X509(bio.get(), certificate.get()) == 1, "certificate as PEM");
  return std::string(content(bio));
}

// "" when the key of a strange certificate cannot be printed.
std::string pin_of(const X509& certificate) {
  unsigned char* der = nullptr;
  const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(&certificate), &der);
  if (size <= 0) return {};
  const std::unique_ptr<unsigned char, FreeWith<[](void* bytes) { OPENSSL_free(bytes); }>> owned{
      der};
  const std::string_view key(reinterpret_cast<const char*>(der), static_cast<std::size_t>(size));
  return "sha256/" + to_base64(sha256(key));
}

// Null where there is none.
Certificate first_certificate(std::string_view pem) {
  constexpr std::size_t kMostPem = 1 << 20;
  if (pem.size() > kMostPem) return nullptr;
  const auto bio = reading(pem);
  return Certificate{PEM_read_bio_X509(bio.get(), nullptr, no_passphrase, nullptr)};
}

std::optional<WallTime> time_of(const ASN1_TIME* time) {
  std::tm parts{};
  if (time == nullptr || ASN1_TIME_to_tm(time, &parts) != 1) return std::nullopt;
  return WallTime(std::chrono::seconds(::timegm(&parts)));
}

}  // namespace

Result<TlsIdentity> make_tls_identity(const std::vector<std::string>& names) {
  const Key key{EVP_EC_gen("P-256")};
  must(key != nullptr, "key pair");
  const auto bio = memory();
  must(PEM_write_bio_PKCS8PrivateKey(bio.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) ==
           1,
       "key as PEM");
  return renew_certificate(Secret(content(bio)), names);
}

Result<TlsIdentity> renew_certificate(const Secret& key_pem,
                                      const std::vector<std::string>& names) {
  if (const auto checked = check_names(names); !checked) return checked.error();
  const QuietErrors quiet;
  const auto bio = reading(key_pem.reveal());  // revealed to the PEM reader
  const Key key{PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr)};
  if (!key) {
    return fail(Errc::failure, "the TLS key is not a private key in PEM form without a passphrase");
  }
  const auto certificate = self_signed(key.get(), names);
  if (!certificate) return certificate.error();
  return TlsIdentity{key_pem, *certificate};
}

Result<std::string> pin_of_certificate(std::string_view certificate_pem) {
  const QuietErrors quiet;
  const auto certificate = first_certificate(certificate_pem);
  auto pin = certificate ? pin_of(*certificate) : std::string();
  if (pin.empty()) return fail(Errc::failure, "there is no certificate in PEM form");
  return pin;
}

Result<Validity> validity_of_certificate(std::string_view certificate_pem) {
  const QuietErrors quiet;
  const auto certificate = first_certificate(certificate_pem);
  if (!certificate) return fail(Errc::failure, "there is no certificate in PEM form");
  const auto from = time_of(X509_get0_notBefore(certificate.get()));
  const auto until = time_of(X509_get0_notAfter(certificate.get()));
  if (!from || !until) return fail(Errc::failure, "the certificate has no dates");
  return Validity{*from, *until};
}

std::string pin_of_der(std::string_view certificate_der) {
  const QuietErrors quiet;
  const unsigned char* at = bytes_of(certificate_der);
  const unsigned char* const end = at + certificate_der.size();
  const Certificate certificate{d2i_X509(nullptr, &at, static_cast<long>(certificate_der.size()))};
  if (!certificate || at != end) return {};
  return pin_of(*certificate);
}

}  // namespace edge::crypto
