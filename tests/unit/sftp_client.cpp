#include <sys/stat.h>

#include <set>

#include "sftp/client.hpp"
#include "sftp_far_end.hpp"

using namespace sftp_test;
using sftp::Client;

namespace {

Task<std::unique_ptr<Client>> opened(net::Stream& stream, Client::Limits limits = {}) {
  auto client = co_await Client::open(stream, limits, kPatience);
  REQUIRE(client.has_value());
  co_return std::move(*client);
}

Task<> files(Server& server, const Folder& folder) {
  auto client = co_await opened(*server.stream);
  CHECK(client->has("posix-rename@openssh.com"));
  CHECK(client->write_chunk() == 128 * 1024);
  sftp::Attributes attributes;
  attributes.mode = 0640;
  const auto path = folder / "a\nb\xff", target = folder / "target";
  constexpr auto kNew = sftp::kWrite | sftp::kCreate | sftp::kExclusive;
  auto handle = co_await client->open_file(path, kNew, attributes);
  REQUIRE(handle.has_value());
  const bool has_room = co_await client->room_to_write(5);
  REQUIRE(has_room);
  auto write = client->begin_write(*handle, 5'000'000'000, 5);
  std::copy_n("hello", 5, write.room);
  auto call = client->write_later(std::move(write));
  const auto written = co_await Client::done(call);
  CHECK(written.has_value());
  const auto about = co_await client->fstat(*handle);
  REQUIRE(about.has_value());
  CHECK(about->size == 5'000'000'005);
  CHECK(about->is_file());
  const auto closed = co_await client->close(*handle);
  CHECK(closed.has_value());
  folder.put("target", "old");
  const auto renamed = co_await client->rename(path, target);
  CHECK(renamed.has_value());
  CHECK(std::filesystem::file_size(target) == 5'000'000'005);
  const auto missing = co_await client->stat(path);
  REQUIRE(missing.has_error());
  CHECK(missing.error().code == edge::Errc::not_found);
  CHECK(missing.error().message == "No such file");
  co_await client->end();
}

Task<> folders(Server& server, const Folder& folder) {
  auto client = co_await opened(*server.stream);
  std::set<std::string> names;
  for (int i = 0; i < 500; ++i) {
    const auto name = "file-" + std::to_string(i);
    folder.put(name, "x");
    names.insert(name);
  }
  const auto listed = co_await client->list(folder.path);
  REQUIRE(listed.has_value());
  CHECK(listed->size() == 500);
  for (const auto& entry : *listed) CHECK(names.erase(entry.name) == 1);
  sftp::Attributes attributes;
  attributes.mode = 0700;
  const auto made = co_await client->make_folder(folder / "sub", attributes);
  CHECK(made.has_value());
  const auto again = co_await client->make_folder(folder / "sub", attributes);
  CHECK(again.has_error());
  const auto linked = co_await client->make_link("sub/x", folder / "link");
  CHECK(linked.has_value());
  const auto read = co_await client->read_link(folder / "link");
  REQUIRE(read.has_value());
  CHECK(*read == "sub/x");
  const auto space = co_await client->space(folder.path);
  REQUIRE(space.has_value());
  CHECK(space->free_bytes > 0);
  CHECK_FALSE(space->is_read_only);
  co_await client->end();
}

Task<> bounded_folder(Server& server, const Folder& folder) {
  Client::Limits limits;
  limits.entries = 10;
  auto client = co_await opened(*server.stream, limits);
  for (int i = 0; i < 50; ++i) folder.put(std::to_string(i), "x");
  const auto listed = co_await client->list(folder.path);
  REQUIRE(listed.has_error());
  CHECK(listed.error().message == "the folder has more than 10 entries");
  co_await client->end();
}

Task<> many_reads(Server& server, const Folder& folder) {
  std::string content(3'000'000, '\0');
  for (std::size_t i = 0; i < content.size(); ++i) content[i] = static_cast<char>(i * 31 >> 3);
  folder.put("file", content);
  auto client = co_await opened(*server.stream);
  const sftp::Attributes none;
  auto handle = co_await client->open_file(folder / "file", sftp::kRead, none);
  REQUIRE(handle.has_value());
  std::vector<std::shared_ptr<sftp::Call>> calls;
  for (std::size_t at = 0; at < content.size(); at += 100'000) {
    auto call = co_await client->read_later(*handle, at, 100'000);
    REQUIRE(call);
    calls.push_back(std::move(call));
  }
  std::string read;
  for (auto& call : calls) {
    const auto reply = co_await call->reply();
    REQUIRE(reply.has_value());
    read += reply->data;
  }
  CHECK(read == content);
  co_await client->end();
}

// A client of a puppet, after both have said their version.
Task<std::unique_ptr<Client>> greeted(Puppet& puppet, Client::Limits limits = {}) {
  const auto version = Packer().u8(2).u32(3).take();
  co_await puppet.say(version);
  co_return co_await opened(*puppet.near, limits);
}

Task<> hostile(Puppet& puppet, std::string answer, std::string words) {
  auto client = co_await greeted(puppet);
  co_await puppet.say(answer);
  const auto got = co_await client->stat("x");
  REQUIRE(got.has_error());
  CHECK(got.error().code == edge::Errc::unreachable);
  CHECK(got.error().message == words);
  co_await client->end();
}

Task<> other_answer(Puppet& puppet, std::string answer) {
  auto client = co_await greeted(puppet);
  co_await puppet.say(answer);
  const auto got = co_await client->stat("x");
  REQUIRE(got.has_error());
  CHECK(got.error().code == edge::Errc::failure);
  CHECK_FALSE(client->is_over());
  co_await client->end();
}

Task<> out_of_order(Puppet& puppet) {
  auto client = co_await greeted(puppet);
  auto first = client->close_later("one");
  auto second = client->close_later("two");
  const auto ok_of_second = Packer().u8(101).u32(2).u32(0).text("").text("").take();
  const auto no_of_first = Packer().u8(101).u32(1).u32(4).text("\x1b[2Jno").text("").take();
  co_await puppet.say(ok_of_second + no_of_first);
  const auto done_second = co_await Client::done(second);
  CHECK(done_second.has_value());
  const auto done_first = co_await Client::done(first);
  REQUIRE(done_first.has_error());
  CHECK(done_first.error().message == "\xEF\xBF\xBD[2Jno");
  co_await client->end();
}

Task<> bounded_window(Puppet& puppet) {
  Client::Limits limits;
  limits.requests = 2;
  auto client = co_await greeted(puppet, limits);
  auto first = co_await client->read_later("h", 0, 10);
  auto second = co_await client->read_later("h", 10, 10);
  int third = 0;
  net::TaskGroup tasks(puppet.near->executor());
  auto wait = [](Client& of, int& done) -> Task<> {
    auto call = co_await of.read_later("h", 20, 10);
    done = call ? 1 : 2;
  };
  tasks.spawn("third", wait(*client, third));
  co_await puppet.hear();  // init
  co_await puppet.hear();
  co_await puppet.hear();
  CHECK(third == 0);
  const auto data = Packer().u8(103).u32(1).text("0123456789").take();
  co_await puppet.say(data);
  const auto request = co_await puppet.hear();
  CHECK(third == 1);
  CHECK(request.size() > 5);
  co_await client->end();
  co_await tasks.join();
}

void with_server(Task<> (*test)(Server&, const Folder&)) {
  net::asio::io_context loop(1);
  const Folder folder;
  Server server(loop);
  drive(loop, test(server, folder));
}

template <class... Arguments>
void with_puppet(Task<> (*test)(Puppet&, Arguments...), Arguments... arguments) {
  net::asio::io_context loop(1);
  Puppet puppet(loop);
  drive(loop, test(puppet, arguments...));
}

}  // namespace

TEST_CASE("files are written beyond 4 GB, looked at and renamed over another one") {
  with_server(files);
}
TEST_CASE("folders, links and the room of a file system are told") {
  with_server(folders);
}
TEST_CASE("a folder with more entries than are wanted is refused") {
  with_server(bounded_folder);
}
TEST_CASE("many reads are on their way at once and each has its own bytes") {
  with_server(many_reads);
}
TEST_CASE("an answer to what was not asked ends an SFTP connection") {
  with_puppet(hostile, Packer().u8(101).u32(77).u32(0).take(),
              std::string("the far side answered what was not asked"));
}
TEST_CASE("a packet larger than any ends an SFTP connection before it is read") {
  with_puppet(hostile,
              Packer().raw(std::string(1, 'x')).take().replace(0, 4, "\xff\xff\xff\xff", 4),
              std::string("the far side sent a packet of 4294967295 bytes"));
}
TEST_CASE("what is no reply ends an SFTP connection") {
  with_puppet(hostile, Packer().u8(104).u32(1).u32(0xFFFFFFFF).take(),
              std::string("the far side sent what is no reply"));
}
TEST_CASE("a reply of another kind is an error of that request alone") {
  with_puppet(other_answer, Packer().u8(102).u32(1).text("handle").take());
  with_puppet(other_answer, Packer().u8(101).u32(1).u32(0).take());
}
TEST_CASE("replies may come in any order, and their words bring no escape") {
  with_puppet(out_of_order);
}
TEST_CASE("no more is asked for than there is a window for") {
  with_puppet(bounded_window);
}
