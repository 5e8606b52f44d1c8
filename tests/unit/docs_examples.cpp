// The examples of docs/*.md, read from the pages themselves: they parse, and their keys, MACs and
// seals are right. A fence is "```KIND NAME": json and http examples without a name would be
// examples that nothing checks.
#include <doctest/doctest.h>

#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "base/encoding.hpp"
#include "base/files.hpp"
#include "crypto/keys.hpp"
#include "fleet/tunnel_life.hpp"
#include "net/http.hpp"
#include "server/registry.hpp"
#include "server/snapshot_text.hpp"
#include "ssh/key.hpp"
#include "wire/check_in.hpp"
#include "wire/token.hpp"

using namespace edge;
using nlohmann::json;

namespace {

using Examples = std::map<std::string, std::string>;  // by "KIND NAME"

std::string page(const std::string& name) {
  auto text = read_file("docs/" + name);  // tests run in the source folder
  CAPTURE(name);
  REQUIRE(text.has_value());
  return *text;
}

Examples examples_of(const std::string& name) {
  Examples examples;
  std::istringstream lines(page(name));
  std::string title, body;
  bool inside = false;
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("```")) {
      if (inside) body += line + "\n";
      continue;
    }
    if (inside && !title.empty()) {
      CAPTURE(title);
      CHECK(examples.emplace(title, body).second);
    }
    inside = !inside;
    title = inside ? line.substr(3) : "";
    body.clear();
  }
  CHECK_FALSE(inside);
  REQUIRE_FALSE(examples.empty());
  return examples;
}

struct Http {
  std::string method, path, status;
  net::Headers headers;
  std::string header(const std::string& name) const {
    return std::string(net::find_header(headers, name));
  }
};

Http http_of(const std::string& text) {
  Http parsed;
  std::istringstream lines(text);
  std::string line;
  std::getline(lines, line);
  std::istringstream words(line);
  words >> parsed.method >> parsed.path;
  if (parsed.method == "HTTP/1.1") parsed.status = parsed.path;
  while (std::getline(lines, line) && !line.empty()) {
    const auto colon = line.find(": ");
    REQUIRE(colon != std::string::npos);
    parsed.headers.emplace_back(line.substr(0, colon), line.substr(colon + 2));
  }
  return parsed;
}

std::set<std::string> keys_of(const json& object) {
  std::set<std::string> keys;
  for (const auto& [key, value] : object.items()) keys.insert(key);
  return keys;
}

std::string trimmed(std::string text) {
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

// What the poll page's agent has joined with.
struct Joined {
  Joined() : examples(examples_of("poll-api.md")) {
    auto parsed = wire::parse_associate(examples.at("json associate"));
    REQUIRE(parsed.has_value());
    message = *parsed;
    key = crypto::derive_key(message.edge_id, message.secret);
  }
  Examples examples;
  wire::Associate message;
  Secret key;
};

}  // namespace

TEST_CASE("every example of the poll port's page is one that is checked here") {
  const std::set<std::string> known{
      "json error",        "json token",  "http associate",    "json associate",
      "json associated",   "text keys",   "http check-in-mac", "http check-in-ticket",
      "http not-needed",   "http needed", "json offer",        "text associated-data",
      "text password",     "http agent",  "json agent",        "http snapshot",
      "json snapshot",     "http trial",  "json instance",     "http tunnel",
      "http tunnel-answer"};
  std::set<std::string> found;
  for (const auto& [title, body] : examples_of("poll-api.md")) found.insert(title);
  CHECK(found == known);
}

TEST_CASE("every example of the tunnel's page is one that is checked here") {
  const auto examples = examples_of("tunnel-protocol.md");
  const std::map<std::string, std::string> requests{{"http ping", "GET /v1/ping"},
                                                    {"http keep-alive", "POST /v1/keep-alive"},
                                                    {"http session", "GET /v1/session"}};
  for (const auto& [title, line] : requests) {
    CAPTURE(title);
    REQUIRE(examples.count(title) == 1);
    const auto request = http_of(examples.at(title));
    CHECK(request.method + " " + request.path == line);
    CHECK(request.header("Host") == "agent");
  }
  // The answer to a session, and the line of stock ssh.
  CHECK(examples.size() == requests.size() + 2);
}

