#include <doctest/doctest.h>

#include "printing.hpp"
#include "ssh/key.hpp"

namespace edge::ssh {

TEST_CASE("a key comes back from its private and from its public text") {
  const auto key = Key::generate();
  REQUIRE(key);
  const auto again = Key::from_private_text(key->private_text());
  REQUIRE(again);
  CHECK(again->same_public(*key));
  const auto line = key->public_line();
  CHECK(line.rfind("ssh-ed25519 AAAA", 0) == 0);
  const auto shown = Key::from_public_line(line + " somebody@somewhere");
  REQUIRE(shown);
  CHECK(shown->same_public(*key));
  CHECK(shown->public_line() == line);
  CHECK(shown->fingerprint() == key->fingerprint());
}

TEST_CASE("a fingerprint is what OpenSSH prints") {
  // SHA-256 in base64 without padding: 43 characters.
  const auto key = Key::generate();
  REQUIRE(key);
  CHECK(key->fingerprint().rfind("SHA256:", 0) == 0);
  CHECK(key->fingerprint().size() == 50);
}

TEST_CASE("no two keys are the same") {
  const auto one = Key::generate(), two = Key::generate();
  CHECK_FALSE(one->same_public(*two));
  CHECK(one->fingerprint() != two->fingerprint());
}

TEST_CASE("what is no ed25519 key is refused") {
  const std::string lines[] = {
      "",
      "ssh-ed25519",
      "ssh-ed25519 ",
      "ssh-ed25519 !!!!",
      "ssh-ed25519 AAAA",
      "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQ==",
      "ssh-ed25519 AAAAB3NzaC1yc2EAAAADAQABAAAAgQ==",  // another kind inside
      "ssh-ed25519 " + std::string(2'000, 'A'),
      " ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA",
  };
  for (const auto& line : lines) {
    CAPTURE(line);
    const auto key = Key::from_public_line(line);
    REQUIRE_FALSE(key);
    CHECK(key.error().code == Errc::usage);
  }
  CHECK_FALSE(Key::from_private_text(Secret("")));
  CHECK_FALSE(Key::from_private_text(
      Secret("-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n")));
}

TEST_CASE("a moved key takes its handle along") {
  auto key = Key::generate();
  const auto print = key->fingerprint();
  Key moved = std::move(*key);
  CHECK(moved.fingerprint() == print);
  auto other = Key::generate();
  moved = std::move(*other);
  CHECK(moved.fingerprint() != print);
}

}  // namespace edge::ssh
