#include <doctest/doctest.h>

#include "server/sources.hpp"

using edge::milliseconds;
using edge::SteadyTime;
using edge::server::Sources;
using edge::server::SourceSlot;

namespace {

constexpr milliseconds kPeace{2'500};
constexpr SteadyTime kThen{}, kNow = kThen + kPeace;

struct FakeStranger final : edge::server::Stranger {
  void make_room() override { cut = true; }
  bool cut = false;
};

}  // namespace

TEST_CASE("a source has as many connections as it may have, and another one its own") {
  Sources sources(2, 10, kPeace);
  SourceSlot first(sources, 7), other(sources, 8);
  {
    SourceSlot second(sources, 7);
    CHECK(second);
    CHECK_FALSE(SourceSlot(sources, 7));
  }
  CHECK(SourceSlot(sources, 7));
  CHECK(first);
  CHECK(other);
}

TEST_CASE("connections of no source are not counted") {
  Sources sources(1, 1, kPeace);
  SourceSlot first(sources, 0), second(sources, 0);
  CHECK(first);
  CHECK(second);
}

TEST_CASE("the oldest stranger of a source makes room for the newest") {
  Sources sources(10, 2, kPeace);
  SourceSlot slot(sources, 7), other(sources, 8);
  const auto oldest = std::make_shared<FakeStranger>(), known = std::make_shared<FakeStranger>(),
             newer = std::make_shared<FakeStranger>(), newest = std::make_shared<FakeStranger>(),
             elsewhere = std::make_shared<FakeStranger>();
  sources.add_stranger(8, elsewhere, kThen);
  sources.add_stranger(7, known, kThen);
  sources.add_stranger(7, oldest, kThen);
  sources.remove_stranger(7, known.get());  // it has been authenticated
  sources.add_stranger(7, newer, kThen);
  CHECK_FALSE(oldest->cut);
  sources.add_stranger(7, newest, kNow);
  CHECK(oldest->cut);
  CHECK_FALSE(known->cut);
  CHECK_FALSE(newer->cut);
  CHECK_FALSE(elsewhere->cut);
}

TEST_CASE("a stranger that has just come is left in peace, however many come with it") {
  Sources sources(10, 1, kPeace);
  SourceSlot slot(sources, 7);
  const auto first = std::make_shared<FakeStranger>(), second = std::make_shared<FakeStranger>(),
             third = std::make_shared<FakeStranger>();
  sources.add_stranger(7, first, kThen);
  sources.add_stranger(7, second, kNow - milliseconds{1});
  CHECK_FALSE(first->cut);
  sources.add_stranger(7, third, kNow);
  CHECK(first->cut);
  CHECK_FALSE(second->cut);
}

TEST_CASE("a source without connections is forgotten with its strangers") {
  Sources sources(10, 1, kPeace);
  const auto old = std::make_shared<FakeStranger>(), fresh = std::make_shared<FakeStranger>();
  {
    SourceSlot slot(sources, 7);
    sources.add_stranger(7, old, kThen);
  }
  SourceSlot slot(sources, 7);
  sources.add_stranger(7, fresh, kNow);
  CHECK_FALSE(old->cut);
}