TEST_CASE(
    "the documented association has the keys that are sent, and they derive the documented keys") {
  const Joined joined;
  CHECK(keys_of(json::parse(wire::print_associate(joined.message))) ==
        keys_of(json::parse(joined.examples.at("json associate"))));
  const auto hex = [](const Secret& secret) { return to_hex(secret.reveal()); };
  CHECK(joined.examples.at("text keys") ==
        "K        " + hex(joined.key) + "\nmac key  " +
            hex(crypto::derive_purpose_key(joined.key, "mac")) + "\nseal key " +
            hex(crypto::derive_purpose_key(joined.key, "seal")) + "\n");
  const auto request = http_of(joined.examples.at("http associate"));
  CHECK(request.method + " " + request.path == "POST /v1/associate");
}

TEST_CASE("the documented MAC is the right one for the documented check-in") {
  const Joined joined;
  const auto request = http_of(joined.examples.at("http check-in-mac"));
  auto claim = wire::parse_authorization(request.header("Authorization"));
  REQUIRE(claim.has_value());
  REQUIRE(claim->mac.has_value());
  CHECK(claim->mac->endpoint == joined.message.endpoint);
  CHECK(claim->mac->instance == joined.message.instance);
  const auto mac_key = crypto::derive_purpose_key(joined.key, "mac");
  CHECK(crypto::check_in_mac(mac_key, request.method, request.path, claim->mac->rest) ==
        claim->mac->mac);
  CHECK(wire::parse_wait(request.header("Prefer")) == std::chrono::seconds(55));
}

TEST_CASE("the documented trial is authorised, and its answer has the keys that are sent") {
  const Joined joined;
  const auto request = http_of(joined.examples.at("http trial"));
  CHECK(request.path == server::kTrialPath);
  auto claim = wire::parse_authorization(request.header("Authorization"));
  REQUIRE(claim.has_value());
  REQUIRE(claim->mac.has_value());
  CHECK(crypto::check_in_mac(crypto::derive_purpose_key(joined.key, "mac"), request.method,
                             request.path, claim->mac->rest) == claim->mac->mac);
  const auto& text = joined.examples.at("json instance");
  auto view = wire::parse_instance_view(text);
  REQUIRE(view.has_value());
  CHECK(keys_of(json::parse(wire::print_instance_view(*view))) == keys_of(json::parse(text)));
}

TEST_CASE("the documented ticket is one, wherever it is shown") {
  const auto examples = examples_of("poll-api.md");
  const auto ticket = http_of(examples.at("http not-needed")).header("Edge-Ticket");
  for (const char* title : {"http check-in-ticket", "http agent", "http snapshot", "http tunnel"}) {
    CAPTURE(title);
    auto claim = wire::parse_authorization(http_of(examples.at(title)).header("Authorization"));
    REQUIRE(claim.has_value());
    CHECK(claim->ticket == ticket);
  }
}

TEST_CASE("the documented tunnel through the poll port is an upgrade on both sides") {
  const auto examples = examples_of("poll-api.md");
  const auto request = http_of(examples.at("http tunnel"));
  const auto answer = http_of(examples.at("http tunnel-answer"));
  CHECK(request.method + " " + request.path == "GET /v1/tunnel");
  CHECK(answer.status == "101");
  for (const auto& one : {request, answer}) CHECK(one.header("Upgrade") == "ssh");
}

TEST_CASE("the documented pace parses") {
  const auto examples = examples_of("poll-api.md");
  for (const char* title : {"http not-needed", "http needed"}) {
    CHECK(wire::parse_pace(http_of(examples.at(title)).header("Edge-Next")) == wire::Pace{});
  }
}

