#include <doctest/doctest.h>

#include <CLI/CLI.hpp>

#include "docs/completion_parts.hpp"
#include "docs/fill.hpp"
#include "docs/generate_man.hpp"
#include "docs/roff.hpp"
#include "docs/tree.hpp"

using namespace edge::docs;

TEST_CASE("roff text keeps its dashes, quotes and leading dots") {
  struct Row {
    const char* text;
    const char* roff;
  };
  for (const auto& row : {Row{"--wait", "\\-\\-wait"}, Row{".x", "\\&.x"}, Row{"a\\b", "a\\eb"},
                          Row{"'x'", "\\&\\(aqx\\(aq"}, Row{"~/.x", "\\(ti/.x"}}) {
    CHECK(roff_escape(row.text) == row.roff);
  }
}

TEST_CASE("shell words survive quoting") {
  CHECK(shell_quote("it's $x") == "'it'\\''s $x'");
  CHECK(fish_quote("it's \\") == "'it\\'s \\\\'");
}

TEST_CASE("text is broken between words and keeps indented lines") {
  CHECK(fill_paragraphs(std::string(50, 'a') + " " + std::string(50, 'b') + "\n  as it  is") ==
        std::string(50, 'a') + "\n" + std::string(50, 'b') + "\n  as it  is\n");
}

TEST_CASE("the tree leaves out what is hidden and knows choices, defaults and variables") {
  CLI::App app("prog: does things\n\nIn detail.", "prog");
  std::string level;
  bool quiet = false;
  app.add_option("--level", level, "how loud")
      ->type_name("low|high")
      ->default_str("low")
      ->envname("L");
  app.add_flag("-q,--quiet", quiet, "not at all");
  app.add_option("--secret", level, "hidden")->group("");
  app.add_subcommand("hidden", "x")->group("");
  app.footer("EXAMPLES\n  prog --level high\tloud\nprog");
  const Command tree = read_tree(app);
  CHECK(tree.summary == "does things");
  CHECK(tree.detail == "In detail.");
  CHECK(tree.commands.empty());
  REQUIRE(tree.flags.size() == 3);
  CHECK(spelling_of(tree.flags[1]) == "--level low|high");
  CHECK(tree.flags[1].choices == std::vector<std::string>{"low", "high"});
  CHECK(tree.flags[1].default_text == "low");
  CHECK(tree.flags[1].variable == "L");
  CHECK(spelling_of(tree.flags[2]) == "-q, --quiet");
  REQUIRE(tree.examples.size() == 2);
  CHECK(tree.examples[0].command == "prog --level high");
  CHECK(tree.examples[0].meaning == "loud");
}

TEST_CASE("the page of a settings file has every key with its default and bounds") {
  edge::config::EdgedConfig config;
  const auto keys = edge::config::describe(config);
  REQUIRE(!keys.empty());
  const auto page = man_of_settings("edged.yaml", "/etc/edged/edged.yaml", "what edged starts with",
                                    keys, {"edged(8)"});
  for (const auto& key : keys) {
    CAPTURE(key.path);
    CHECK(page.find(".B " + roff_escape(key.path) + "\n") != std::string::npos);
  }
  CHECK(page.starts_with(".\\\" Generated"));
  CHECK(page.find(".TH EDGED.YAML 5 ") != std::string::npos);
}
