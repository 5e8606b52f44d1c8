// The subsystem edge-sums, in a session process of its own.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <boost/asio/read.hpp>
#include <fstream>

#include "agent_session_driver.hpp"
#include "base/descriptor.hpp"
#include "base/packed.hpp"
#include "crypto/running_hash.hpp"
#include "wire/sums.hpp"

using namespace session_test;
using namespace edge::wire;
using edge::Descriptor;

namespace {

struct Folder {
  Folder() {
    char name[] = "/tmp/edge-sums-XXXXXX";
    path = ::mkdtemp(name);
  }
  ~Folder() { std::filesystem::remove_all(path); }
  std::string with(const std::string& name, const std::string& content) const {
    std::ofstream(path / name, std::ios::binary) << content;
    return (path / name).string();
  }
  std::filesystem::path path;
};

edge::crypto::Hash hash_of(std::string_view content) {
  edge::crypto::RunningHash hash;
  hash.add(content);
  return hash.value();
}

SessionRequest sums() {
  auto request = command("");
  request.subsystem = "edge-sums";
  return request;
}

awaitable<SumsAnswer> next_answer(SessionProcess& session) {
  std::string bytes(4, '\0');
  auto read = co_await asio::async_read(session.output(), asio::buffer(bytes), kNoThrow);
  REQUIRE_FALSE(std::get<0>(read));
  bytes.resize(edge::packed_length(bytes));
  read = co_await asio::async_read(session.output(), asio::buffer(bytes), kNoThrow);
  REQUIRE_FALSE(std::get<0>(read));
  auto answer = parse_sums_answer(bytes);
  REQUIRE(answer);
  co_return *answer;
}

awaitable<std::unique_ptr<SessionProcess>> greeted() {
  const auto request = sums();
  auto session = co_await start(request);
  const auto hello = co_await next_answer(*session);
  CHECK(hello.kind == SumsAnswer::Kind::hello);
  CHECK(hello.hello == SumsHello{1, ::geteuid(), ::getegid()});
  co_return session;
}

awaitable<SumsAnswer> ask(SessionProcess& session, SumsRequest request) {
  const auto bytes = print(request);
  co_await write(session, bytes);
  const auto answer = co_await next_answer(session);
  CHECK(answer.id == request.id);
  co_return answer;
}

using Ask = SumsRequest::Kind;
using Tell = SumsAnswer::Kind;

awaitable<void> sums_of_files() {
  const Folder folder;
  const std::string content(1'000'000, 'x');
  const auto path = folder.with("a\nb\xff", content);
  auto session = co_await greeted();
  const SumsRequest ask_sum{Ask::sum, 1, path, false, 0};
  const auto sum = co_await ask(*session, ask_sum);
  CHECK(sum.kind == Tell::sum);
  CHECK(sum.size == content.size());
  CHECK(sum.hash == hash_of(content));
  session->close_input();
  const auto all = co_await outcome(std::move(session));
  CHECK(all.end.status == 0);
}

awaitable<void> refusals() {
  const Folder folder;
  const auto fifo = (folder.path / "fifo").string();
  REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
  const auto path = folder.with("file", "x");
  const auto link = (folder.path / "link").string();
  REQUIRE(::symlink(path.c_str(), link.c_str()) == 0);
  auto session = co_await greeted();
  const SumsRequest ask_missing{Ask::sum, 1, path + "x", false, 0};
  const auto missing = co_await ask(*session, ask_missing);
  CHECK(missing.words == "No such file or directory");
  const SumsRequest ask_at_fifo{Ask::sum, 2, fifo, false, 0};
  const auto at_fifo = co_await ask(*session, ask_at_fifo);
  CHECK(at_fifo.words == "not a regular file");
  const SumsRequest ask_at_folder{Ask::sum, 3, folder.path.string(), false, 0};
  const auto at_folder = co_await ask(*session, ask_at_folder);
  CHECK(at_folder.words == "Is a directory");
  const SumsRequest ask_unknown{Ask::digest, 4, "", false, 0};
  const auto unknown = co_await ask(*session, ask_unknown);
  CHECK(unknown.kind == Tell::failed);
  const auto follow = print(SumsRequest{Ask::follow, 5, link, true, 0});
  co_await write(*session, follow);
  const SumsRequest ask_at_link{Ask::digest, 5, "", false, kToTheEnd};
  const auto at_link = co_await ask(*session, ask_at_link);
  CHECK(at_link.kind == Tell::failed);
}

awaitable<void> growing_file() {
  const Folder folder;
  const auto path = folder.with(".x.part", "one");
  auto session = co_await greeted();
  const auto follow = print(SumsRequest{Ask::follow, 5, path, true, 0});
  co_await write(*session, follow);
  const SumsRequest first{Ask::digest, 5, "", false, 2};
  auto sum = co_await ask(*session, first);
  CHECK(sum.summed == 2);
  CHECK(sum.hash == hash_of("on"));
  std::ofstream(path, std::ios::app) << "two" << std::flush;
  const auto advance = print(SumsRequest{Ask::advance, 5, "", false, 4});
  co_await write(*session, advance);
  const SumsRequest again_1{Ask::digest, 5, "", false, kToTheEnd};
  sum = co_await ask(*session, again_1);
  CHECK(sum.size == 6);
  CHECK(sum.hash == hash_of("onetwo"));
}

awaitable<void> locked_file() {
  const Folder folder;
  const auto path = folder.with(".x.part", "one");
  const Descriptor other(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  REQUIRE(::flock(other.get(), LOCK_EX | LOCK_NB) == 0);
  auto session = co_await greeted();
  const auto follow = print(SumsRequest{Ask::follow, 5, path, true, 0});
  co_await write(*session, follow);
  const SumsRequest ask_answer{Ask::digest, 5, "", false, kToTheEnd};
  const auto answer = co_await ask(*session, ask_answer);
  CHECK(answer.words == "another copy is writing it");
}

awaitable<void> holes() {
  const Folder folder;
  const auto path = (folder.path / "sparse").string();
  const Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  constexpr std::uint64_t kSize = 10'000'000'000;
  REQUIRE(::pwrite(file.get(), "x", 1, 5'000'000'000) == 1);
  REQUIRE(::ftruncate(file.get(), kSize) == 0);
  auto session = co_await greeted();
  const SumsRequest ask_answer{Ask::ranges, 6, path, false, 0};
  const auto answer = co_await ask(*session, ask_answer);
  CHECK(answer.kind == Tell::ranges);
  CHECK(answer.size == kSize);
  REQUIRE(answer.ranges.size() == 1);
  CHECK(answer.ranges[0].from <= 5'000'000'000);
  CHECK(answer.ranges[0].to > 5'000'000'000);
  CHECK(answer.ranges[0].to - answer.ranges[0].from < 1'000'000);
}

awaitable<void> nonsense() {
  auto session = co_await greeted();
  const std::string bytes("\xff\xff\xff\xff", 4);
  co_await write(*session, bytes);
  const auto all = co_await outcome(std::move(session));
  CHECK(all.end.status == 1);
}

awaitable<void> unknown_subsystem() {
  auto request = command("");
  request.subsystem = "edge-nonsense";
  const auto executor = co_await asio::this_coro::executor;
  const auto session = edge::agent::start_session(executor, agent_program(), request);
  CHECK_FALSE(session.has_value());
}

}  // namespace

TEST_CASE("edge-sums tells size and SHA-256 of a file, whatever its name") {
  drive(sums_of_files());
}
TEST_CASE("edge-sums refuses what is no regular file in the kernel's words") {
  drive(refusals());
}
TEST_CASE("edge-sums sums a file as far as it was told to, while it grows") {
  drive(growing_file());
}
TEST_CASE("edge-sums tells when another copy is writing the same file") {
  drive(locked_file());
}
TEST_CASE("edge-sums tells where a file of 10 GB has its data") {
  drive(holes());
}
TEST_CASE("edge-sums ends at what is no request") {
  drive(nonsense());
}
TEST_CASE("a subsystem that there is not is refused before a process is made") {
  drive(unknown_subsystem());
}
