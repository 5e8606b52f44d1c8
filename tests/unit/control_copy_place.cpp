#include <doctest/doctest.h>

#include "control/copy/copy_place.hpp"
#include "control/copy/part_name.hpp"

using namespace edge::control;
using Kind = CopyPlace::Kind;

TEST_CASE("a place is what its colon and its slashes say") {
  const struct {
    const char* text;
    CopyPlace place;
  } rows[] = {
      {"app.tar", {Kind::local, "", "", "app.tar"}},
      {"/a:b", {Kind::local, "", "", "/a:b"}},
      {"./a:b", {Kind::local, "", "", "./a:b"}},
      {"-", {Kind::stream, "", "", "-"}},
      {"./-", {Kind::local, "", "", "./-"}},
      {"shop-17:/opt/", {Kind::node, "", "shop-17", "/opt/"}},
      {"shop-17:", {Kind::node, "", "shop-17", "."}},
      {"shop-17:~", {Kind::node, "", "shop-17", "."}},
      {"shop-17:~/x", {Kind::node, "", "shop-17", "x"}},
      {"shop-17:~bob/x", {Kind::node, "", "shop-17", "~bob/x"}},
      {"shop-17:a:b\n\xff", {Kind::node, "", "shop-17", "a:b\n\xff"}},
      {"me@corp@shop-17:x", {Kind::node, "me@corp", "shop-17", "x"}},
      {":/opt", {Kind::chosen, "", "", "/opt"}},
      {"deploy@:/opt", {Kind::chosen, "deploy", "", "/opt"}},
      {"-:/opt", {Kind::named_on_stdin, "", "", "/opt"}},
  };
  for (const auto& row : rows) {
    CAPTURE(row.text);
    CHECK(parse_copy_place(row.text) == row.place);
  }
}

TEST_CASE("what cannot be copied is refused before anything is done") {
  const struct {
    std::vector<std::string> words;
    bool has_selector;
    const char* part_of_message;
  } rows[] = {
      {{"a"}, false, "a source and a target"},
      {{"a", "b"}, false, "neither end is on a node"},
      {{"x:a", "y:b"}, false, "from one node to another"},
      {{"a", "x:b", "y:c"}, false, "some sources are here"},
      {{"a", ":b"}, false, "there is no -l"},
      {{"a", "x:b"}, true, "no end is ':PATH'"},
      {{"x:a", ":b", "here"}, true, "either names or -l"},
      {{"-", "-:b"}, false, "stdin is either"},
      {{"-", "a", "x:b"}, false, "stdin is copied alone"},
      {{"x:a", "x:b", "-"}, false, "stdout takes one source"},
      {{":a", "-"}, true, "the file of one node"},
      {{"one@x:a", "two@x:b", "here"}, false, "two accounts"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.part_of_message);
    const auto order = parse_copy_order(row.words, row.has_selector);
    REQUIRE(order.has_error());
    CHECK(order.error().code == edge::Errc::usage);
    CHECK(order.error().message.find(row.part_of_message) != std::string::npos);
  }
}

TEST_CASE("files from several endpoints have a folder of each name, those of one have none") {
  const struct {
    std::vector<std::string> words;
    bool has_selector, has_folder;
  } rows[] = {
      {{"x:a", "x:b", "here"}, false, false}, {{"x:a", "y:a", "here"}, false, true},
      {{":a", "here"}, true, true},           {{"-:a", "here"}, false, true},
      {{"a", "x:b"}, false, false},           {{"a", ":b"}, true, false},
      {{"a", "-:b"}, false, false},
  };
  for (const auto& row : rows) {
    const auto order = parse_copy_order(row.words, row.has_selector);
    REQUIRE(order.has_value());
    CHECK(order->has_folder_per_name() == row.has_folder);
  }
}

TEST_CASE("a part's name is the same each time, fits, and is told apart from others") {
  CHECK(part_name("app.tar") == ".app.tar.part");
  CHECK(part_name(std::string(249, 'x')).size() == 255);
  const auto one = part_name(std::string(254, 'x') + "1"),
             two = part_name(std::string(254, 'x') + "2");
  CHECK(one.size() <= 255);
  CHECK(one != two);
  CHECK(one == part_name(std::string(254, 'x') + "1"));
}

TEST_CASE("a path is split before its last name") {
  const struct {
    const char *path, *folder, *name;
  } rows[] = {{"a", "", "a"},      {"a/b", "a/", "b"}, {"/a", "/", "a"},
              {"a/b/", "a/", "b"}, {"/", "/", ""},     {"a//", "", "a"}};
  for (const auto& row : rows) {
    CAPTURE(row.path);
    const auto split = split_path(row.path);
    CHECK(split.folder == row.folder);
    CHECK(split.name == row.name);
  }
}
