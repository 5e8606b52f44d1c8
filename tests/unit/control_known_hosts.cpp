#include "base/files.hpp"
#include "control/known_hosts.hpp"
#include "printing.hpp"
#include "store_folder.hpp"

namespace edge::control {
namespace {
using store::test::TempFolder;
const std::string kKey = "ssh-ed25519 AAAA", kOther = "ssh-ed25519 BBBB";
}  // namespace

TEST_CASE("the key of a new instance is remembered for the owner only") {
  const TempFolder folder;
  const auto place = folder.path / "state" / "edge";
  REQUIRE(check_known_host(place, "e1.i1", kKey));
  CHECK(store::test::content(place / "known_hosts") == "e1.i1 ssh-ed25519 AAAA\n");
  CHECK(store::test::mode_of(place) == 0700);
  CHECK(store::test::mode_of(place / "known_hosts") == 0600);
  CHECK(check_known_host(place, "e1.i1", kKey));
  CHECK(store::test::content(place / "known_hosts") == "e1.i1 ssh-ed25519 AAAA\n");
}

TEST_CASE("another key than the one seen before is refused with the line to look at") {
  const TempFolder folder;
  REQUIRE(check_known_host(folder.path, "e1.i0", kOther));
  REQUIRE(check_known_host(folder.path, "e1.i1", kKey));
  const auto before = store::test::content(folder.path / "known_hosts");
  const auto refused = check_known_host(folder.path, "e1.i1", kOther);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Errc::not_allowed);
  CHECK(refused.error().message.find((folder.path / "known_hosts").string() + ":2") !=
        std::string::npos);
  CHECK(store::test::content(folder.path / "known_hosts") == before);
}

TEST_CASE("an instance whose name begins with another's is another") {
  const TempFolder folder;
  REQUIRE(check_known_host(folder.path, "e1.i1", kKey));
  CHECK(check_known_host(folder.path, "e1.i", kOther));
  CHECK(check_known_host(folder.path, "e1.i12", kOther));
  CHECK(check_known_host(folder.path, "e1.i1", kKey));
}

TEST_CASE("a file without its last line end keeps its last line") {
  const TempFolder folder;
  REQUIRE(write_file(folder.path / "known_hosts", "# mine\ne1.i1 ssh-ed25519 AAAA", 0600));
  REQUIRE(check_known_host(folder.path, "e1.i2", kOther));
  CHECK(check_known_host(folder.path, "e1.i1", kKey));
  CHECK_FALSE(check_known_host(folder.path, "e1.i2", kKey));
}

TEST_CASE("a memory that cannot be written is an error that names it") {
  const auto refused = check_known_host("/proc/none/such", "e1.i1", kKey);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message.find("/proc/none") != std::string::npos);
}

TEST_CASE("of many the keys are read once, and the new ones written together") {
  const TempFolder folder;
  REQUIRE(check_known_host(folder.path, "e1.i1", kKey));
  HostKeyMemory memory(folder.path);
  CHECK(memory.check("e1.i1", kKey));
  const auto refused = memory.check("e1.i1", kOther);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message.find("known_hosts:1") != std::string::npos);
  CHECK(memory.check("e2.i1", kOther));
  CHECK(memory.check("e3.i1", kKey));
  CHECK_FALSE(memory.check("e3.i1", kOther));  // of this very run
  CHECK(store::test::content(folder.path / "known_hosts") == "e1.i1 ssh-ed25519 AAAA\n");
  REQUIRE(check_known_host(folder.path, "e4.i1", kKey));  // somebody else, meanwhile
  REQUIRE(memory.save());
  CHECK(store::test::content(folder.path / "known_hosts") ==
        "e1.i1 ssh-ed25519 AAAA\ne4.i1 ssh-ed25519 AAAA\n"
        "e2.i1 ssh-ed25519 BBBB\ne3.i1 ssh-ed25519 AAAA\n");
  CHECK(memory.save());
}

}  // namespace edge::control
