#include <doctest/doctest.h>

#include <vector>

#include "control/escape_keys.hpp"

namespace edge::control::test {
namespace {

using Command = EscapeKeys::Command;

struct Seen {
  std::string passed;
  std::vector<Command> commands;
};

Seen type(const std::string& text, std::size_t piece, std::optional<char> escape = '~') {
  EscapeKeys keys(escape);
  Seen seen;
  for (std::size_t at = 0; at < text.size(); at += piece) {
    std::string_view input = std::string_view(text).substr(at, piece);
    while (!input.empty()) {
      const auto typed = keys.take(input);
      seen.passed += typed.pass;
      if (typed.command != Command::none) seen.commands.push_back(typed.command);
    }
  }
  return seen;
}

TEST_CASE("an escape counts at the beginning of a line only, however the keys arrive") {
  struct Row {
    const char* name;
    std::string typed, passed;
    std::vector<Command> commands;
  };
  const std::vector<Row> rows{
      {"first thing", "~.", "", {Command::disconnect}},
      {"after a line", "ls\r~.", "ls\r", {Command::disconnect}},
      {"after a newline", "ls\n~s", "ls\n", {Command::status}},
      {"in a line", "cd ~.\r", "cd ~.\r", {}},
      {"a home folder", "~/bin/x\r", "~/bin/x\r", {}},
      {"the escape itself", "~~.\r", "~.\r", {}},
      {"another letter", "~x.", "~x.", {}},
      {"one after the other",
       "~?~s\r~.",
       "\r",
       {Command::help, Command::status, Command::disconnect}},
      {"three of them", "~~~.", "~~.", {}},
      {"another letter that ends a line", "~\r~.", "~\r", {Command::disconnect}},
  };
  for (const auto& row : rows) {
    CAPTURE(row.name);
    for (const std::size_t piece : {std::size_t{1}, std::size_t{2}, row.typed.size()}) {
      const auto seen = type(row.typed, piece);
      CHECK(seen.passed == row.passed);
      CHECK((seen.commands == row.commands));
    }
  }
}

TEST_CASE("without an escape character everything goes to the far side") {
  const auto seen = type("~.\r~s", 1, std::nullopt);
  CHECK(seen.passed == "~.\r~s");
  CHECK(seen.commands.empty());
}

TEST_CASE("what is no escape goes to the far side without a copy") {
  const std::string bulk = "~x\r" + std::string(100'000, '~') + "\n";
  for (const std::optional<char> escape : {std::optional<char>('~'), std::optional<char>()}) {
    EscapeKeys keys(escape);
    std::string_view input = bulk;
    std::size_t pieces = 0;
    std::string_view last;
    for (; !input.empty(); ++pieces) last = keys.take(input).pass;
    CHECK(pieces <= 5);
    CHECK(last.data() + last.size() == bulk.data() + bulk.size());
  }
}

TEST_CASE("an escape character is written as for ssh") {
  CHECK(parse_escape("~")->value() == '~');
  CHECK(parse_escape("^]")->value() == 0x1D);
  CHECK_FALSE(parse_escape("none")->has_value());
  for (const char* text : {"", "ab", " ", "^a", "no"}) {
    CAPTURE(text);
    const auto refused = parse_escape(text);
    REQUIRE(refused.has_error());
    CHECK(refused.error().code == Errc::usage);
  }
  CHECK(EscapeKeys('~').help().find("~.  end the session") != std::string::npos);
  CHECK(EscapeKeys(char{0x1D}).help().find("^].  end") != std::string::npos);
  CHECK(EscapeKeys(std::nullopt).help().empty());
}

}  // namespace
}  // namespace edge::control::test
