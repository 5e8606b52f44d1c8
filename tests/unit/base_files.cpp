#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <iterator>
#include <string>

#include "base/files.hpp"
#include "printing.hpp"

using namespace edge;
namespace fs = std::filesystem;

namespace {

class Folder {
 public:
  Folder() {
    std::string name = (fs::temp_directory_path() / "edge-files-XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() { fs::remove_all(path_); }
  fs::path operator/(const char* name) const { return path_ / name; }
  auto count() const { return std::distance(fs::directory_iterator(path_), {}); }

 private:
  fs::path path_;
};

mode_t mode_of(const fs::path& path) {
  struct stat status {};
  REQUIRE(stat(path.c_str(), &status) == 0);
  return status.st_mode & 07777;
}

}  // namespace

TEST_CASE(
    "a written file is read back, has its mode whatever the umask, and leaves nothing beside it") {
  const Folder folder;
  const auto path = folder / "key";
  const std::string content("a\0b\n\xff", 5);
  const auto umask_before = umask(0077);
  REQUIRE(write_file(path, content, 0640));
  umask(umask_before);
  CHECK(mode_of(path) == 0640);
  CHECK(*read_file(path) == content);

  REQUIRE(write_file(path, "", 0600));
  CHECK(mode_of(path) == 0600);
  CHECK(read_file(path)->empty());
  CHECK(folder.count() == 1);
}

TEST_CASE("a write that fails keeps the old file, says where, and leaves nothing beside it") {
  const Folder folder;
  fs::create_directory(folder / "target");  // a folder cannot be replaced by a file
  const auto result = write_file(folder / "target", "x", 0600);
  REQUIRE_FALSE(result);
  CHECK(result.error().message.find((folder / "target").string()) != std::string::npos);
  CHECK(folder.count() == 1);
  CHECK(write_file(folder / "absent" / "x", "x", 0600).error().code == Errc::not_found);
}

TEST_CASE("reading is bounded, and errors name the path and the reason") {
  const Folder folder;
  const auto path = folder / "file";
  REQUIRE(write_file(path, std::string(100'000, 'x'), 0600));
  CHECK(read_file(path, 100'000)->size() == 100'000);
  const auto too_large = read_file(path, 99'999);
  REQUIRE_FALSE(too_large);
  CHECK(too_large.error().message.find("99999 bytes") != std::string::npos);
  CHECK_FALSE(read_file("/dev/zero", 1000));  // has no end

  const auto absent = read_file(folder / "absent");
  REQUIRE_FALSE(absent);
  CHECK(absent.error().code == Errc::not_found);
  CHECK(absent.error().message ==
        "cannot open " + (folder / "absent").string() + ": No such file or directory");
  CHECK_FALSE(read_file(folder / "."));
}

TEST_CASE("a private file is refused as soon as others may touch it") {
  const Folder folder;
  const auto path = folder / "key";
  for (const mode_t mode : {0600U, 0400U}) {
    REQUIRE(write_file(path, "key", mode));
    CHECK(*read_private_file(path) == "key");
  }
  for (const mode_t mode : {0640U, 0604U, 0620U, 0644U}) {
    REQUIRE(write_file(path, "key", mode));
    const auto refused = read_private_file(path);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == Errc::not_allowed);
    CHECK(refused.error().hint == "chmod 600 " + path.string());
  }
  CHECK(read_private_file(folder / "absent").error().code == Errc::not_found);
}

TEST_CASE("a folder is made with its parents, and the last one has the mode") {
  const Folder folder;
  const auto path = folder / "a" / "b";
  REQUIRE(make_folder(path, 0750));
  CHECK(mode_of(path) == 0750);
  REQUIRE(make_folder(path, 0700));
  CHECK(mode_of(path) == 0700);
  REQUIRE(make_folder(path / "c" / "", 0711));
  CHECK(mode_of(path / "c") == 0711);
}

TEST_CASE("a folder cannot be made where a file is") {
  const Folder folder;
  REQUIRE(write_file(folder / "file", "", 0600));
  CHECK(make_folder(folder / "file", 0700).error().code == Errc::conflict);
  CHECK_FALSE(make_folder(folder / "file" / "below", 0700));
}
