#include <doctest/doctest.h>

#include <string>

#include "crypto/running_hash.hpp"

using namespace edge::crypto;

TEST_CASE("a hash that runs is the hash of the whole, at each moment") {
  RunningHash hash;
  CHECK(hash.value() == hash_of(""));
  hash.add("one");
  CHECK(hash.value() == hash_of("one"));
  hash.add("two");
  CHECK(hash.value() == hash_of("onetwo"));
  CHECK(hash.size() == 6);
  hash.start_anew();
  CHECK(hash.value() == hash_of(""));
}

TEST_CASE("a hole hashes as the zeros that it reads as") {
  RunningHash hash;
  hash.add_zeros(200'001);
  CHECK(hash.value() == hash_of(std::string(200'001, '\0')));
}
