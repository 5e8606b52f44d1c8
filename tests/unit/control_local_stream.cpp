#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fstream>

#include "control/local_stream.hpp"
#include "net/deadline.hpp"
#include "net_drive.hpp"
#include "store_folder.hpp"

namespace edge::control {
namespace {

using namespace net::test;  // NOLINT: drive, pattern
using net::Task;

struct Pipe {
  int out = -1, in = -1;
  Pipe() {
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    out = ends[0];
    in = ends[1];
  }
  ~Pipe() {
    ::close(out);
    close_in();
  }
  void close_in() {
    if (in >= 0) ::close(in);
    in = -1;
  }
};

Task<std::string> read_all(LocalStream& stream, net::error_code& ended) {
  std::string all;
  std::string chunk(100'000, '\0');
  for (;;) {
    const auto [error, size] = co_await stream.read_some(net::asio::buffer(chunk));
    all.append(chunk, 0, size);
    if (error) {
      ended = error;
      co_return all;
    }
  }
}

Task<> write_and_close(Pipe& pipe, std::string bytes) {
  LocalStream stream(co_await net::asio::this_coro::executor, pipe.in);
  const auto error = co_await stream.write(net::asio::buffer(bytes));
  CHECK_FALSE(error);
  stream.cancel();
  pipe.close_in();
}

Task<> through_a_pipe(std::size_t size) {
  const auto executor = co_await net::asio::this_coro::executor;
  Pipe pipe;
  LocalStream reader(executor, pipe.out);
  net::TaskGroup group(executor);
  group.spawn("writer", write_and_close(pipe, pattern(size)));
  net::error_code ended;
  const auto all = co_await read_all(reader, ended);
  co_await group.join();
  CHECK((all == pattern(size)));
  CHECK(ended == net::asio::error::eof);
}

Task<> flags_after_waiting(int& reader_flags, int& writer_flags) {
  const auto executor = co_await net::asio::this_coro::executor;
  Pipe pipe;
  LocalStream reader(executor, pipe.out), writer(executor, pipe.in);
  const std::string word = "word";
  co_await writer.write(net::asio::buffer(word));
  std::string chunk(10, '\0');
  co_await reader.read_some(net::asio::buffer(chunk));
  reader_flags = ::fcntl(pipe.out, F_GETFL);
  writer_flags = ::fcntl(pipe.in, F_GETFL);
}

Task<> from_file(std::string name, std::string& all) {
  const int file = ::open(name.c_str(), O_RDONLY | O_CLOEXEC);
  LocalStream stream(co_await net::asio::this_coro::executor, file);
  net::error_code ended;
  all = co_await read_all(stream, ended);
  CHECK(ended == net::asio::error::eof);
  ::close(file);
}

Task<> cancelled(net::error_code& ended) {
  const auto executor = co_await net::asio::this_coro::executor;
  Pipe pipe;
  LocalStream stream(executor, pipe.out);
  net::Deadline deadline(executor, kSoon, [&stream] { stream.cancel(); });
  co_await read_all(stream, ended);
}

Task<> nobody_reads(net::error_code& error) {
  Pipe pipe;
  const int in = ::dup(pipe.in);
  ::close(std::exchange(pipe.out, -1));
  LocalStream stream(co_await net::asio::this_coro::executor, in);
  const std::string word = "word";
  error = co_await stream.write(net::asio::buffer(word));
  ::close(in);
}

Task<> close_later(int descriptor, bool& closed) {
  const bool go_on = co_await net::sleep(milliseconds{20});
  closed = go_on;
  ::close(descriptor);
}

Task<> reader_that_goes() {
  const auto executor = co_await net::asio::this_coro::executor;
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  bool closed = false;
  LocalStream stream(executor, ends[1]);
  net::TaskGroup closing(executor);
  closing.spawn("close", close_later(ends[0], closed));
  const bool gone = co_await stream.reader_gone();
  CHECK(gone);
  CHECK(closed);
  co_await closing.join();
  ::close(ends[1]);
}

}  // namespace

TEST_CASE("a pipe carries more than it holds") {
  drive(through_a_pipe(0));
  drive(through_a_pipe(1'000'000));
}

TEST_CASE("descriptors that are shared with the shell are never made non-blocking") {
  int reader = 0, writer = 0;
  drive(flags_after_waiting(reader, writer));
  CHECK((reader & O_NONBLOCK) == 0);
  CHECK((writer & O_NONBLOCK) == 0);
}

TEST_CASE("regular files and /dev/null are read without waiting") {
  const store::test::TempFolder folder;
  const auto file = folder.path / "in";
  std::ofstream(file) << pattern(300'000);
  std::string all;
  drive(from_file(file.string(), all));
  CHECK((all == pattern(300'000)));
  drive(from_file("/dev/null", all));
  CHECK(all.empty());
}

TEST_CASE("a read that waits is ended by cancel") {
  net::error_code ended;
  drive(cancelled(ended));
  CHECK(ended == net::asio::error::operation_aborted);
}

TEST_CASE("writing to a pipe that nobody reads is an error") {
  net::error_code error;
  drive(nobody_reads(error));
  CHECK(error == net::error_code(EPIPE, net::asio::error::get_system_category()));
}

TEST_CASE("who writes hears that its reader has gone, without writing") {
  drive(reader_that_goes());
}

}  // namespace edge::control
