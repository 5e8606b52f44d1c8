// One file, both ways, over a real sftp-server and the agent's own sums.
#include <sys/file.h>
#include <sys/stat.h>

#include "control_copy_node.hpp"

using namespace copy_test;

namespace {

const std::string kLarge = many_bytes(5'000'000);

mode_t mode_of(const std::string& path) {
  struct stat about {};
  REQUIRE(::lstat(path.c_str(), &about) == 0);
  return about.st_mode & 07777;
}

std::size_t entries(const std::string& folder) {
  const std::filesystem::directory_iterator listing(folder);
  return static_cast<std::size_t>(std::distance(begin(listing), end(listing)));
}

}  // namespace

TEST_CASE("a file arrives whole, of any size and any name, and no part is left") {
  for (const bool has_sums : {true, false}) {
    World world;
    world.has_sums = has_sums;
    for (const auto& content : {std::string(), std::string("x"), many_bytes(131'072), kLarge}) {
      world.put("here/a\nb\xff", content);
      world.upload("a\nb\xff", "c\nd\xfe");
      CHECK(world.heard.failures.empty());
      CHECK(world.get("there/c\nd\xfe") == content);
      world.download("c\nd\xfe", "back");
      CHECK(world.get("here/back") == content);
      CHECK(entries(world.there) == 1);
    }
    CHECK(world.heard.meter.files == 8);
    CHECK(world.heard.meter.bytes == 2 * (1 + 131'072 + kLarge.size()));
  }
}

TEST_CASE("what is replaced keeps its mode, what is new has the source's") {
  World world;
  world.put("here/file", "new");
  ::chmod((world.here + "file").c_str(), 0755);
  world.put("there/old", "old");
  ::chmod((world.there + "old").c_str(), 0640);
  world.upload("file", "old");
  world.upload("file", "fresh");
  CHECK(world.get("there/old") == "new");
  CHECK(mode_of(world.there + "old") == 0640);
  CHECK(mode_of(world.there + "fresh") == 0755);
  world.put("here/target", "old");
  ::chmod((world.here + "target").c_str(), 0600);
  world.download("fresh", "target");
  CHECK(mode_of(world.here + "target") == 0600);
  CHECK(world.heard.failures.empty());
}

TEST_CASE("what is summed otherwise than it was copied is no file, and the old one stays") {
  World world;
  world.serve_sums = serve_wrong_sums;
  world.put("here/file", "new");
  world.put("there/file", "old");
  world.upload("file", "file");
  world.put("here/back", "old");
  world.download("file", "back");
  REQUIRE(world.heard.failures.size() == 2);
  for (const auto& failure : world.heard.failures)
    CHECK(failure.find("SHA-256 is another one") != std::string::npos);
  CHECK(world.get("there/file") == "old");
  CHECK(world.get("here/back") == "old");
  CHECK(entries(world.there) == 1);
  CHECK(entries(world.here) == 2);
}

TEST_CASE("with preserve the mode and the time come along") {
  World world;
  world.terms.preserve = true;
  world.put("here/file", "x");
  ::chmod((world.here + "file").c_str(), 0604);
  const timespec times[] = {{1'000, 0}, {2'000, 0}};
  ::utimensat(AT_FDCWD, (world.here + "file").c_str(), times, 0);
  world.upload("file", "file");
  world.download("file", "back");
  for (const auto& path : {world.there + "file", world.here + "back"}) {
    struct stat about {};
    REQUIRE(::stat(path.c_str(), &about) == 0);
    CHECK((about.st_mode & 07777) == 0604);
    CHECK(about.st_mtim.tv_sec == 2'000);
  }
}

TEST_CASE("a link that the operator names as a target stays, and its file is replaced") {
  World world;
  world.put("here/file", "new");
  world.put("there/real", "old");
  std::filesystem::create_symlink("real", world.there + "link");
  world.upload("file", "link");
  CHECK(std::filesystem::is_symlink(world.there + "link"));
  CHECK(world.get("there/real") == "new");
}

TEST_CASE("holes stay holes both ways, and only data is sent") {
  World world;
  constexpr std::uint64_t kSize = 200'000'000;
  const auto here = world.here + "sparse";
  {
    const edge::Descriptor file(::open(here.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    REQUIRE(::pwrite(file.get(), "begin", 5, 0) == 5);
    REQUIRE(::pwrite(file.get(), "middle", 6, 150'000'000) == 6);
    REQUIRE(::ftruncate(file.get(), kSize) == 0);
  }
  world.upload("sparse", "sparse");
  world.download("sparse", "back");
  CHECK(world.heard.failures.empty());
  for (const auto& path : {world.there + "sparse", world.here + "back"}) {
    struct stat about {};
    REQUIRE(::stat(path.c_str(), &about) == 0);
    CHECK(about.st_size == static_cast<off_t>(kSize));
    CHECK(about.st_blocks * 512 < 1'000'000);
    const edge::Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    char text[7] = {};
    CHECK(::pread(file.get(), text, 6, 150'000'000) == 6);
    CHECK(std::string(text) == "middle");
  }
}

TEST_CASE("what an interrupted copy left is gone on with when it is the same") {
  World world;
  world.terms.resume = true;
  world.put("here/file", kLarge);
  world.put("there/.file.part", kLarge.substr(0, 3'000'000));
  struct stat before {
  }, after{};
  REQUIRE(::stat((world.there + ".file.part").c_str(), &before) == 0);
  world.upload("file", "file");
  REQUIRE(::stat((world.there + "file").c_str(), &after) == 0);
  CHECK(before.st_ino == after.st_ino);  // the same file, renamed
  CHECK(world.get("there/file") == kLarge);
  CHECK(world.heard.notes.empty());

  world.put("here/.back.part", kLarge.substr(0, 2'000'000));
  REQUIRE(::stat((world.here + ".back.part").c_str(), &before) == 0);
  world.download("file", "back");
  REQUIRE(::stat((world.here + "back").c_str(), &after) == 0);
  CHECK(before.st_ino == after.st_ino);
  CHECK(world.get("here/back") == kLarge);
  CHECK(world.heard.notes.empty());
}

TEST_CASE("what an interrupted copy left is begun anew when it is something else") {
  World world;
  world.terms.resume = true;
  world.put("here/file", kLarge);
  world.put("there/.file.part", "x" + kLarge.substr(0, 3'000'000));
  world.upload("file", "file");
  CHECK(world.get("there/file") == kLarge);
  world.put("here/.back.part", "x" + kLarge.substr(0, 2'000'000));
  world.download("file", "back");
  CHECK(world.get("here/back") == kLarge);
  CHECK(world.heard.notes.size() == 2);
  CHECK(world.heard.failures.empty());
}

TEST_CASE("a link in the place of a part is replaced, not written through") {
  World world;
  world.put("victim", "untouched");
  for (const bool resume : {false, true}) {
    world.terms.resume = resume;
    world.put("here/file", kLarge);
    ::unlink((world.there + "file").c_str());
    std::filesystem::create_symlink("../victim", world.there + ".file.part");
    world.upload("file", "file");
    ::unlink((world.here + "back").c_str());
    std::filesystem::create_symlink("../victim", world.here + ".back.part");
    world.download("file", "back");
    CHECK(world.heard.failures.empty());
    CHECK(world.get("there/file") == kLarge);
    CHECK(world.get("here/back") == kLarge);
  }
  CHECK(world.get("victim") == "untouched");
}

TEST_CASE("with resume a file that is there and the same is not copied again") {
  World world;
  world.terms.resume = true;
  world.put("here/file", kLarge);
  world.put("there/file", kLarge);
  struct stat before {
  }, after{};
  REQUIRE(::stat((world.there + "file").c_str(), &before) == 0);
  world.upload("file", "file");
  world.download("file", "file");
  REQUIRE(::stat((world.there + "file").c_str(), &after) == 0);
  CHECK(before.st_ino == after.st_ino);
  CHECK(world.heard.meter.already_there == 2);
}

TEST_CASE("a folder in a file's place is an error, and nothing is left beside it") {
  World world;
  world.put("here/file", "x");
  std::filesystem::create_directory(world.there + "target");
  std::filesystem::create_directory(world.here + "target");
  world.upload("file", "target");
  world.put("there/file", "x");
  world.download("file", "target");
  REQUIRE(world.heard.failures.size() == 2);
  for (const auto& failure : world.heard.failures)
    CHECK(failure.find("Is a directory") != std::string::npos);
  CHECK(entries(world.there) == 2);
  CHECK(entries(world.here) == 2);
}

TEST_CASE("a source that is not there or is no file is told by name, and the target stays") {
  World world;
  world.put("there/target", "old");
  world.upload("missing", "target");
  REQUIRE(::mkfifo((world.here + "fifo").c_str(), 0600) == 0);
  world.upload("fifo", "target");
  world.download("missing", "target");
  REQUIRE(world.heard.failures.size() == 3);
  CHECK(world.heard.failures[0] == world.here + "missing: No such file or directory");
  CHECK(world.heard.failures[1] == world.here + "fifo: not a regular file");
  CHECK(world.heard.failures[2] == world.there + "missing: No such file");
  CHECK(world.get("there/target") == "old");
}

TEST_CASE("a file that another copy writes is left to it") {
  World world;
  world.put("there/file", kLarge);
  world.put("here/.file.part", "other");
  const edge::Descriptor other(::open((world.here + ".file.part").c_str(), O_RDONLY | O_CLOEXEC));
  REQUIRE(::flock(other.get(), LOCK_EX | LOCK_NB) == 0);
  world.download("file", "file");
  REQUIRE(world.heard.failures.size() == 1);
  CHECK(world.heard.failures[0].find("another copy is writing it") != std::string::npos);
  CHECK(world.get("here/.file.part") == "other");
}
