// With libpam itself and Debian's modules, in a folder of services of the test's own.
#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "agent/pam_session.hpp"
#include "base/files.hpp"

using namespace edge::agent;
using edge::Errc;

namespace {

class Folder {
 public:
  Folder() { REQUIRE(::mkdtemp(path_.data())); }
  ~Folder() { std::filesystem::remove_all(path_); }
  std::filesystem::path operator/(const char* name) const {
    return std::filesystem::path(path_) / name;
  }
  std::filesystem::path path() const { return path_; }
  std::string write(const char* name, const std::string& text) const {
    std::ofstream(*this / name) << text;
    return (*this / name).string();
  }
  // A module's line that appends one line about each call of it to the file "calls".
  std::string noting(const char* kind) const {
    const auto script = write("note",
                              "#!/bin/sh\necho $PAM_TYPE $PAM_SERVICE $PAM_USER $PAM_TTY "
                              "\"<$PAM_RHOST>\" >> " +
                                  (*this / "calls").string() + "\n");
    std::filesystem::permissions(script, std::filesystem::perms::owner_all);
    return std::string(kind) + " required pam_exec.so quiet " + script + "\n";
  }
  std::string calls() const {
    const auto text = edge::read_file(*this / "calls");
    return text ? *text : "";
  }

 private:
  std::string path_ = (std::filesystem::temp_directory_path() / "edge-pam-XXXXXX").string();
};

edge::Result<std::unique_ptr<PamSession>> open(const Folder& folder, const std::string& service,
                                               const std::string& terminal = "",
                                               const std::string& from = "") {
  const auto file = folder.write("edge-agent", service);
  return PamSession::open({"root", terminal, from, file, folder.path()});
}

constexpr const char* kPermit =
    "auth required pam_permit.so\naccount required pam_permit.so\n"
    "session required pam_permit.so\n";

}  // namespace

TEST_CASE("an account that PAM refuses has PAM's own words as the reason") {
  const Folder folder;
  const auto words = folder.write("words", "Come back\non Monday\n");
  const auto refused = open(
      folder, "account optional pam_echo.so file=" + words + "\naccount required pam_deny.so\n");
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code == Errc::not_allowed);
  CHECK(refused.error().message == "PAM refuses the account root: Come back on Monday");
}

TEST_CASE("a PAM service that refuses or fails without a word is named, with the step") {
  const Folder folder;
  const auto file = (folder / "edge-agent").string();
  const std::string setup = "auth required pam_permit.so\naccount required pam_permit.so\n";
  const struct {
    const char* name;
    std::string service, expected;
  } cases[] = {
      {"account", "account required pam_deny.so\n", "Authentication failure (pam_acct_mgmt, "},
      {"session", setup + "session required pam_deny.so\n",
       "Cannot make/remove an entry for the specified session (pam_open_session, "},
      {"credentials", "auth required pam_deny.so\naccount required pam_permit.so\n",
       "Failure setting user credentials (pam_setcred, "},
      {"no such module", "account required pam_no_such.so\n", "Module is unknown (pam_acct_mgmt, "},
      {"no such file", "@include no-such-file\naccount required pam_permit.so\n",
       "Critical error - immediate abort (pam_start, "},
  };
  for (const auto& row : cases) {
    CAPTURE(row.name);
    const auto refused = open(folder, row.service);
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().code == Errc::not_allowed);
    CHECK(refused.error().message == "PAM refuses the account root: " + row.expected + file + ")");
  }
}

TEST_CASE("PAM is told who, where and from where, is never asked to authenticate, and is closed") {
  const Folder folder;
  const auto service = "auth required pam_permit.so\n" + folder.noting("auth") +
                       folder.noting("account") + folder.noting("session");
  {
    const auto session = open(folder, service, "/dev/pts/99", "2001:db8::7");
    REQUIRE(session.has_value());
    CHECK(folder.calls() ==
          "account edge-agent root /dev/pts/99 <2001:db8::7>\n"
          "open_session edge-agent root /dev/pts/99 <2001:db8::7>\n");
    std::filesystem::remove(folder / "calls");
  }
  CHECK(folder.calls() == "close_session edge-agent root /dev/pts/99 <2001:db8::7>\n");
}

TEST_CASE("without a terminal PAM hears edge in its place") {
  const Folder folder;
  REQUIRE(open(folder, kPermit + folder.noting("account")).has_value());
  CHECK(folder.calls() == "account edge-agent root edge <>\n");
}

TEST_CASE("a session that PAM refused to open is not closed") {
  const Folder folder;
  const auto service = "auth required pam_permit.so\naccount required pam_permit.so\n" +
                       folder.noting("session") + "session required pam_deny.so\n";
  CHECK_FALSE(open(folder, service).has_value());
  CHECK(folder.calls() == "open_session edge-agent root edge <>\n");
}

TEST_CASE("what needs no process asks PAM about the account and opens no session") {
  const Folder folder;
  const auto ask = [&](const std::string& service) {
    const auto file = folder.write("edge-agent", service);
    return PamSession::may_come_in({"root", "", "", file, folder.path()});
  };
  CHECK(ask(kPermit + folder.noting("account") + folder.noting("session")).has_value());
  CHECK(folder.calls() == "account edge-agent root edge <>\n");
  CHECK_FALSE(ask("account required pam_deny.so\n").has_value());
}

TEST_CASE(
    "what PAM's modules export and say is there, and the session is one of a user's terminal") {
  const Folder folder;
  const auto variables = folder.write("variables", "FROM_PAM=yes\nPATH=/of/pam\n");
  const auto words = folder.write("words", "Welcome\n");
  const auto session =
      open(folder, std::string(kPermit) + "session required pam_env.so envfile=" + variables +
                       "\nsession optional pam_motd.so noupdate motd=" + words + "\n");
  REQUIRE(session.has_value());
  auto exported = (*session)->environment();
  std::sort(exported.begin(), exported.end());
  const std::vector<std::pair<std::string, std::string>> expected{{"FROM_PAM", "yes"},
                                                                  {"MOTD_SHOWN", "pam"},
                                                                  {"PATH", "/of/pam"},
                                                                  {"XDG_SESSION_CLASS", "user"},
                                                                  {"XDG_SESSION_TYPE", "tty"}};
  CHECK(exported == expected);
  CHECK((*session)->greeting() == "Welcome\n");
}

TEST_CASE("the service of PAM is found in the first folder that has it") {
  const Folder etc, usr;
  CHECK_FALSE(find_pam_service({etc.path(), usr.path()}).has_value());
  usr.write("edge-agent", "");
  CHECK(find_pam_service({etc.path(), usr.path()}) == usr / "edge-agent");
  etc.write("edge-agent", "");
  CHECK(find_pam_service({etc.path(), usr.path()}) == etc / "edge-agent");
}
