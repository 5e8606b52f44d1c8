#include "crypto/random.hpp"

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include <cstdint>

#include "base/encoding.hpp"
#include "crypto/handles.hpp"

namespace edge::crypto {
namespace {

void fill(void* memory, std::size_t count) {
  must(RAND_bytes_ex(nullptr, static_cast<unsigned char*>(memory), count, 0) == 1, "random bytes");
}

}  // namespace

std::string random_bytes(std::size_t count) {
  std::string bytes(count, '\0');
  fill(bytes.data(), count);
  return bytes;
}

Secret random_secret(std::size_t count) {
  std::string bytes(count, '\0');
  // The generator for private values: what the public one gives away says nothing about it.
  must(RAND_priv_bytes_ex(nullptr, reinterpret_cast<unsigned char*>(bytes.data()), count, 0) == 1,
       "random secret");
  Secret secret(bytes);
  wipe(bytes.data(), bytes.size());
  return secret;
}

std::string random_uuid() {
  auto bytes = random_bytes(16);
  bytes[6] = static_cast<char>((bytes[6] & 0x0F) | 0x40);  // version 4
  bytes[8] = static_cast<char>((bytes[8] & 0x3F) | 0x80);  // the variant of RFC 9562
  auto text = to_hex(bytes);
  for (const std::size_t dash : {8U, 13U, 18U, 23U}) text.insert(dash, 1, '-');
  return text;
}

EndpointId new_endpoint_id() {
  return {to_hex(random_bytes(16))};
}
InstanceId new_instance_id() {
  return {to_hex(random_bytes(8))};
}
TunnelId new_tunnel_id() {
  return {to_hex(random_bytes(16))};
}
SessionId new_session_id() {
  return {to_hex(random_bytes(8))};
}

double random_fraction() {
  constexpr int kMantissaBits =
      53;  // a double holds exactly so many: 1.0 cannot come out by rounding
  std::uint64_t bits = 0;
  fill(&bits, sizeof bits);
  return static_cast<double>(bits >> (64 - kMantissaBits)) /
         static_cast<double>(std::uint64_t{1} << kMantissaBits);
}

std::string library_version() {
  return OpenSSL_version(OPENSSL_VERSION_STRING);
}

}  // namespace edge::crypto
