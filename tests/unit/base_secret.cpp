#include <doctest/doctest.h>

#include <sstream>
#include <string>
#include <type_traits>
#include <utility>

#include "base/log.hpp"
#include "base/secret.hpp"

using namespace edge;

namespace {

template <class T>
concept Streamable = requires(std::ostream& out, const T& value) {
  out << value;
};

}  // namespace

TEST_CASE("wiping leaves zeros") {
  std::string bytes = "secret";
  wipe(bytes.data(), bytes.size());
  CHECK(bytes == std::string(6, '\0'));
  wipe(nullptr, 0);
}

TEST_CASE("secrets are equal when all their bytes are") {
  CHECK(equal_in_constant_time("", ""));
  CHECK(equal_in_constant_time("abc", "abc"));
  CHECK_FALSE(equal_in_constant_time("abc", "abd"));
  CHECK_FALSE(equal_in_constant_time("xbc", "abc"));
  CHECK_FALSE(equal_in_constant_time("abc", "ab"));
  CHECK_FALSE(equal_in_constant_time("", "a"));
  CHECK_FALSE(equal_in_constant_time(std::string("a\0b", 3), std::string("a\0c", 3)));
  CHECK(Secret("abc") == Secret("abc"));
  CHECK_FALSE(Secret("abc") == Secret("abd"));
}

TEST_CASE("a moved secret leaves nothing behind, a copied one stays") {
  Secret first("0123456789");
  Secret moved(std::move(first));
  CHECK(first.empty());  // NOLINT: what is left behind is the point
  CHECK(moved.reveal() == "0123456789");

  Secret assigned("another");
  assigned = std::move(moved);
  CHECK(moved.empty());  // NOLINT
  CHECK(assigned.reveal() == "0123456789");

  Secret copy;
  copy = assigned;
  CHECK(copy == assigned);
  const auto& same = copy;
  copy = same;
  CHECK(copy.reveal() == "0123456789");
}

TEST_CASE("a secret can neither be printed nor logged") {
  static_assert(!Streamable<Secret>);
  static_assert(!std::is_constructible_v<log::Field, const char*, Secret>);
  static_assert(!std::is_convertible_v<Secret, std::string>);
  static_assert(!std::is_convertible_v<Secret, std::string_view>);
  static_assert(std::is_constructible_v<log::Field, const char*, std::string>);
}
