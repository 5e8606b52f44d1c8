#include <doctest/doctest.h>

#include <functional>
#include <vector>

#include "resume/proof.hpp"
#include "ssh/key.hpp"

namespace edge::resume::test {
namespace {

struct Pair {
  Keys of_operator, of_node;
};

Pair make_pair_of_keys() {
  auto session = ssh::Key::generate();
  auto host = ssh::Key::generate();
  REQUIRE(session.has_value());
  REQUIRE(host.has_value());
  return {{"3a6d603a1ddcabcb", session->seed(), host->public_bytes()},
          {"3a6d603a1ddcabcb", host->seed(), session->public_bytes()}};
}

Exchange an_exchange() {
  return {{std::string(kNonceBytes, 'o'), 1000}, {std::string(kNonceBytes, 'n'), 2000}};
}

TEST_CASE("what OpenSSH's format holds is the seed of the public key") {
  auto key = ssh::Key::generate();
  REQUIRE(key.has_value());
  CHECK(key->seed().reveal().size() == 32);
  CHECK(key->public_bytes().size() == 32);
  const auto signature = crypto::sign_ed25519(key->seed(), "text");
  CHECK(crypto::verify_ed25519(key->public_bytes(), "text", signature));
  CHECK_FALSE(crypto::verify_ed25519(key->public_bytes(), "texts", signature));
  CHECK_FALSE(crypto::verify_ed25519(key->public_bytes(), "text", signature.substr(1)));
  CHECK_FALSE(crypto::verify_ed25519("short", "text", signature));
  auto only_public = ssh::Key::from_public_line(key->public_line());
  REQUIRE(only_public.has_value());
  CHECK(only_public->public_bytes() == key->public_bytes());
}

TEST_CASE("each end takes the other's signature over what both have said") {
  const auto keys = make_pair_of_keys();
  const auto said = an_exchange();
  const auto by_node = sign(keys.of_node, Side::node, said);
  const auto by_operator = sign(keys.of_operator, Side::one_operator, said);
  CHECK(is_signed(keys.of_operator, Side::node, said, by_node));
  CHECK(is_signed(keys.of_node, Side::one_operator, said, by_operator));
}

TEST_CASE("a proof is worth nothing for another stream, count, nonce, side or key") {
  struct Row {
    const char* name;
    std::function<void(Exchange&, Keys&)> change;
  };
  const std::vector<Row> rows{
      {"stream", [](Exchange&, Keys& keys) { keys.stream = "3a6d603a1ddcabcc"; }},
      {"operator's count", [](Exchange& said, Keys&) { ++said.by_operator.received; }},
      {"node's count", [](Exchange& said, Keys&) { --said.by_node.received; }},
      {"operator's nonce", [](Exchange& said, Keys&) { said.by_operator.nonce[31] ^= 1; }},
      {"node's nonce", [](Exchange& said, Keys&) { said.by_node.nonce[0] ^= 1; }},
      {"ends swapped", [](Exchange& said, Keys&) { std::swap(said.by_node, said.by_operator); }},
      {"another key",
       [](Exchange&, Keys& keys) { keys.other_side = make_pair_of_keys().of_node.other_side; }}};
  const auto keys = make_pair_of_keys();
  const auto by_operator = sign(keys.of_operator, Side::one_operator, an_exchange());
  for (const auto& row : rows) {
    CAPTURE(row.name);
    auto said = an_exchange();
    auto of_node = keys.of_node;
    row.change(said, of_node);
    CHECK_FALSE(is_signed(of_node, Side::one_operator, said, by_operator));
  }
  CHECK_FALSE(is_signed(keys.of_node, Side::node, an_exchange(), by_operator));
}

}  // namespace
}  // namespace edge::resume::test
