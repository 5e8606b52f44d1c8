// The store's thread: jobs that wait share a transaction, and are answered once it is on disk.
#include <doctest/doctest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <future>

#include "server/store_worker.hpp"
#include "store_folder.hpp"

using namespace edge;
using namespace edge::store;
using namespace edge::store::test;
using server::StoreWorker;

namespace {

struct Bench {
  TempFolder folder;
  std::unique_ptr<Store> store = must_open(folder.path);
  net::asio::io_context loop;
  std::promise<void> go;
  std::vector<std::string> seen_when_answered;
  std::vector<Result<void>> answers;
  StoreWorker worker{*store, {60, milliseconds{600'000}}};  // a test may be slow

  // The store's thread does nothing until go: what is asked for meanwhile waits together.
  void block() {
    worker.post([ready = go.get_future().share()](Store&) { ready.wait(); });
  }
  std::string on_disk() const {
    return raw_sql(folder.path / "edged.db", "SELECT count(*) FROM endpoint");
  }
};

net::Task<> create(Bench& bench, EndpointRecord record) {
  auto write = [record](Store& store) { return store.create_endpoint(record); };
  auto stored = co_await bench.worker.run(write);
  bench.seen_when_answered.push_back(bench.on_disk());
  bench.answers.push_back(stored);
}

net::Task<> spoil(Bench& bench) {
  auto write = [](Store& store) { return store.append_event({at(1), "x", {}, {}, "", ""}); };
  auto stored = co_await bench.worker.run(write);
  bench.answers.push_back(stored);
}

void start(Bench& bench, net::Task<> task) {
  net::asio::co_spawn(bench.loop, std::move(task), [](std::exception_ptr thrown) {
    if (thrown) std::rethrow_exception(thrown);
  });
}

net::Task<> associate(Bench& bench, unsigned number) {
  const std::string hash = endpoint_id(number).text;
  const Secret key(std::string(32, 'k'));
  auto write = [number, hash, key](Store& store) {
    return store.associate(endpoint_id(number), hash, key, full_instance(number));
  };
  auto stored = co_await bench.worker.run(write);
  bench.answers.push_back(stored);
}

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

TEST_CASE("jobs that wait are written together, and none is answered before it is on disk") {
  Bench bench;
  bench.block();
  for (unsigned i = 1; i <= 100; ++i) {
    // The fiftieth wants the name of the first.
    start(bench, create(bench, bare_endpoint(i, i == 50 ? "e1" : "e" + std::to_string(i))));
  }
  bench.loop.poll();  // all have asked
  CHECK(bench.on_disk() == "0");
  bench.go.set_value();
  bench.loop.restart();
  bench.loop.run();
  REQUIRE(bench.answers.size() == 100);
  for (std::size_t i = 0; i < 100; ++i) CHECK(bench.answers[i].has_value() == (i != 49));
  CHECK(bench.answers[49].error().code == Errc::conflict);
  // The one that blocked and 59 more, of which one failed; then the rest.
  CHECK(std::stoi(bench.seen_when_answered.front()) >= 58);
  CHECK(bench.seen_when_answered.back() == "99");
}

TEST_CASE("when a commit fails every job of it fails, and the next one does not") {
  Bench bench;
  raw_sql(bench.folder.path / "edged.db",
          "CREATE TABLE debt (id TEXT REFERENCES endpoint (id) DEFERRABLE INITIALLY DEFERRED);"
          "CREATE TRIGGER owe AFTER INSERT ON event BEGIN INSERT INTO debt VALUES ('nobody'); END");
  bench.block();
  start(bench, create(bench, bare_endpoint(1, "a")));
  start(bench, spoil(bench));
  start(bench, create(bench, bare_endpoint(2, "b")));
  bench.loop.poll();
  bench.go.set_value();
  bench.loop.restart();
  bench.loop.run();
  REQUIRE(bench.answers.size() == 3);
  for (const auto& answer : bench.answers) CHECK(answer.has_error());
  CHECK(bench.on_disk() == "0");
  start(bench, create(bench, bare_endpoint(3, "c")));
  bench.loop.restart();
  bench.loop.run();
  CHECK(bench.answers.back().has_value());
  CHECK(bench.seen_when_answered.back() == "1");
}

TEST_CASE("a lone job waits for nobody") {
  Bench bench;
  start(bench, create(bench, bare_endpoint(1, "a")));
  const auto before = std::chrono::steady_clock::now();
  bench.loop.run();
  REQUIRE(bench.answers.size() == 1);
  CHECK(bench.answers[0].has_value());
  CHECK(seconds_since(before) < 5);
}

// unit-tests -nt --no-skip -tc='associations a second'
TEST_CASE("associations a second" * doctest::skip()) {
  constexpr unsigned kCount = 5000;
  Bench bench;
  std::vector<EndpointRecord> records;
  for (unsigned i = 0; i < 2 * kCount; ++i) {
    records.push_back(bare_endpoint(i, "e" + std::to_string(i)));
  }
  REQUIRE(bench.store->create_endpoints(records, IfExists::refuse).has_value());
  auto began = std::chrono::steady_clock::now();
  for (unsigned i = 0; i < kCount; ++i) {
    REQUIRE(bench.store
                ->associate(endpoint_id(i), endpoint_id(i).text, Secret(std::string(32, 'k')),
                            full_instance(i))
                .has_value());
  }
  MESSAGE("one transaction each: " << kCount / seconds_since(began) << " a second");
  for (unsigned i = kCount; i < 2 * kCount; ++i) start(bench, associate(bench, i));
  began = std::chrono::steady_clock::now();
  bench.loop.run();
  for (const auto& answer : bench.answers) REQUIRE(answer.has_value());
  MESSAGE("through the worker: " << kCount / seconds_since(began) << " a second");
}
