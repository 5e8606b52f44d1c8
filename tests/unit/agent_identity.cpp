#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "agent/identity.hpp"
#include "base/files.hpp"
#include "crypto/random.hpp"
#include "printing.hpp"
#include "ssh/key.hpp"
#include "store_folder.hpp"

namespace edge::agent {
namespace {

namespace fs = std::filesystem;
using store::test::content;
using store::test::mode_of;
using store::test::TempFolder;

wire::Token token() {
  wire::Token token;
  token.urls = {"https://edge.example.com:9000"};
  token.tunnel = "edge.example.com:8000";
  token.endpoint = EndpointId{std::string(32, 'e')};
  token.name = "pump-7";
  token.host_keys = {"SHA256:abc"};
  token.pins = {"sha256/abc"};
  token.secret = Secret(std::string(32, 's'));
  return token;
}

}  // namespace

TEST_CASE("an identity comes back as it was saved") {
  const TempFolder folder;
  const IdentityFolder state(folder.path / "state");
  REQUIRE(state.load());
  CHECK_FALSE(*state.load());  // never joined
  auto identity = identity_from(token(), "", std::nullopt);
  identity.associated = true;
  identity.key = Secret(std::string("\0\xff", 2) + std::string(30, 'k'));
  REQUIRE(state.save(identity));
  const auto loaded = state.load();
  REQUIRE(loaded);
  REQUIRE(*loaded);
  const auto& again = **loaded;
  CHECK(again.endpoint == identity.endpoint);
  CHECK(again.name == identity.name);
  CHECK(again.instance == identity.instance);
  CHECK(again.urls == identity.urls);
  CHECK(again.pins == identity.pins);
  CHECK(again.host_keys == identity.host_keys);
  CHECK(again.tunnel == identity.tunnel);
  CHECK((again.edge_id == identity.edge_id));
  CHECK((again.secret == identity.secret));
  CHECK((again.key == identity.key));
  CHECK(again.associated);
}

TEST_CASE("what the agent stores is for its own eyes") {
  const TempFolder folder;
  const IdentityFolder state(folder.path / "state");
  const auto before = ::umask(0);
  REQUIRE(state.save(identity_from(token(), "", std::nullopt)));
  REQUIRE(state.host_key());
  REQUIRE(state.first_counter());
  ::umask(before);
  CHECK(mode_of(state.path()) == 0700);
  for (const auto& entry : fs::directory_iterator(state.path())) {
    CAPTURE(entry.path());
    CHECK(mode_of(entry.path()) == 0600);
  }
}

TEST_CASE("an identity that others may read is refused") {
  const TempFolder folder;
  const IdentityFolder state(folder.path / "state");
  REQUIRE(state.save(identity_from(token(), "", std::nullopt)));
  fs::permissions(state.path() / "identity.json", fs::perms(0644));
  const auto loaded = state.load();
  REQUIRE_FALSE(loaded);
  CHECK(loaded.error().code == Errc::not_allowed);
}

TEST_CASE("a damaged identity is an error that names the file and the way out") {
  const TempFolder folder;
  const IdentityFolder state(folder.path / "state");
  REQUIRE(state.save(identity_from(token(), "", std::nullopt)));
  const auto file = state.path() / "identity.json";
  const auto whole = content(file);
  for (const auto& text : {std::string(), whole.substr(0, whole.size() / 2), std::string("{}"),
                           std::string("[]"), std::string(64, '\0')}) {
    REQUIRE(write_file(file, text, 0600));
    const auto loaded = state.load();
    REQUIRE_FALSE(loaded);
    CHECK(loaded.error().message.find(file.string()) != std::string::npos);
    CHECK(loaded.error().hint.find("edge-agent leave") != std::string::npos);
  }
}

TEST_CASE("joining again keeps instance and edge ID, joining another endpoint does not") {
  const auto first = identity_from(token(), "", std::nullopt);
  CHECK(is_uuid(std::string(first.edge_id.reveal())));
  const auto again = identity_from(token(), "", first);
  CHECK(again.instance == first.instance);
  CHECK((again.edge_id == first.edge_id));
  CHECK_FALSE(again.associated);  // a new token has to be used first
  auto other = token();
  other.endpoint = EndpointId{std::string(32, 'f')};
  const auto moved = identity_from(other, "", first);
  CHECK(moved.instance != first.instance);
  CHECK_FALSE((moved.edge_id == first.edge_id));
}

TEST_CASE("an edge ID that was given is the one that is used") {
  const std::string given = crypto::random_uuid();
  const auto first = identity_from(token(), "", std::nullopt);
  CHECK(identity_from(token(), given, first).edge_id.reveal() == given);
  CHECK(identity_from(token(), given, first).instance == first.instance);
}

TEST_CASE("the host key is made once and kept") {
  const TempFolder folder;
  const IdentityFolder state(folder.path / "state");
  const auto first = state.host_key();
  REQUIRE(first);
  CHECK(ssh::Key::from_private_text(*first));
  CHECK((*state.host_key() == *first));
  REQUIRE(state.forget());
  CHECK_FALSE((*state.host_key() == *first));
}

TEST_CASE("the counter rises from run to run, also when the clock went back") {
  const TempFolder folder;
  const IdentityFolder state(folder.path);
  std::uint64_t last = 0;
  for (int run = 0; run < 5; ++run) {
    const auto first = state.first_counter();
    REQUIRE(first);
    CHECK(*first > last);
    if (run > 0) CHECK(*first >= last + (std::uint64_t{1} << 32));
    last = *first;
  }
  // A file from the future is what a clock that went back looks like.
  const std::uint64_t future = last * 2;
  REQUIRE(write_file(folder.path / "counter", std::to_string(future) + "\n", 0600));
  CHECK(*state.first_counter() >= future);
  CHECK(*state.first_counter() > future);
}

TEST_CASE("a counter file that is no number does not stop the agent") {
  const TempFolder folder;
  const IdentityFolder state(folder.path);
  REQUIRE(write_file(folder.path / "counter", "a lot", 0600));
  const auto first = state.first_counter();
  REQUIRE(first);
  CHECK(*first > 1'000'000'000'000'000);  // the clock's
}

TEST_CASE("a counter that cannot be reserved is not used") {
  const TempFolder folder;
  const IdentityFolder state(folder.path / "no" / "such");
  CHECK_FALSE(state.first_counter());
}

TEST_CASE("forgetting leaves nothing of the identity") {
  const TempFolder folder;
  const IdentityFolder state(folder.path / "state");
  REQUIRE(state.save(identity_from(token(), "", std::nullopt)));
  REQUIRE(state.host_key());
  REQUIRE(state.first_counter());
  REQUIRE(state.forget());
  CHECK(fs::is_empty(state.path()));
  CHECK_FALSE(*state.load());
  CHECK(state.forget());
}

}  // namespace edge::agent
