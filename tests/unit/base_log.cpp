#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdio>
#include <string>

#include "base/ids.hpp"
#include "base/log.hpp"
#include "base/time.hpp"

using namespace edge;

namespace {

// What `write` puts on stderr, by way of an unnamed file.
template <class Write>
std::string written(Write write) {
  std::FILE* file = std::tmpfile();
  REQUIRE(file != nullptr);
  const int kept = dup(STDERR_FILENO);
  dup2(fileno(file), STDERR_FILENO);
  write();
  dup2(kept, STDERR_FILENO);
  close(kept);
  std::rewind(file);
  std::string text(4096, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), file));
  std::fclose(file);
  return text;
}

}  // namespace

TEST_CASE("a log line is the event and its fields") {
  CHECK(log::format("edged.start", {}) == "edged.start");
  CHECK(
      log::format("tunnel.open", {{"tunnel", TunnelId{"ab12"}}, {"ms", 12}, {"name", "shop-17"}}) ==
      "tunnel.open tunnel=ab12 ms=12 name=shop-17");
  CHECK(log::format("x", {{"least", INT64_MIN}, {"most", UINT64_MAX}}) ==
        "x least=-9223372036854775808 most=18446744073709551615");
}

TEST_CASE("values that could be mistaken are quoted") {
  const struct {
    std::string value, expected;
  } rows[] = {
      {"", "x v=\"\""},
      {"two words", "x v=\"two words\""},
      {"a=b", "x v=\"a=b\""},
      {"say \"hi\"", "x v=\"say \\\"hi\\\"\""},
      {"back\\slash", "x v=\"back\\\\slash\""},
      {"plain/with:marks,", "x v=plain/with:marks,"},
      {"{} %s", "x v=\"{} %s\""},
  };
  for (const auto& row : rows) CHECK(log::format("x", {{"v", row.value}}) == row.expected);
}

TEST_CASE("no value can start a line of its own or move the cursor") {
  const auto line = log::format("x", {{"v", "a\n<0>edged.fake user=root\x1b[2J\x9b"}});
  for (const char c : {'\n', '\x1b', '\x9b'}) CHECK(line.find(c) == std::string::npos);
  CHECK(log::format("x", {{"v", std::string(100'000, 'a')}}).size() < 1100);
}

TEST_CASE("lines for people have time and level, lines for the journal a priority") {
  const auto plain = written([] {
    log::start(log::Level::info, false);
    log::debug("not.shown");
    log::info("tunnel.open", {{"ms", 12}});
    log::warning("{}");
  });
  CAPTURE(plain);
  const auto end = plain.find('\n');
  REQUIRE(plain.size() > 25);
  CHECK(parse_rfc3339(plain.substr(0, 24)));
  CHECK(plain.substr(24, end - 24) == " info  tunnel.open ms=12");
  CHECK(plain.substr(end + 1 + 24) == " warn  {}\n");

  const auto journal = written([] {
    log::start(log::Level::debug, true);
    log::debug("a");
    log::info("b");
    log::warning("c");
    log::error("d", {{"reason", "no space"}});
    log::set_level(log::Level::error);
    log::warning("not.shown");
  });
  CHECK(journal == "<7>a\n<6>b\n<4>c\n<3>d reason=\"no space\"\n");
  log::start(log::Level::info, false);
}

TEST_CASE("levels have names") {
  auto level = log::Level::info;
  CHECK(log::parse_level("debug", level));
  CHECK(level == log::Level::debug);
  CHECK(log::parse_level("warning", level));
  CHECK(level == log::Level::warning);
  for (const char* text : {"", "warn", "Info", "info "}) CHECK_FALSE(log::parse_level(text, level));
  CHECK(level == log::Level::warning);
}
