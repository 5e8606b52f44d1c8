// edgectl doctor
#include <doctest/doctest.h>

#include <map>

#include "control/doctor_words.hpp"
#include "control_answers.hpp"

using namespace edgectl_test;
using nlohmann::json;

namespace {

// An edged whose ports nobody can reach: what is looked at here is what it says of itself.
json healthy() {
  return {{"version", EDGE_VERSION},
          {"url", "https://127.0.0.1:1"},
          {"tunnel", "127.0.0.1:1"},
          {"pin", "sha256/A"},
          {"pins", json::array({"sha256/A"})},
          {"host-key", "SHA256:B"},
          {"certificate",
           {{"file", "/etc/edged/tls.crt"},
            {"not-before", "2020-01-01T00:00:00.000Z"},
            {"not-after", "2021-01-01T00:00:00.000Z"},
            {"pin", "sha256/A"},
            {"reason", ""}}},
          {"store",
           {{"folder", "/var/lib/edged"}, {"writable", true}, {"reason", ""}, {"free-bytes", 5e9}}},
          {"descriptors", {{"limit", 20000}, {"open", 31}}},
          {"connections", {{"limit", 18000}, {"open", 3}}},
          {"log-lines-lost", 0}};
}

struct DoctorFixture : Fixture {
  // The verdict of one check of edged's view.
  json check(const json& view, const std::string& name) {
    edged.answer("GET /v1/doctor", 200, view);
    const auto result = run({"doctor", "-o", "json"});
    const auto report = json::parse(result.out);
    for (const auto& one : report["checks"]) {
      if (one["name"] == name) return one;
    }
    return {{"verdict", "absent"}};
  }
};

}  // namespace

TEST_CASE_FIXTURE(DoctorFixture, "what edged says of itself is judged part by part") {
  struct Row {
    const char* check;
    const char* path;
    json value;
    const char* verdict;
  };
  const std::vector<Row> rows{
      {"edged", "/version", EDGE_VERSION, "PASS"},
      {"edged", "/version", "0.0.1", "FAIL"},
      {"certificate", "/log-lines-lost", 0, "PASS"},              // its dates do not matter to pins
      {"certificate", "/pins", json::array({"system"}), "FAIL"},  // and do to CAs
      {"certificate", "/certificate/not-after", nullptr, "FAIL"},
      {"certificate", "/certificate/pin", "sha256/C", "FAIL"},
      {"store", "/store/free-bytes", 5e9, "PASS"},
      {"store", "/store/free-bytes", 5e6, "FAIL"},
      {"store", "/store/writable", false, "FAIL"},
      {"descriptors", "/descriptors/open", 17'999, "PASS"},
      {"descriptors", "/descriptors/open", 18'000, "FAIL"},
      {"connections", "/connections/open", 16'199, "PASS"},
      {"connections", "/connections/open", 16'200, "FAIL"},
      {"log", "/log-lines-lost", 0, "PASS"},
      {"log", "/log-lines-lost", 7, "FAIL"},
      {"poll tcp", "/log-lines-lost", 0, "FAIL"},
      {"tunnel tcp", "/log-lines-lost", 0, "FAIL"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.check);
    CAPTURE(row.path);
    auto view = healthy();
    view[json::json_pointer(row.path)] = row.value;
    const auto seen = check(view, row.check);
    CHECK(seen["verdict"] == row.verdict);
    const bool failed = seen["verdict"] == "FAIL";
    CHECK(seen["meaning"].get<std::string>().empty() != failed);
    CHECK(seen["next"].get<std::string>().empty() != failed);
  }
}

TEST_CASE_FIXTURE(DoctorFixture, "an edged that does not answer is the first thing to mend") {
  const auto result = edgectl.run({"--socket", "/nonexistent/admin.sock", "doctor"});
  CHECK(result.status == 10);
  CHECK(result.out.find("FAIL  edged") == 0);
  CHECK(result.out.find("systemctl status edged") != std::string::npos);
  CHECK(result.out.find("SKIP  all else") != std::string::npos);
}

TEST_CASE_FIXTURE(DoctorFixture, "an edged that does not know doctors is looked at from outside") {
  edged.answer("GET /v1/doctor", 404,
               {{"error", {{"code", "not-found"}, {"message", "no such request"}}}});
  auto status = healthy();
  status.erase("store");
  edged.answer("GET /v1/status", 200, status);
  const auto result = run({"doctor"});
  CHECK(result.out.find("PASS  edged") == 0);
  CHECK(result.out.find("FAIL  tunnel tcp") != std::string::npos);
  CHECK(result.out.find("store") == std::string::npos);
}

TEST_CASE_FIXTURE(DoctorFixture, "an endpoint that does not exist is told with edged's own hint") {
  edged.answer("GET /v1/doctor", 200, healthy());
  edged.answer("GET /v1/endpoints/shop-71", 404,
               {{"error",
                 {{"code", "not-found"},
                  {"message", "no endpoint 'shop-71'"},
                  {"hint", "did you mean 'shop-17'?"}}}});
  const auto result = run({"doctor", "shop-71"});
  CHECK(result.status == 10);
  CHECK(result.out.find("no endpoint 'shop-71'") != std::string::npos);
  CHECK(result.out.find("did you mean 'shop-17'?") != std::string::npos);
  CHECK(result.out.find("trial") == std::string::npos);
}

TEST_CASE_FIXTURE(DoctorFixture, "an endpoint that is offline gets its reason, and no trial") {
  edged.answer("GET /v1/doctor", 200, healthy());
  edged.answer("GET /v1/endpoints/shop-17", 200,
               {{"id", "e"},
                {"name", "shop-17"},
                {"state", "offline"},
                {"associated", true},
                {"hold", "55s"},
                {"url", "https://127.0.0.1:1"},
                {"tunnel", {{"state", "failed"}, {"reason", "host-key-mismatch"}}},
                {"instances",
                 {{{"id", "i"},
                   {"host-name", "till-3"},
                   {"last-seen", "2026-11-22T21:52:03.000Z"},
                   {"shortened-hold", "25s"},
                   {"failure", "host-key-mismatch"},
                   {"failure-detail", "the tunnel server shows SHA256:C"}}}}});
  const auto result = run({"doctor", "shop-17", "-o", "json"});
  CHECK(result.status == 10);
  std::map<std::string, json> checks;
  const auto report = json::parse(result.out);
  for (const auto& one : report["checks"]) checks[one["name"]] = one;
  CHECK(checks["association"]["verdict"] == "PASS");
  CHECK(checks["instances"]["verdict"] == "FAIL");
  CHECK(checks["hold"]["verdict"] == "FAIL");
  CHECK(checks["last tunnel"]["verdict"] == "FAIL");
  CHECK(checks["last tunnel"]["next"].get<std::string>().find("endpoint token shop-17") !=
        std::string::npos);
  CHECK(checks["trial"]["verdict"] == "SKIP");
}

TEST_CASE("every way to fail has its words on the server") {
  const auto& poll = edge::control::poll_advice();
  const auto& tunnel = edge::control::tunnel_advice();
  for (const auto* trouble :
       {&poll.no_name, &poll.refused, &poll.silent, &poll.no_way, &poll.no_tls, &poll.wrong_pin,
        &tunnel.no_name, &tunnel.refused, &tunnel.silent, &tunnel.no_way, &tunnel.no_ssh,
        &tunnel.silent_ssh, &tunnel.wrong_host_key}) {
    CHECK_FALSE(trouble->meaning.empty());
    CHECK_FALSE(trouble->next.empty());
  }
}
