#include <thread>

#include "base/files.hpp"
#include "control/ssh_known_hosts.hpp"
#include "printing.hpp"
#include "ssh/key.hpp"
#include "store_folder.hpp"

namespace edge::control {
namespace {

using nlohmann::json;
using store::test::content;
using store::test::TempFolder;

const std::string kEndpoint(32, 'e'), kFirst(16, 'a'), kSecond(16, 'b');

std::string new_key() {
  const auto key = ssh::Key::generate();
  REQUIRE(key);
  return key->public_line();
}

json instance(const std::string& id, const json& line) {
  return {{"id", id}, {"host-key-line", line}};
}

InstanceKey own(const std::string& id, const std::string& key) {
  return {kEndpoint + "." + id, key};
}

std::string ssh_file(const TempFolder& folder) {
  return content(ssh_known_hosts_file(folder.path));
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("pinned keys are parsed before anybody writes them") {
  const auto key = new_key();
  const json endpoint = {
      {"id", kEndpoint},
      {"instances",
       {instance(kFirst, key + " a comment\n* ssh-ed25519 BBBB"), instance(kSecond, key + "\n"),
        instance("../x", key), instance(std::string(16, 'c'), "*.edge " + key),
        instance(std::string(16, 'd'), nullptr), instance(std::string(16, 'f'), ""), json("none"),
        json{{"id", std::string(16, '0')}}}}};
  for (const auto& pinned : pinned_keys(endpoint)) {
    CHECK(pinned.host_key == key);
    CHECK((pinned.instance == kEndpoint + "." + kFirst ||
           pinned.instance == kEndpoint + "." + kSecond));
  }
  CHECK(pinned_keys(endpoint).front().instance == kEndpoint + "." + kFirst);
  for (const json& wrong : {json(nullptr), json(7), json{{"id", kEndpoint}},
                            json{{"id", "x"}, {"instances", {instance(kFirst, key)}}},
                            json{{"id", kEndpoint}, {"instances", "none"}}}) {
    CAPTURE(wrong.dump());
    CHECK(pinned_keys(wrong).empty());
  }
}

TEST_CASE("a host's lines are replaced, and no other's") {
  const auto one = with_ssh_host("", {"a.edge", {"ssh-ed25519 K1"}});
  CHECK(one.ends_with("\na.edge ssh-ed25519 K1\n"));
  const auto two = with_ssh_host(one, {"a.edge.edge", {"ssh-ed25519 K2", "ssh-ed25519 K3"}});
  CHECK(two.ends_with(
      "a.edge ssh-ed25519 K1\na.edge.edge ssh-ed25519 K2\na.edge.edge ssh-ed25519 K3\n"));
  CHECK(with_ssh_host(two, {"a.edge", {"ssh-ed25519 K1"}}) == two);
  const auto replaced = with_ssh_host(two, {"a.edge", {"ssh-ed25519 K4"}});
  CHECK(replaced.ends_with(
      "\na.edge.edge ssh-ed25519 K2\na.edge.edge ssh-ed25519 K3\na.edge ssh-ed25519 K4\n"));
  CHECK_FALSE(has(replaced, "K1"));
  CHECK(with_ssh_host("a.edge ssh-ed25519 K1", {"b.edge", {"ssh-ed25519 K2"}})
            .ends_with("\na.edge ssh-ed25519 K1\nb.edge ssh-ed25519 K2\n"));
}

TEST_CASE("a file that is full loses what has not changed for longest") {
  std::string text;
  for (const auto* host : {"a.edge", "b.edge", "c.edge"})
    text = with_ssh_host(text, {host, {"ssh-ed25519 K"}});
  const auto bounded = with_ssh_host(text, {"d.edge", {"ssh-ed25519 K"}}, text.size());
  CHECK(bounded.size() <= text.size());
  CHECK_FALSE(has(bounded, "a.edge"));
  CHECK(bounded.ends_with("\nb.edge ssh-ed25519 K\nc.edge ssh-ed25519 K\nd.edge ssh-ed25519 K\n"));
}

TEST_CASE("a key that is not the remembered one does not get to ssh, and a new one is remembered") {
  const TempFolder folder;
  const auto known = new_key(), other = new_key(), fresh = new_key();
  REQUIRE(check_known_host(folder.path, kEndpoint + "." + kFirst, known));
  REQUIRE(refresh_ssh_host(folder.path, "shop.edge", [&] {
    return std::vector{own(kFirst, other), own(kSecond, fresh)};
  }));
  CHECK(ssh_file(folder).ends_with("\nshop.edge " + fresh + "\n"));
  CHECK_FALSE(has(ssh_file(folder), other));
  CHECK_FALSE(check_known_host(folder.path, kEndpoint + "." + kSecond, other));
  CHECK(store::test::mode_of(ssh_known_hosts_file(folder.path)) == 0600);
}

TEST_CASE("many that write at once lose no line of each other") {
  const TempFolder folder;
  const auto key = new_key();
  std::vector<std::thread> writers;
  for (int number = 0; number < 12; ++number) {
    writers.emplace_back([&folder, &key, number] {
      const auto host = "shop-" + std::to_string(number);
      for (int again = 0; again < 3; ++again) {
        const auto done = refresh_ssh_host(folder.path, host + ".edge", [&] {
          return std::vector{InstanceKey{host + "." + std::to_string(again), key}};
        });
        CHECK(done);
      }
    });
  }
  for (auto& writer : writers) writer.join();
  for (int number = 0; number < 12; ++number) {
    const auto host = "shop-" + std::to_string(number);
    CHECK(has(ssh_file(folder), "\n" + host + ".edge " + key + "\n"));
    for (int again = 0; again < 3; ++again) {
      CHECK(has(content(folder.path / "known_hosts"),
                host + "." + std::to_string(again) + " " + key + "\n"));
    }
  }
}

TEST_CASE("the whole file has the endpoints that there are, and only names that are names") {
  const TempFolder folder;
  const auto key = new_key(), other = new_key();
  REQUIRE(refresh_ssh_host(folder.path, "gone.edge", [&] {
    return std::vector{InstanceKey{"e.i", other}};
  }));
  const json endpoints = {
      {{"id", kEndpoint}, {"name", "shop"}, {"instances", {instance(kFirst, key)}}},
      {{"id", std::string(32, 'd')}, {"name", "*"}, {"instances", {instance(kFirst, other)}}},
      {{"id", std::string(32, 'c')}, {"name", "a\nb"}, {"instances", {instance(kFirst, other)}}},
      {{"name", "none"}},
      7};
  REQUIRE(write_ssh_known_hosts(folder.path, endpoints));
  CHECK(ssh_file(folder).ends_with(".\nshop.edge " + key + "\n"));
  CHECK_FALSE(has(ssh_file(folder), other));
  CHECK(check_known_host(folder.path, kEndpoint + "." + kFirst, key));
}

}  // namespace edge::control
