#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "agent/account.hpp"

using namespace edge::agent;
using edge::Errc;

TEST_CASE("an account is locked when its password is, not when it has none") {
  const struct {
    const char* field;
    bool locked;
  } cases[] = {{"", false},
               {"*", false},
               {"!", false},
               {"!!", false},
               {"!*", false},
               {"$6$salt$hash", false},
               {"!$6$salt$hash", true},
               {"!!$y$j9T$salt$hash", true}};
  for (const auto& row : cases) {
    CAPTURE(row.field);
    CHECK(is_locked(row.field) == row.locked);
  }
}

TEST_CASE("an account expires on its day") {
  const struct {
    long expiry;
    bool expired;
  } cases[] = {{-1, false}, {0, false}, {1, true}, {19'999, true}, {20'000, true}, {20'001, false}};
  for (const auto& row : cases) {
    CAPTURE(row.expiry);
    CHECK(has_expired(row.expiry, 20'000) == row.expired);
  }
}

TEST_CASE("nologin and false are no shells, wherever they are") {
  for (const char* path : {"/usr/sbin/nologin", "/sbin/nologin", "/bin/false", "false"}) {
    CAPTURE(path);
    CHECK(is_no_shell(path));
  }
  for (const char* path : {"/bin/sh", "/bin/falsehood", "/opt/nologin/sh", "/bin/sync", ""}) {
    CAPTURE(path);
    CHECK_FALSE(is_no_shell(path));
  }
}

TEST_CASE("while a nologin file exists, its text refuses all but root") {
  std::string folder = (std::filesystem::temp_directory_path() / "edge-nologin-XXXXXX").string();
  REQUIRE(::mkdtemp(folder.data()));
  const auto notice = std::filesystem::path(folder) / "nologin";
  Account account{"deploy", "/home/deploy", "/bin/sh", 1'000, 1'000};
  CHECK(check_notice(account, notice).has_value());
  std::ofstream(notice) << "Back at \x1b[1mnoon\n";
  const auto refused = check_notice(account, notice);
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code == Errc::not_allowed);
  CHECK(refused.error().message ==
        "only root may log in now (" + notice.string() + "): Back at \xef\xbf\xbd[1mnoon");
  account.user = 0;
  CHECK(check_notice(account, notice).has_value());
  std::filesystem::remove_all(folder);
}

TEST_CASE("root and its home are found, a stranger is not") {
  const auto root = find_account("root");
  REQUIRE(root.has_value());
  CHECK(root->user == 0);
  CHECK_FALSE(root->home.empty());
  const auto stranger = find_account("no\nsuch");
  REQUIRE_FALSE(stranger.has_value());
  CHECK(stranger.error().code == Errc::not_found);
  CHECK(stranger.error().message.find('\n') == std::string::npos);
}

TEST_CASE("with a terminal TERM is the request's, or says that nothing is known") {
  const Account account{"deploy", "/home/deploy", "/bin/sh", 1'000, 1'000};
  SessionRequest request;
  const auto term = [&] {
    for (const auto& line : shell_environment(account, "/bin/sh", request, "")) {
      if (line.starts_with("TERM=")) return line;
    }
    return std::string("none");
  };
  CHECK(term() == "none");
  request.pty = WindowSize{};
  CHECK(term() == "TERM=dumb");
  request.terminal = "screen";
  CHECK(term() == "TERM=screen");
}

TEST_CASE("what PAM exported replaces what the operator brought, and never who the account is") {
  const Account account{"deploy", "/home/deploy", "/bin/sh", 1'000, 1'000};
  SessionRequest request;
  request.session = "s1";
  request.pty = WindowSize{};
  request.terminal = "xterm";
  request.environment = {{"LANG", "operators"}, {"LC_TIME", "operators"}, {"HOME", "operators"}};
  Variables exported{{"PATH", "/of/pam"}, {"LANG", "of pam"}, {"XDG_SESSION_ID", "7"}};
  for (const char* name : {"HOME", "USER", "LOGNAME", "SHELL", "TERM", "EDGE_SESSION"}) {
    exported.emplace_back(name, "of pam");
  }
  const auto lines = shell_environment(account, "/bin/sh", request, "UTC", exported);
  CHECK(lines == std::vector<std::string>{
                     "EDGE_SESSION=s1", "HOME=/home/deploy", "LANG=of pam", "LC_TIME=operators",
                     "LOGNAME=deploy", "MAIL=/var/mail/deploy", "PATH=/of/pam", "SHELL=/bin/sh",
                     "TERM=xterm", "TZ=UTC", "USER=deploy", "XDG_SESSION_ID=7"});
}
