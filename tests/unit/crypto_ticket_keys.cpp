#include <doctest/doctest.h>

#include "crypto/keys.hpp"
#include "crypto/ticket_keys.hpp"

namespace edge::crypto {
namespace {

using std::chrono::hours;

constexpr WallTime kStart{std::chrono::seconds{1'700'000'000}};

TicketKeys rotated(const TicketKeys& keys, WallTime now) {
  return keys.with(make_ticket_key(now), now);
}

TicketKeys two_keys() {
  return rotated(rotated(TicketKeys(), kStart), kStart + hours(24));
}

}  // namespace

TEST_CASE("a ticket key is random and of the sizes that its algorithms take") {
  const auto one = make_ticket_key(kStart), other = make_ticket_key(kStart);
  CHECK(one.name.size() == 16);
  CHECK(one.cipher.reveal().size() == 32);
  CHECK(one.mac.reveal().size() == 32);
  CHECK(one.name != other.name);
  CHECK_FALSE(one.cipher == other.cipher);
  CHECK_FALSE(one.mac == other.mac);
  CHECK_FALSE(one.cipher == one.mac);
}

TEST_CASE("a new ticket key is due when there is none and when the newest is a day old") {
  CHECK(TicketKeys().due(kStart));
  const auto keys = rotated(TicketKeys(), kStart);
  CHECK_FALSE(keys.due(kStart));
  CHECK_FALSE(keys.due(kStart + hours(24) - milliseconds{1}));
  CHECK(keys.due(kStart + hours(24)));
}

TEST_CASE("a ticket key from the future does not stay for ever") {
  const auto keys = rotated(TicketKeys(), kStart + hours(24 * 365));
  CHECK(keys.due(kStart));
  CHECK(keys.without_old(kStart).empty());
  CHECK_FALSE(rotated(TicketKeys(), kStart + hours(1)).due(kStart));
}

TEST_CASE("after one rotation the old ticket key still opens, after two it is gone") {
  const auto first = rotated(TicketKeys(), kStart);
  const auto name = first.newest().name;
  const auto second = rotated(first, kStart + hours(24));
  CHECK(second.newest().name != name);
  REQUIRE(second.find(name) != nullptr);
  CHECK(second.find(name)->cipher == first.newest().cipher);
  const auto third = rotated(second, kStart + hours(48));
  CHECK(third.find(name) == nullptr);
  CHECK(third.find(second.newest().name) != nullptr);
  CHECK(third.size() == 2);
}

TEST_CASE("ticket keys are never more than their generations, however fast they are rotated") {
  const auto keys = rotated(rotated(rotated(TicketKeys(), kStart), kStart), kStart);
  CHECK(keys.size() == TicketKeys::kGenerations);
}

TEST_CASE("a ticket key of two days is dropped also when nothing rotated meanwhile") {
  const auto keys = two_keys();
  CHECK(keys.without_old(kStart + hours(47)).size() == 2);
  const auto later = keys.without_old(kStart + hours(48));
  REQUIRE(later.size() == 1);
  CHECK(later.newest().name == keys.newest().name);
  CHECK(keys.without_old(kStart + hours(72)).empty());
}

TEST_CASE("a key is found by its whole name only") {
  const auto keys = two_keys();
  const auto name = keys.newest().name;
  CHECK(keys.find(name) == &keys.newest());
  CHECK(keys.find(name.substr(1)) == nullptr);
  CHECK(keys.find("") == nullptr);
}

TEST_CASE("ticket keys come back from their file as they went") {
  for (const auto& keys : {rotated(TicketKeys(), kStart), two_keys()}) {
    const auto parsed = TicketKeys::parse(keys.print().reveal());
    REQUIRE(parsed);
    REQUIRE(parsed->size() == keys.size());
    CHECK(parsed->newest().made == keys.newest().made);
    CHECK(parsed->newest().name == keys.newest().name);
    CHECK(parsed->newest().cipher == keys.newest().cipher);
    CHECK(parsed->newest().mac == keys.newest().mac);
    CHECK(parsed->print() == keys.print());
  }
}

TEST_CASE("a file of ticket keys that is short, long or changed anywhere is refused") {
  const std::string good(two_keys().print().reveal());
  REQUIRE(TicketKeys::parse(good));
  for (std::size_t size = 0; size < good.size(); ++size) {
    CAPTURE(size);
    CHECK_FALSE(TicketKeys::parse(good.substr(0, size)));
  }
  for (std::size_t at = 0; at < good.size(); ++at) {
    CAPTURE(at);
    auto changed = good;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    CHECK_FALSE(TicketKeys::parse(changed));
  }
  CHECK_FALSE(TicketKeys::parse(good + "x"));
  CHECK_FALSE(TicketKeys::parse(good + good));
}

TEST_CASE("ticket keys with a sum that is right and a content that is wrong are refused") {
  const std::string good(two_keys().print().reveal());
  const auto content = good.substr(0, good.size() - 32);
  const auto sealed = [](const std::string& bytes) { return bytes + sha256(bytes); };
  REQUIRE(TicketKeys::parse(sealed(content)));
  const auto record = content.substr(16, 88);
  CHECK_FALSE(TicketKeys::parse(sealed(content + record)));       // one key too many
  CHECK_FALSE(TicketKeys::parse(sealed(content.substr(0, 16))));  // none
  CHECK_FALSE(TicketKeys::parse(sealed(content.substr(0, 17))));
  auto never = content;
  never[16] = '\x7f';  // a time that no clock says
  CHECK_FALSE(TicketKeys::parse(sealed(never)));
}

}  // namespace edge::crypto
