#include <doctest/doctest.h>

#include "control/exec/folded_names.hpp"

namespace edge::control {

TEST_CASE("names are folded by their last number") {
  struct Row {
    std::vector<std::string> names;
    const char* expected;
  };
  const std::vector<Row> rows{
      {{}, ""},
      {{"shop"}, "shop"},
      {{"shop-17", "shop-3", "shop-1", "shop-2"}, "shop-[1-3,17]"},
      {{"shop-1", "shop-1"}, "shop-1"},
      {{"x-00009", "x-00010", "x-00011"}, "x-[00009-00011]"},
      {{"n9", "n10", "n99", "n100"}, "n[9-10,99-100]"},
      {{"n08", "n09", "n10", "n8"}, "n[8,08-10]"},
      {{"n9", "n008", "n10"}, "n[008,9-10]"},
      {{"a1.berlin", "a2.berlin", "a1.rome"}, "a[1-2].berlin,a1.rome"},
      {{"rack2-node1", "rack2-node2", "rack3-node1"}, "rack2-node[1-2],rack3-node1"},
      {{"till", "shop-2", "kiosk"}, "kiosk,shop-2,till"},
      {{"n18446744073709551615", "n18446744073709551616"},
       "n[18446744073709551615-18446744073709551616]"},
  };
  for (const auto& row : rows) CHECK(folded(row.names) == row.expected);
  CHECK(folded_and_counted({"shop-1", "shop-2", "shop-3", "shop-17"}) == "shop-[1-3,17] (4)");
  CHECK(folded_and_counted({"shop-1"}) == "shop-1");
}

}  // namespace edge::control
