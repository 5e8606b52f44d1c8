// The poll server's TLS key and self-signed certificate, and pins: the SHA-256 of a public key
// (SPKI).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/secret.hpp"
#include "base/time.hpp"

namespace edge::crypto {

struct TlsIdentity {
  Secret key_pem;               // PKCS#8, ECDSA P-256
  std::string certificate_pem;  // self-signed, SAN = names (DNS names or IP addresses), 10 years
};

Result<TlsIdentity> make_tls_identity(const std::vector<std::string>& names);
// A new self-signed certificate for an existing key: the pin stays.
Result<TlsIdentity> renew_certificate(const Secret& key_pem, const std::vector<std::string>& names);

// "sha256/" + base64 of SHA-256 over the DER SubjectPublicKeyInfo of the first certificate in the
// PEM.
Result<std::string> pin_of_certificate(std::string_view certificate_pem);
// The same for a DER certificate as a TLS library hands it out; "" (which is nobody's pin) when it
// is none.
std::string pin_of_der(std::string_view certificate_der);

struct Validity {
  WallTime from{}, until{};
};
// Of the first certificate in the PEM.
Result<Validity> validity_of_certificate(std::string_view certificate_pem);

}  // namespace edge::crypto
