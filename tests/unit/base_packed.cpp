#include <doctest/doctest.h>

#include "base/packed.hpp"

using namespace edge;

TEST_CASE("what is packed is unpacked the same") {
  const auto packet =
      Packer().u8(7).u32(0xFFEEDDCC).u64(0x0102030405060708).text("a\0b").raw("end").take();
  REQUIRE(packed_length(packet) == packet.size() - 4);
  Unpacker in(std::string_view(packet).substr(4));
  CHECK(in.u8() == 7);
  CHECK(in.u32() == 0xFFEEDDCC);
  CHECK(in.u64() == 0x0102030405060708);
  CHECK(in.text() == "a");
  CHECK(in.left() == 3);
  CHECK(in.raw(3) == "end");
  CHECK(in.at_end());
}

TEST_CASE("a text longer than what is there is missing, and everything after it") {
  const auto packet = Packer().u32(5).raw("four").take();
  Unpacker in(std::string_view(packet).substr(4));
  CHECK(in.text().empty());
  CHECK_FALSE(in.good());
  CHECK(in.u8() == 0);
  CHECK_FALSE(in.at_end());
}

TEST_CASE("a packet's length counts what will follow it") {
  const auto head = Packer().u8(1).u32(3).take_before(3);
  CHECK(packed_length(head) == head.size() - 4 + 3);
}
