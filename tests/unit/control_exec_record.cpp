#include <doctest/doctest.h>

#include <fstream>

#include "base/files.hpp"
#include "control/exec/exec_record.hpp"
#include "store_folder.hpp"

namespace edge::control {
namespace {

using store::test::TempFolder;
const WallTime kNow{std::chrono::seconds{1'764'271'321}};

ExecOrder order() {
  ExecOrder made;
  made.command = {"echo", "a b", "\xFF"};
  made.input = "/tmp/input";
  made.account = "deploy";
  made.names = {"a", "b", "c", "d"};
  return made;
}

ExecResult result(std::string name, ExecOutcome outcome) {
  ExecResult made;
  made.name = std::move(name);
  made.outcome = outcome;
  return made;
}

}  // namespace

TEST_CASE("what is left of a run are those that did not end well, and those that were not begun") {
  const TempFolder folder;
  const auto file = folder.path / "record";
  {
    auto record = ExecRecord::create(file, order(), kNow);
    REQUIRE(record.has_value());
    CHECK(record->add(result("b", ExecOutcome::ok)).has_value());
    CHECK(record->add(result("a", ExecOutcome::failed)).has_value());
    CHECK(record->add(result("c", ExecOutcome::offline)).has_value());
  }
  std::ofstream(file, std::ios::app) << R"({"name":"d","outcome":"o)";  // killed in a write
  const auto undone = read_undone(file);
  REQUIRE(undone.has_value());
  CHECK(undone->names == std::vector<std::string>{"a", "c", "d"});
  CHECK(undone->command == order().command);
  CHECK(undone->input == "/tmp/input");
  CHECK(undone->account == "deploy");
  CHECK(store::test::mode_of(file) == 0600);
}

TEST_CASE("another file is not taken for the record of a run") {
  const TempFolder folder;
  const auto file = folder.path / "file";
  for (const char* text : {"", "{}", "[1]\n", "no json\n", R"({"kind":"other"})"}) {
    REQUIRE(write_file(file, text, 0600).has_value());
    const auto undone = read_undone(file);
    REQUIRE_FALSE(undone.has_value());
    CHECK(undone.error().code == Errc::usage);
  }
  CHECK_FALSE(read_undone(folder.path / "nothing").has_value());
}

TEST_CASE("the newest record is the last one, and only twenty stay") {
  const TempFolder folder;
  const auto records = folder.path / "exec";
  CHECK_FALSE(last_record(records).has_value());
  for (int i = 0; i < 25; ++i) {
    const auto file = next_record(records, kNow + std::chrono::minutes(i));
    REQUIRE(file.has_value());
    REQUIRE(write_file(*file, "x", 0600).has_value());
    CHECK(last_record(records) == *file);
  }
  const auto count = std::distance(std::filesystem::directory_iterator(records), {});
  CHECK(count == 20);
}

}  // namespace edge::control
