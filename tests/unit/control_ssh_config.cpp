// edgectl ssh-config.
#include <doctest/doctest.h>

#include <fstream>

#include "control_answers.hpp"
#include "edgectl/connect_target.hpp"
#include "printing.hpp"
#include "ssh/key.hpp"
#include "store_folder.hpp"

using namespace edgectl_test;
using edge::store::test::content;
namespace fs = std::filesystem;

namespace {

struct Home : Fixture {
  edge::store::test::TempFolder home;
  Home() {
    edgectl.home = home.path;
    edgectl.state = home.path / ".local/state/edgectl";
  }
};

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE_FIXTURE(Home, "without --write ssh's configuration is printed and nothing is made") {
  const auto result = run({"ssh-config"});
  CHECK(result.status == 0);
  CHECK(has(result.out, "ProxyCommand /usr/bin/edgectl --socket " + edged.socket() + " proxy -- "));
  CHECK(fs::is_empty(home.path));
  CHECK(edged.asked().empty());
}

TEST_CASE_FIXTURE(Home,
                  "--write makes identity, known hosts and both files, and again is no change") {
  const auto key = edge::ssh::Key::generate();
  REQUIRE(key);
  auto known = endpoint("shop-17");
  known["instances"] = {{{"id", "9b1de4c07a52f368"}, {"host-key-line", key->public_line()}}};
  edged.answer("GET /v1/endpoints", 200, {{"items", {known}}});
  const auto first = run({"ssh-config", "--write"});
  REQUIRE(first.status == 0);
  CHECK(has(first.out, (home.path / ".ssh/config").string() + " includes it now\n"));
  const auto printed = run({"ssh-config"}).out;
  CHECK(content(home.path / ".ssh/edge.conf") == printed);
  CHECK(has(content(edgectl.state / "ssh_known_hosts"),
            "\nshop-17.edge " + key->public_line() + "\n"));
  const auto identity = content(edgectl.state / "id_ed25519");
  const auto config = content(home.path / ".ssh/config");
  const auto again = run({"ssh-config", "--write"});
  CHECK(has(again.out, " included it already\n"));
  CHECK(content(edgectl.state / "id_ed25519") == identity);
  CHECK(content(home.path / ".ssh/config") == config);
  CHECK(run({"ssh-config", "--write", "-q"}).out.empty());
}

TEST_CASE_FIXTURE(Home,
                  "an edged that is away keeps nobody from --write, and known hosts are kept") {
  REQUIRE(fs::create_directories(edgectl.state));
  std::ofstream(edgectl.state / "ssh_known_hosts") << "old.edge ssh-ed25519 K\n";
  const auto result =
      edgectl.run({"--socket", (home.path / "none.sock").string(), "ssh-config", "--write"});
  CHECK(result.status == 0);
  CHECK(has(result.err, "warning: known hosts are added as you connect: cannot reach edged"));
  CHECK(fs::exists(home.path / ".ssh/edge.conf"));
  CHECK(content(edgectl.state / "ssh_known_hosts") == "old.edge ssh-ed25519 K\n");
}

TEST_CASE_FIXTURE(Home, "a socket that ssh cannot name is refused, and nothing is made") {
  const auto result =
      edgectl.run({"--socket", "/run/a\nProxyCommand evil", "ssh-config", "--write"});
  CHECK(result.status == 2);
  CHECK(has(result.err, "control character"));
  CHECK(fs::is_empty(home.path));
}

TEST_CASE_FIXTURE(Home, "a socket of the configuration file is found there, also later") {
  edgectl.config_file = home.path / "config.yaml";
  std::ofstream(edgectl.config_file) << "socket: /run/other.sock\n";
  CHECK(has(edgectl.run({"ssh-config"}).out, "ProxyCommand /usr/bin/edgectl proxy -- "));
  CHECK(has(edgectl.run({"--socket", "/run/edged/admin.sock", "ssh-config"}).out,
            "ProxyCommand /usr/bin/edgectl --socket /run/edged/admin.sock proxy -- "));
}

TEST_CASE_FIXTURE(Home, "another state folder than the usual one is told to the proxy") {
  CHECK_FALSE(has(run({"ssh-config"}).out, "--state"));
  edgectl.state = home.path / "my state/edgectl";
  CHECK(has(run({"ssh-config"}).out, " proxy --state '" + edgectl.state.string() + "' -- "));
}

TEST_CASE_FIXTURE(Home, "without a home folder there is nothing to write to") {
  edgectl.home.clear();
  const auto result = run({"ssh-config", "--write"});
  CHECK(result.status == 2);
  CHECK(has(result.err, "HOME"));
}

TEST_CASE("a host of ssh is an endpoint, as whoever and in whichever letters") {
  struct Row {
    const char* host;
    const char* endpoint;
  };
  for (const auto& row : {Row{"shop-17.edge", "shop-17"}, Row{"shop-17", "shop-17"},
                          Row{"deploy@shop-17.edge", "shop-17"}, Row{"a@b@Shop-17.EDGE", "shop-17"},
                          Row{"shop.edge.edge", "shop.edge"}, Row{".edge", ".edge"},
                          Row{"edge", "edge"}, Row{"", ""}}) {
    CAPTURE(row.host);
    CHECK(edge::edgectl::endpoint_of_host(row.host) == row.endpoint);
  }
}

TEST_CASE_FIXTURE(Fixture, "proxy refuses what is no name before it asks anybody") {
  for (const char* name : {"a b.edge", "*.edge", "-o.edge", "a;id.edge", "../x", ".edge"}) {
    CAPTURE(name);
    const auto result = run({"proxy", "--", name});
    CHECK(result.status == 2);
    CHECK(has(result.err, "is no endpoint name"));
    CHECK(edged.asked().empty());
  }
}
