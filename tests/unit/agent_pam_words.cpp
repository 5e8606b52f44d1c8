#include <doctest/doctest.h>

#include "agent/pam_words.hpp"

using namespace edge::agent;

namespace {

std::string reason(std::initializer_list<const char*> errors,
                   std::initializer_list<const char*> texts) {
  PamWords words;
  for (const auto* text : texts) words.add_text(text);
  for (const auto* text : errors) words.add_error(text);
  return words.as_reason();
}

}  // namespace

TEST_CASE("a refusal by PAM has its modules' words in one line, errors ahead of texts") {
  const struct {
    const char* name;
    std::initializer_list<const char*> errors, texts;
    const char* expected;
  } cases[] = {
      {"nothing was said", {}, {}, ""},
      {"only an end of line", {"\r\n"}, {""}, ""},
      {"an error", {"Your account has expired"}, {}, "Your account has expired"},
      {"an error and the message of the day", {"no"}, {"welcome"}, "no"},
      {"texts where no error is", {}, {"closed", "come back"}, "closed; come back"},
      {"several errors", {"one", "two"}, {}, "one; two"},
      {"a notice of several lines", {"Back at\nnoon\n\n"}, {}, "Back at noon"},
      {"escapes", {"\x1b[31mred\x07"}, {}, "\xef\xbf\xbd[31mred\xef\xbf\xbd"},
  };
  for (const auto& row : cases) {
    CAPTURE(row.name);
    CHECK(reason(row.errors, row.texts) == row.expected);
  }
}

TEST_CASE("a refusal without a word names the step, the code and the file") {
  PamWords words;
  const auto silent =
      pam_refusal("deploy", words, "pam_acct_mgmt", "Permission denied", "/etc/pam.d/edge-agent");
  CHECK(silent.code == edge::Errc::not_allowed);
  CHECK(silent.message ==
        "PAM refuses the account deploy: Permission denied (pam_acct_mgmt, /etc/pam.d/edge-agent)");
  words.add_error("Not on Sundays\n");
  CHECK(pam_refusal("deploy", words, "pam_acct_mgmt", "Permission denied", "x").message ==
        "PAM refuses the account deploy: Not on Sundays");
}

TEST_CASE("what modules say to a terminal is kept as it came, a line each, and bounded") {
  PamWords words;
  words.add_text("\x1b[1mWelcome\x1b[0m\nto the shop\n");
  words.add_error("Your password expires tomorrow");
  CHECK(words.as_lines() == "\x1b[1mWelcome\x1b[0m\nto the shop\nYour password expires tomorrow\n");
  for (int i = 0; i < 100; ++i) words.add_text(std::string(PamWords::kMost, 'x'));
  CHECK(words.as_lines().size() <= PamWords::kMost + 2);
  CHECK(words.as_reason() == "Your password expires tomorrow");
}

TEST_CASE(
    "what modules exported is split at the first equals sign, and what has none is left out") {
  const auto split = split_exported({"A=1", "B=x=y", "C=", "=odd", "none", ""});
  const std::vector<std::pair<std::string, std::string>> expected{
      {"A", "1"}, {"B", "x=y"}, {"C", ""}};
  CHECK(split == expected);
}
