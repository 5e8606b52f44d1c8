#include <doctest/doctest.h>

#include "fleet/labels.hpp"
#include "fleet/nearest_labels.hpp"

using namespace edge;
using namespace edge::fleet;

TEST_CASE("keys and values go by Kubernetes' rules") {
  const std::string longest(63, 'x');
  for (const auto& key :
       {std::string("site"), std::string("a"), std::string("A1"), longest, std::string("a.b-c_d"),
        std::string("example.com/role"), std::string("app.example.com/a.b")}) {
    CHECK_MESSAGE(is_label_key(key), key);
  }
  for (const auto& key : {std::string(), longest + "x", std::string("-a"), std::string("a-"),
                          std::string(".a"), std::string("a b"), std::string("a=b"),
                          std::string("/a"), std::string("a/"), std::string("A.com/a"),
                          std::string("a..b/c"), std::string("a/b/c"), std::string("\xC3\xA9"),
                          std::string("a\0b", 3), std::string("a\n"), std::string("\033[31m")}) {
    CHECK_FALSE_MESSAGE(is_label_key(key), key);
  }
  for (const auto& value : {std::string(), std::string("berlin"), std::string("1.2.3"), longest}) {
    CHECK_MESSAGE(is_label_value(value), value);
  }
  for (const auto& value :
       {longest + "x", std::string("-a"), std::string("a b"), std::string("a/b"),
        std::string("a,b"), std::string("\033[31mred"), std::string("a\"b")}) {
    CHECK_FALSE_MESSAGE(is_label_value(value), value);
  }
  CHECK(check_label("a", "\033[31m").error().message.find('\033') == std::string::npos);
}

TEST_CASE("a change sets and removes, and replaces only what it may") {
  const Labels before{{"site", "berlin"}, {"tier", "dev"}};
  const auto changed = with_change(before, {{{"os", "linux"}}, {"tier", "missing"}, false}, "a");
  REQUIRE(changed.has_value());
  CHECK(*changed == Labels{{"os", "linux"}, {"site", "berlin"}});
  CHECK(with_change(before, {{{"site", "berlin"}}, {}, false}, "a").has_value());
  const auto refused = with_change(before, {{{"site", "munich"}}, {}, false}, "shop-1");
  REQUIRE(refused.has_error());
  CHECK(refused.error().code == Errc::conflict);
  CHECK(refused.error().message == "shop-1 has site=berlin already, not site=munich");
  CHECK(*with_change(before, {{{"site", "munich"}}, {}, true}, "a") ==
        Labels{{"site", "munich"}, {"tier", "dev"}});
}

TEST_CASE("an endpoint has at most 64 labels") {
  LabelChange many;
  for (std::size_t i = 0; i < kMostLabels; ++i) many.set["k" + std::to_string(i)] = "v";
  const auto full = with_change({}, many, "a");
  REQUIRE(full.has_value());
  const auto over = with_change(*full, {{{"one", "more"}}, {}, false}, "a");
  REQUIRE(over.has_error());
  CHECK(over.error().code == Errc::usage);
  CHECK(with_change(*full, {{{"one", "more"}}, {"k0"}, false}, "a").has_value());
}

TEST_CASE("a change that contradicts itself or breaks a rule is refused") {
  CHECK(check_change({{{"a", "1"}}, {"b"}, false}).has_value());
  CHECK(check_change({{{"a", "1"}}, {"a"}, false}).has_error());
  CHECK(check_change({{{"a b", "1"}}, {}, false}).has_error());
  CHECK(check_change({{}, {"a b"}, false}).has_error());
}

TEST_CASE("a selector that matches nothing says why, and what was probably meant") {
  LabelCounts counts;
  for (int i = 0; i < 3; ++i) counts.add({{"site", "berlin"}, {"tier", "prod"}});
  counts.add({{"site", "munich"}, {"tier", "dev"}});
  struct Row {
    const char* selector;
    const char* message;
    const char* hint;
  };
  for (const auto& row : {
           Row{"site=berln", "no endpoint has site=berln", "did you mean site=berlin?"},
           Row{"site=paris", "no endpoint has site=paris", "site is one of: berlin, munich"},
           Row{"sit=berlin", "no endpoint has a label sit", "did you mean site?"},
           Row{"colour", "no endpoint has a label colour", "the labels are: site, tier"},
           Row{"!site", "every endpoint has the label site", ""},
           Row{"site notin (berlin,munich)", "no endpoint has site notin (berlin,munich)",
               "edgectl ls -o wide shows the labels"},
           Row{"site in (berln,x)", "no endpoint has site in (berln,x)",
               "did you mean site=berlin?"},
           Row{"site=munich,tier=prod",
               "no endpoint matches site=munich,tier=prod (each alone: site=munich: 1, tier=prod: "
               "3)",
               "edgectl ls -o wide shows the labels"},
       }) {
    CAPTURE(row.selector);
    const auto error = no_match(*parse_selector(row.selector), counts);
    CHECK(error.code == Errc::not_found);
    CHECK(error.message == row.message);
    CHECK(error.hint == row.hint);
  }
  CHECK(no_match(*parse_selector("a"), {}).message == "there are no endpoints");
}
