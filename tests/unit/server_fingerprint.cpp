#include <doctest/doctest.h>

#include "server/endpoint.hpp"
#include "ssh/key.hpp"

using edge::server::fingerprint_of;

TEST_CASE("the registry's fingerprint of a host key is the one that OpenSSH and libssh print") {
  const auto key = edge::ssh::Key::generate();
  REQUIRE(key.has_value());
  CHECK(fingerprint_of(key->public_line()) == key->fingerprint());
  CHECK(fingerprint_of(key->public_line() + " comment") == key->fingerprint());
  for (const char* bad : {"", "ssh-ed25519", "ssh-ed25519 ???"}) CHECK(fingerprint_of(bad) == "");
}
