#include <doctest/doctest.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "net/unix_listener.hpp"
#include "printing.hpp"

using namespace edge;
using net::UnixListener;

namespace {

struct Folder {
  Folder() {
    char name[] = "/tmp/edge-unit-XXXXXX";
    path = ::mkdtemp(name);
  }
  ~Folder() { std::filesystem::remove_all(path); }
  std::filesystem::path path;
};

Result<UnixListener> listen_at(const std::filesystem::path& path) {
  auto listener = UnixListener::at(path);
  if (!listener) return listener;
  if (auto listening = listener->listen(); !listening) return listening.error();
  return listener;
}

Errc code_at(const std::filesystem::path& path) {
  const auto listener = listen_at(path);
  REQUIRE_FALSE(listener);
  return listener.error().code;
}

bool can_connect(const std::filesystem::path& path) {
  const auto target = net::find_unix_socket(path);
  return target && net::connect_unix_target(*target);
}

}  // namespace

TEST_CASE("a Unix socket is its owner's, and its file goes with its listener") {
  const Folder folder;
  const auto path = folder.path / "socket";
  {
    const auto listener = listen_at(path);
    REQUIRE(listener);
    CHECK(listener->real_path() == std::filesystem::canonical(path).string());
    struct stat kind {};
    REQUIRE(::stat(path.c_str(), &kind) == 0);
    CHECK((kind.st_mode & 07777) == 0600);
    CHECK(can_connect(path));
  }
  CHECK_FALSE(std::filesystem::exists(path));
}

TEST_CASE("a Unix socket that nobody listens on is replaced, and nothing else is") {
  const Folder folder;
  const auto path = folder.path / "socket";
  {
    auto left = listen_at(path);
    REQUIRE(left);
    std::filesystem::create_hard_link(path, folder.path / "kept");
  }
  std::filesystem::rename(folder.path / "kept", path);
  {
    const auto listener = listen_at(path);
    REQUIRE(listener);
    CHECK(code_at(path) == Errc::conflict);
    CHECK(can_connect(path));
  }
  std::ofstream(path) << "a file";
  CHECK(code_at(path) == Errc::conflict);
  CHECK(std::filesystem::file_size(path) == 6);
  CHECK(code_at(folder.path / "none" / "socket") == Errc::not_found);
  CHECK(code_at(folder.path / "..") == Errc::usage);
}

TEST_CASE("a listener does not remove what another has put in its place") {
  const Folder folder;
  const auto path = folder.path / "socket";
  {
    const auto listener = listen_at(path);
    REQUIRE(listener);
    std::filesystem::remove(path);
    std::ofstream(path) << "another";
  }
  CHECK(std::filesystem::exists(path));
}

TEST_CASE("a path longer than an address of a socket works") {
  const Folder folder;
  const auto deep = folder.path / std::string(100, 'x') / std::string(100, 'y');
  std::filesystem::create_directories(deep);
  const auto listener = listen_at(deep / "socket");
  REQUIRE(listener);
  CHECK(can_connect(deep / "socket"));
}

TEST_CASE("a link to a Unix socket is known by where it leads") {
  const Folder folder;
  const auto listener = listen_at(folder.path / "socket");
  REQUIRE(listener);
  std::filesystem::create_symlink(folder.path / "socket", folder.path / "link");
  const auto target = net::find_unix_socket(folder.path / "link");
  REQUIRE(target);
  CHECK(target->real_path == listener->real_path());
  const auto file = folder.path / "file";
  std::ofstream(file) << "no socket";
  CHECK_FALSE(net::find_unix_socket(file));
  CHECK(net::find_unix_socket(folder.path / "none").error().code == Errc::not_found);
}
