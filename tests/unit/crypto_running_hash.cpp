#include <doctest/doctest.h>

#include <set>
#include <string>

#include "crypto/running_hash.hpp"

using namespace edge::crypto;

namespace {

Hash at_once(const std::string& content) {
  RunningHash hash;
  hash.add(content);
  return hash.value();
}

std::string text_of(const Hash& hash) {
  return {reinterpret_cast<const char*>(hash.data()), hash.size()};
}

}  // namespace

TEST_CASE("a hash that runs is that of all so far, however it came in pieces") {
  std::string content(20'000, 'x');
  content.replace(3'000, 6'000, 6'000, '\0');
  content.replace(15'000, 5'000, 5'000, '\0');
  for (const std::size_t piece : {1, 7, 4'095, 4'096, 4'097, 20'000}) {
    RunningHash hash;
    for (std::size_t at = 0; at < content.size(); at += piece) {
      CHECK(hash.size() == at);
      hash.add(content.substr(at, piece));
    }
    CHECK(hash.value() == at_once(content));
    hash.add("more");
    CHECK(hash.value() == at_once(content + "more"));
    hash.start_anew();
    CHECK(hash.value() == at_once(""));
  }
}

TEST_CASE("a hole hashes as the zeros that it reads as, wherever it begins and ends") {
  for (const std::size_t before : {0, 1, 4'095, 4'096, 5'000}) {
    for (const std::size_t zeros : {0, 1, 4'095, 4'096, 9'000, 20'000}) {
      for (const std::size_t after : {0, 1, 5'000}) {
        RunningHash hash;
        hash.add(std::string(before, 'a'));
        hash.add_zeros(zeros);
        hash.add(std::string(after, 'b'));
        CHECK(hash.value() == at_once(std::string(before, 'a') + std::string(zeros, '\0') +
                                      std::string(after, 'b')));
      }
    }
  }
}

TEST_CASE("contents that differ in zeros alone have other hashes") {
  std::set<std::string> seen;
  std::size_t count = 0;
  for (const std::size_t before : {0, 1, 4'095, 4'096, 4'097, 8'192}) {
    for (const std::size_t after : {0, 1, 4'095, 4'096, 4'097, 8'192}) {
      ++count;
      seen.insert(text_of(at_once(std::string(before, '\0') + "x" + std::string(after, '\0'))));
    }
  }
  for (const std::size_t zeros : {0, 1, 4'095, 4'096, 4'097, 8'192}) {
    ++count;
    seen.insert(text_of(at_once(std::string(zeros, '\0'))));
  }
  CHECK(seen.size() == count);
}

TEST_CASE("a hole of terabytes costs nothing") {
  RunningHash hash;
  hash.add("x");
  hash.add_zeros(std::uint64_t{1} << 44);
  CHECK(hash.size() == (std::uint64_t{1} << 44) + 1);
  RunningHash other;
  other.add("x");
  other.add_zeros((std::uint64_t{1} << 44) - 4'096);
  CHECK(hash.value() != other.value());
}