TEST_CASE("the documented offer opens to the documented password") {
  const Joined joined;
  const auto& text = joined.examples.at("json offer");
  auto offer = wire::parse_offer(text);
  REQUIRE(offer.has_value());
  CHECK(keys_of(json::parse(wire::print_offer(*offer))) == keys_of(json::parse(text)));
  const auto bound =
      wire::offer_associated_data(joined.message.endpoint, joined.message.instance, *offer);
  CHECK(bound == trimmed(joined.examples.at("text associated-data")));
  const auto password =
      crypto::open_sealed(crypto::derive_purpose_key(joined.key, "seal"), offer->sealed, bound);
  REQUIRE(password.has_value());
  CHECK(password->reveal() == trimmed(joined.examples.at("text password")));
}

TEST_CASE("the documented join token, framed as the page says, parses") {
  const auto body = "edge1." + to_base64url(trimmed(examples_of("poll-api.md").at("json token")));
  auto token = wire::parse_token(body + "." + to_hex(crypto::sha256(body)).substr(0, 8));
  REQUIRE(token.has_value());
  CHECK(token->name == "shop-17");
}

TEST_CASE("the documented report and snapshot are taken") {
  const auto examples = examples_of("poll-api.md");
  auto report = wire::parse_agent_report(examples.at("json agent"));
  REQUIRE(report.has_value());
  CHECK(fleet::reason_from_string(report->tunnel_failure.value_or("")).has_value());
  CHECK(server::is_snapshot(examples.at("json snapshot")));
}

TEST_CASE("the documented session headers carry real keys") {
  for (const char* name : {"tunnel-protocol.md", "admin-api.md"}) {
    CAPTURE(name);
    const auto examples = examples_of(name);
    const auto request = http_of(examples.at("http session"));
    CHECK(ssh::Key::from_public_line(request.header("Edge-Session-Key")).has_value());
    CHECK(request.header("Upgrade") == "ssh");
    CHECK(http_of(examples.at("http session-answer")).status == "101");
  }
  const auto answer = http_of(examples_of("admin-api.md").at("http session-answer"));
  CHECK(ssh::Key::from_public_line(answer.header("Edge-Host-Key")).has_value());
}

TEST_CASE("the tunnel page names every reason for a tunnel that is not open") {
  const auto text = page("tunnel-protocol.md");
  for (int value = 1; value <= static_cast<int>(fleet::Reason::shutdown); ++value) {
    const std::string name = fleet::to_string(static_cast<fleet::Reason>(value));
    CAPTURE(name);
    REQUIRE_FALSE(name.empty());
    CHECK(text.find("`" + name + "`") != std::string::npos);
  }
}

TEST_CASE("the documented endpoint has the keys that the admin socket gives") {
  const auto documented = json::parse(examples_of("admin-api.md").at("json endpoint"));
  const Joined joined;
  const SystemClock clock;
  server::Registry registry(clock, "https://edge.example.com:9000", "edge.example.com:8000");
  store::EndpointRecord record;
  record.id = joined.message.endpoint;
  record.name = "shop-17";
  registry.add(record);
  store::InstanceRecord instance;
  instance.id = joined.message.instance;
  instance.host_key = joined.message.host_key;
  registry.apply_association(record.id, "", joined.key, instance);
  auto session = std::make_shared<server::LiveSession>();
  session->endpoint = record.id;
  registry.add_session(session);

  auto shown = registry.describe(record.id, true);
  shown["events"] = documented["events"];  // from the store, by the admin port
  CHECK(keys_of(shown) == keys_of(documented));
  CHECK(keys_of(shown["tunnel"]) == keys_of(documented["tunnel"]));
  REQUIRE(shown["instances"].size() == 1);
  CHECK(keys_of(shown["instances"][0]) == keys_of(documented["instances"][0]));
  CHECK(shown["instances"][0]["host-key"] == documented["instances"][0]["host-key"]);
  REQUIRE(shown["sessions"].size() == 1);
  CHECK(keys_of(shown["sessions"][0]) == keys_of(documented["sessions"][0]));
}

TEST_CASE("every other JSON example of the admin page parses") {
  int seen = 0;
  for (const auto& [title, body] : examples_of("admin-api.md")) {
    if (!title.starts_with("json")) continue;
    CAPTURE(title);
    CHECK(json::accept(body));
    ++seen;
  }
  CHECK(seen >= 5);
}
