#include <sys/stat.h>

#include "base/files.hpp"
#include "control/ssh_folder.hpp"
#include "printing.hpp"
#include "store_folder.hpp"

namespace edge::control {
namespace {
namespace fs = std::filesystem;
using store::test::content;
using store::test::mode_of;
using store::test::TempFolder;
}  // namespace

TEST_CASE("what is missing in the home folder is made for its owner only") {
  const TempFolder home;
  const auto written = write_ssh_folder(home.path, "Host x\n");
  REQUIRE(written);
  CHECK(written->config_changed);
  CHECK(mode_of(home.path / ".ssh") == 0700);
  CHECK(content(home.path / ".ssh/edge.conf") == "Host x\n");
  CHECK(mode_of(home.path / ".ssh/edge.conf") == 0600);
  CHECK(content(home.path / ".ssh/config").ends_with("\nInclude edge.conf\n"));
  CHECK(mode_of(home.path / ".ssh/config") == 0600);
}

TEST_CASE("a configuration keeps its mode, its text and its place behind a link") {
  const TempFolder home;
  REQUIRE(make_folder(home.path / ".ssh", 0750));
  REQUIRE(make_folder(home.path / "settings", 0755));
  const auto real = home.path / "settings" / "ssh";
  REQUIRE(write_file(real, "Host a\n  User b", 0640));
  fs::create_symlink("../settings/ssh", home.path / ".ssh/config");
  REQUIRE(write_ssh_folder(home.path, "one"));
  const auto first = content(real);
  CHECK(first.ends_with("\n\nHost a\n  User b"));
  CHECK(first.find("\nInclude edge.conf\n") != std::string::npos);
  CHECK(mode_of(real) == 0640);
  CHECK(mode_of(home.path / ".ssh") == 0750);
  CHECK(fs::is_symlink(home.path / ".ssh/config"));
  const auto again = write_ssh_folder(home.path, "two");
  REQUIRE(again);
  CHECK_FALSE(again->config_changed);
  CHECK(content(real) == first);
  CHECK(content(home.path / ".ssh/edge.conf") == "two");
}

TEST_CASE("a home folder that ssh's Include would not find the file in is refused") {
  const TempFolder folder;
  for (const char* name : {"a[b]", "a*", "a?", "a\\b"}) {
    CAPTURE(name);
    REQUIRE(make_folder(folder.path / name, 0755));
    const auto refused = write_ssh_folder(folder.path / name, "");
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == Errc::usage);
    CHECK_FALSE(fs::exists(folder.path / name / ".ssh"));
  }
}

TEST_CASE("another user's home folder is left alone, and so is one that is not there") {
  const auto missing = write_ssh_folder("/nowhere/home", "");
  REQUIRE_FALSE(missing);
  CHECK(missing.error().code == Errc::not_found);
  if (::geteuid() != 0) return;  // who is not root cannot make another user's
  const TempFolder home;
  REQUIRE(::chown(home.path.c_str(), 1, 1) == 0);
  const auto refused = write_ssh_folder(home.path, "");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Errc::not_allowed);
  CHECK_FALSE(fs::exists(home.path / ".ssh"));
}

}  // namespace edge::control
