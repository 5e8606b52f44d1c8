#include <doctest/doctest.h>
#include <sys/stat.h>

#include "base/packed.hpp"
#include "sftp/message.hpp"

using namespace edge::sftp;
using edge::Packer;

namespace {

std::string content(std::string packet) {
  return packet.substr(4);
}

std::string names_reply(std::uint32_t count, const std::vector<std::string>& names) {
  Packer out;
  out.u8(104).u32(1).u32(count);
  for (const auto& name : names) out.text(name).text("-rw-r--r-- 1 root").u32(0);
  return content(out.take());
}

}  // namespace

TEST_CASE("a request is what OpenSSH's sftp-server reads") {
  CHECK(print_init() == std::string("\0\0\0\5\1\0\0\0\3", 9));
  CHECK(print_close(7, "h") == std::string("\0\0\0\x0a\4\0\0\0\7\0\0\0\1h", 14));
  CHECK(print_read(7, "h", 0x100000000, 0x8000) ==
        std::string("\0\0\0\x16\5\0\0\0\7\0\0\0\1h\0\0\0\1\0\0\0\0\0\0\x80\0", 26));
  Attributes attributes;
  attributes.mode = 0644;
  attributes.times = Attributes::Times{1, 2};
  CHECK(print_open(7, "a\nb\xff", kWrite | kCreate | kExclusive, attributes) ==
        std::string(
            "\0\0\0\x21\3\0\0\0\7\0\0\0\4a\nb\xff\0\0\0\x2a\0\0\0\x0c\0\0\1\xa4\0\0\0\1\0\0\0\2",
            37));
}

TEST_CASE("a write's head counts the bytes that follow it") {
  CHECK(print_write_head(7, "h", 3, 2) ==
        std::string("\0\0\0\x18\6\0\0\0\7\0\0\0\1h\0\0\0\0\0\0\0\3\0\0\0\2", 26));
}

TEST_CASE("the version and its extensions are read") {
  const auto version = parse_version(content(
      Packer().u8(2).u32(3).text("posix-rename@openssh.com").text("1").text("x").text("2").take()));
  REQUIRE(version);
  CHECK(version->version == 3);
  REQUIRE(version->extensions.size() == 2);
  CHECK(version->extensions[0].first == "posix-rename@openssh.com");
  CHECK_FALSE(parse_version(content(Packer().u8(2).u32(3).text("x").u32(9).take())));
  CHECK_FALSE(parse_version(content(Packer().u8(3).u32(3).take())));
  CHECK_FALSE(parse_version(""));
}

TEST_CASE("a status without words is one, as the first drafts have it") {
  const auto reply = parse_reply(content(Packer().u8(101).u32(5).u32(3).take()));
  REQUIRE(reply);
  CHECK(reply->code == Code::permission_denied);
  CHECK(reply->words.empty());
}

TEST_CASE("attributes are read whatever of them is there") {
  const auto all = parse_reply(content(Packer()
                                           .u8(105)
                                           .u32(5)
                                           .u32(0x8000000F)
                                           .u64(10'000'000'000)
                                           .u32(1)
                                           .u32(2)
                                           .u32(S_IFREG | 0644)
                                           .u32(3)
                                           .u32(4)
                                           .u32(1)
                                           .text("more")
                                           .text("of it")
                                           .take()));
  REQUIRE(all);
  CHECK(all->attributes.size == 10'000'000'000);
  CHECK(all->attributes.owner == Attributes::Owner{1, 2});
  CHECK(all->attributes.is_file());
  CHECK(all->attributes.times == Attributes::Times{3, 4});
  const auto none = parse_reply(content(Packer().u8(105).u32(5).u32(0).take()));
  REQUIRE(none);
  CHECK(none->attributes == Attributes{});
}

TEST_CASE("a reply that says more than it has is none") {
  const std::string packets[] = {
      names_reply(0xFFFFFFFF, {"a"}),                                           // a count of names
      names_reply(2, {"a"}),                                                    //
      content(Packer().u8(103).u32(1).u32(0xFFFFFFFF).raw("x").take()),         // a length of data
      content(Packer().u8(105).u32(1).u32(0x80000000).u32(0xFFFFFFFF).take()),  // of extensions
      content(Packer().u8(102).u32(1).text(std::string(257, 'h')).take()),      // a handle
      content(Packer().u8(105).u32(1).u32(1).u32(0).take()),                    // half a size
      content(Packer().u8(99).u32(1).take()),                                   // no such kind
      "e",
  };
  for (const auto& packet : packets) CHECK_FALSE(parse_reply(packet));
}

TEST_CASE("every beginning of a reply is none, and no byte is read beyond it") {
  const auto whole = names_reply(2, {"one", "two"});
  REQUIRE(parse_reply(whole));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const std::string part(whole.data(), size);  // of its own: a sanitizer sees what is beyond
    CHECK_FALSE(parse_reply(part));
  }
}

TEST_CASE("a name that leads elsewhere is no plain name") {
  for (const char* name : {"", ".", "..", "a/b", "/", "../x", "/etc/passwd"})
    CHECK_FALSE(is_plain_name(name));
  CHECK_FALSE(is_plain_name(std::string("a\0b", 3)));
  CHECK_FALSE(is_plain_name(std::string(256, 'a')));
  for (const char* name : {"a", "...", ".part", "a\nb", "\xff\xfe", " "})
    CHECK(is_plain_name(name));
}
