// The far end of an SFTP client in tests: OpenSSH's own sftp-server, or words that a test says.
#pragma once

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>

#include "base/packed.hpp"
#include "net/socket_stream.hpp"
#include "sftp/client.hpp"

namespace sftp_test {

namespace net = edge::net;
namespace sftp = edge::sftp;
using edge::Packer;
using net::Task;

inline constexpr edge::milliseconds kPatience{20'000};

// Runs a test's coroutine to its end.
inline void drive(net::asio::io_context& loop, Task<> test) {
  std::exception_ptr failure;
  net::asio::co_spawn(loop, std::move(test),
                      [&failure](std::exception_ptr thrown) { failure = thrown; });
  loop.run();
  if (failure) std::rethrow_exception(failure);
}

struct Folder {
  Folder() {
    char name[] = "/tmp/edge-sftp-XXXXXX";
    path = ::mkdtemp(name);
  }
  ~Folder() { std::filesystem::remove_all(path); }
  Folder(const Folder&) = delete;
  std::string operator/(const std::string& name) const { return (path / name).string(); }
  void put(const std::string& name, const std::string& content) const {
    std::ofstream(path / name, std::ios::binary) << content;
  }
  std::string get(const std::string& name) const {
    std::ifstream file(path / name, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
  }
  std::filesystem::path path;
};

// A process with one end of a socket pair as its stdin and stdout.
class Forked {
 public:
  // `child`: its whole life; the exit status.
  Forked(net::asio::io_context& loop, const std::function<int()>& child) {
    auto ends = net::socket_pair();
    REQUIRE(ends.has_value());
    process_ = ::fork();
    if (process_ == 0) {
      ::fcntl(ends->second, F_SETFL, 0);
      ::dup2(ends->second, 0), ::dup2(ends->second, 1);
      ::closefrom(3);
      ::_exit(child());
    }
    ::close(ends->second);
    stream.emplace(net::adopt_socket(loop.get_executor(), ends->first));
  }
  Forked(const Forked&) = delete;
  ~Forked() {
    stream->close();
    ::waitpid(process_, nullptr, 0);
  }
  std::optional<net::SocketStream> stream;

 private:
  pid_t process_;
};

struct Server : Forked {
  static constexpr const char* kProgram = "/usr/lib/openssh/sftp-server";
  explicit Server(net::asio::io_context& loop)
      : Forked(loop, [] { return ::execl(kProgram, kProgram, nullptr), 127; }) {
    REQUIRE_MESSAGE(::access(kProgram, X_OK) == 0, "install openssh-sftp-server");
  }
};

// A far end that a test speaks for.
struct Puppet {
  explicit Puppet(net::asio::io_context& loop) {
    auto ends = net::socket_pair();
    REQUIRE(ends.has_value());
    near.emplace(net::adopt_socket(loop.get_executor(), ends->first));
    far.emplace(net::adopt_socket(loop.get_executor(), ends->second));
  }
  Task<> say(std::string packet) { co_await far->write(net::asio::buffer(packet)); }
  // A request, without its length.
  Task<std::string> hear() {
    std::string bytes(4, '\0');
    for (std::size_t have = 0, wanted = 4; have < wanted;) {
      const auto room = net::asio::buffer(bytes.data() + have, wanted - have);
      const auto got = co_await far->read_some(room);
      if (got.error) co_return "";
      have += got.size;
      if (have == 4 && wanted == 4) {
        wanted += edge::packed_length(bytes);
        bytes.resize(wanted);
      }
    }
    co_return bytes.substr(4);
  }
  std::optional<net::SocketStream> near, far;
};

}  // namespace sftp_test
