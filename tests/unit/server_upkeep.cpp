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

TEST_CASE(
    "a temporary setting falls back to what is set below it, here, in the store, as an event") {
  Books books;
  auto& fleet = books.fleet;
  fleet.registry.set_endpoint_setting(kEndpoint, "check-in.interval", "30s");
  const store::TemporarySetting temporary{kEndpoint, "check-in.interval", "7s",
                                          fleet.clock.wall() + std::chrono::minutes{15}};
  REQUIRE(books.store->put_temporary_setting(temporary));
  fleet.registry.set_temporary(temporary);
  const auto held = fleet.bell();
  fleet.check_in(fleet.first, held);
  fleet.rung(held);
  CHECK(fleet.registry.settings_of(kEndpoint).interval == milliseconds{7'000});
  fleet.clock.advance(std::chrono::minutes{15} - milliseconds{1});
  books.upkeep.second();
  CHECK(fleet.registry.settings_of(kEndpoint).interval == milliseconds{7'000});
  fleet.clock.advance(milliseconds{1});
  books.upkeep.second();
  CHECK(fleet.registry.settings_of(kEndpoint).interval == milliseconds{30'000});
  CHECK(fleet.rung(held));  // the agent learns it now
  books.settle();
  CHECK(books.store->load_temporary_settings()->empty());
  const auto events = books.store->events(kEndpoint, 1);
  REQUIRE(events->size() == 1);
  CHECK(events->front().kind == "settings.fell-back");
  CHECK(events->front().text == "check-in.interval = 30s again; the time of 7s is over");
}

TEST_CASE(
    "a temporary setting of all leaves the overrides of endpoints alone, and outlives edged") {
  Books books;
  auto& fleet = books.fleet;
  const store::TemporarySetting of_all{
      {}, "check-in.interval", "7s", fleet.clock.wall() + std::chrono::minutes{15}};
  REQUIRE(books.store->put_temporary_setting(of_all));
  REQUIRE(books.store->put_endpoint_setting(kEndpoint, "check-in.hold", "off"));
  Registry anew(fleet.clock, "", "");
  REQUIRE(anew.load(*books.store));
  CHECK(anew.settings().interval == milliseconds{7'000});
  CHECK(anew.settings_of(kEndpoint).interval == milliseconds{7'000});
  CHECK(anew.settings_of(kEndpoint).hold == milliseconds{0});
  anew.set_endpoint_setting(kEndpoint, "check-in.interval", "30s");
  CHECK(anew.settings_of(kEndpoint).interval == milliseconds{30'000});
  fleet.clock.advance(std::chrono::minutes{15});
  CHECK(anew.end_due_settings().size() == 1);
  CHECK(anew.settings().interval == config::FleetSettings{}.interval);
  CHECK(anew.settings_of(kEndpoint).interval == milliseconds{30'000});
}

}  // namespace edge::server::test
