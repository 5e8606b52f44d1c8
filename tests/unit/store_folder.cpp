#include "store_folder.hpp"

#include <doctest/doctest.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace edge::store::test {
namespace {

std::filesystem::path make_temp_folder() {
  std::string name = std::filesystem::temp_directory_path() / "edge-store-XXXXXX";
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
  return name;
}

std::string digits(unsigned number, int width) {
  std::array<char, 40> text{};
  std::snprintf(text.data(), text.size(), "%0*x", width, number);
  return text.data();
}

int keep_first_column(void* kept, int, char** values, char**) {
  *static_cast<std::string*>(kept) = values[0] == nullptr ? "" : values[0];
  return 0;
}

std::string read_all(int descriptor) {
  std::string all;
  std::array<char, 4096> part{};
  for (ssize_t size = 0; (size = ::read(descriptor, part.data(), part.size())) > 0;) {
    all.append(part.data(), static_cast<std::size_t>(size));
  }
  return all;
}

}  // namespace

TempFolder::TempFolder() : path(make_temp_folder()) {}
TempFolder::~TempFolder() {
  std::filesystem::remove_all(path);
}

std::unique_ptr<Store> must_open(const std::filesystem::path& folder) {
  auto store = open_store(folder);
  if (!store) FAIL(store.error().message);
  return std::move(*store);
}

WallTime at(long long seconds) {
  return WallTime{std::chrono::seconds{seconds}};
}
EndpointId endpoint_id(unsigned number) {
  return {digits(number, 32)};
}
InstanceId instance_id(unsigned number) {
  return {digits(number, 16)};
}

EndpointRecord bare_endpoint(unsigned number, const std::string& name) {
  EndpointRecord endpoint;
  endpoint.id = endpoint_id(number);
  endpoint.name = name;
  endpoint.created = at(1000 + number);
  endpoint.token_hash = std::string(32, '\xa5');
  endpoint.generation = 1;
  return endpoint;
}

InstanceRecord full_instance(unsigned number) {
  InstanceRecord instance;
  instance.id = instance_id(number);
  instance.host_key = "ssh-ed25519 AAAA" + std::to_string(number);
  instance.version = "0.1.0";
  instance.platform = "linux/arm64";
  instance.host_name = "gate's \"way\"; DROP TABLE endpoint; \xc3\xa4";
  instance.address = "192.0.2.7:40000";
  instance.associated = at(2000 + number);
  instance.last_seen = at(3000 + number);
  return instance;
}

std::string raw_sql(const std::filesystem::path& file, const std::string& sql) {
  ::sqlite3* connection = nullptr;
  ::sqlite3_open(file.c_str(), &connection);
  std::string kept;
  const int code = ::sqlite3_exec(connection, sql.c_str(), keep_first_column, &kept, nullptr);
  const std::string error = ::sqlite3_errmsg(connection);
  ::sqlite3_close(connection);
  if (code != SQLITE_OK) throw std::runtime_error(error);
  return kept;
}

std::string content(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

mode_t mode_of(const std::filesystem::path& file) {
  struct stat status {};
  if (::stat(file.c_str(), &status) != 0) return 0;
  return status.st_mode & 07777;
}

std::string in_child(const std::function<std::string()>& work) {
  std::array<int, 2> ends{};
  REQUIRE(::pipe(ends.data()) == 0);
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    ::close(ends[0]);
    const std::string said = work();
    _exit(::write(ends[1], said.data(), said.size()) < 0 ? 1 : 0);
  }
  ::close(ends[1]);
  const std::string said = read_all(ends[0]);
  ::close(ends[0]);
  ::waitpid(child, nullptr, 0);
  return said;
}

}  // namespace edge::store::test
