#include <future>

#include "server/upkeep.hpp"
#include "server_registry_driver.hpp"
#include "store_folder.hpp"

namespace edge::server::test {
namespace {

struct Books {
  Fleet fleet;
  store::test::TempFolder folder;
  std::unique_ptr<store::Store> store = store::test::must_open(folder.path);
  StoreWorker worker{*store};
  config::EdgedConfig config;
  Parts parts{fleet.clock, config, fleet.registry, worker};
  Upkeep upkeep{parts};

  Books() {
    auto record = *fleet.registry.record(kEndpoint);
    record.edge_id_hash.reset();
    REQUIRE(store->create_endpoint(record));
    REQUIRE(store->associate(kEndpoint, std::string(32, 'h'), key_of_endpoint(),
                             instance_record(kFirst)));
  }
  void check_in_and_let(int seconds) {
    fleet.check_in(fleet.first);
    for (int i = 0; i < seconds; ++i) {
      fleet.clock.advance(milliseconds{1'000});
      upkeep.second();
    }
  }
  // What the worker was given is done.
  void settle() {
    std::promise<void> done;
    worker.post([&done](store::Store&) { done.set_value(); });
    done.get_future().wait();
  }
  std::optional<WallTime> stored() {
    settle();
    const auto endpoints = store->load_endpoints();
    REQUIRE(endpoints);
    return endpoints->at(0).instances.at(0).last_seen;
  }
  std::size_t tombstones() {
    settle();
    return store->load_tombstones()->size();
  }
};

}  // namespace

TEST_CASE("last-seen times are stored every 15 seconds, and those of who came back at once") {
  Books books;
  const auto first = books.fleet.clock.wall();
  books.check_in_and_let(15);  // joined just now, so that it has not come back
  CHECK(books.stored() == first);
  const auto second = books.fleet.clock.wall();
  books.check_in_and_let(14);
  CHECK(books.stored() == first);
  books.check_in_and_let(0);
  const auto third = books.fleet.clock.wall();
  books.fleet.clock.advance(milliseconds{1'000});
  books.upkeep.second();
  CHECK(books.stored() == third);
  CHECK(third > second);
  books.fleet.clock.advance(std::chrono::hours{1});
  books.check_in_and_let(1);
  CHECK(books.stored() == books.fleet.clock.wall() - milliseconds{1'000});
}

TEST_CASE("an endpoint that was removed is known as such for 90 days, and then to nobody") {
  Books books;
  const store::Tombstone tombstone{kEndpoint, "pump-7", key_of_endpoint(),
                                   books.fleet.clock.wall()};
  REQUIRE(books.store->remove_endpoint(kEndpoint, tombstone));
  books.fleet.registry.remove(kEndpoint, tombstone);
  books.fleet.clock.advance(std::chrono::hours{24 * 90});
  books.upkeep.second();
  CHECK(books.fleet.authenticate(books.fleet.mac(1)).error() == Refusal::removed);
  CHECK(books.tombstones() == 1);
  books.fleet.clock.advance(std::chrono::hours{24});
  books.upkeep.second();
  CHECK(books.fleet.authenticate(books.fleet.mac(2)).error() == Refusal::unauthorized);
  CHECK(books.tombstones() == 0);
}

}  // namespace edge::server::test
