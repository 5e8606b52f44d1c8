#include <doctest/doctest.h>

#include <string>

#include "base/encoding.hpp"
#include "printing.hpp"
#include "wire/check_in.hpp"
#include "wire/json.hpp"

using namespace edge;
using namespace edge::wire;
using namespace std::chrono_literals;

namespace {

const std::string kHostKey =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiI";

Associate associate() {
  return {EndpointId{"00112233445566778899aabbccddeeff"},
          "6fa459ea-ee8a-4ca4-894e-db77e160355e",
          Secret(std::string(32, '\x5a')),
          InstanceId{"0123456789abcdef"},
          kHostKey,
          "0.1.0",
          "linux-x86_64",
          "shop-17.example.com"};
}

Offer offer() {
  Offer made;
  made.tunnel = TunnelId{"ffeeddccbbaa99887766554433221100"};
  made.address = "edge.example.com:8000";
  made.forward_name = "edge";
  made.forward_port = 1;
  made.expires = WallTime{1'795'384'323'120ms};
  made.lifetime = 60s;
  made.idle = 300s;
  made.probe = 15s;
  made.sealed = std::string("\0\xff sealed", 9);
  return made;
}

// The message with one field changed; a null takes it away.
std::string with(const std::string& message, const std::string& key, const Json& value) {
  auto json = Json::parse(message);
  if (value.is_null()) {
    json.erase(key);
  } else {
    json[key] = value;
  }
  return json.dump();
}

// Values that no field takes.
std::vector<Json> wrong_types() {
  return {Json(true),
          Json(Json::object()),
          Json(Json::array()),
          Json::array({"a"}),
          Json(1.5),
          Json(1e300),
          Json(-1),
          Json(UINT64_MAX),
          Json(std::string("a\0b", 3)),
          Json(std::string(2000, 'a'))};
}

template <class Message>
void check_fields(const std::string& good, Result<Message> (*parse)(std::string_view),
                  bool all_needed) {
  REQUIRE(parse(good));
  const auto fields = Json::parse(good);
  for (const auto& field : fields.items()) {
    CAPTURE(field.key());
    if (all_needed) {
      const auto result = parse(with(good, field.key(), nullptr));
      REQUIRE_FALSE(result);
      CHECK(result.error().message.find("'" + field.key() + "' is missing") != std::string::npos);
    } else {
      CHECK(parse(with(good, field.key(), nullptr)));
    }
    for (const auto& value : wrong_types()) {
      CAPTURE(value.dump());
      const auto result = parse(with(good, field.key(), value));
      REQUIRE_FALSE(result);
      CHECK(result.error().code == Errc::usage);
      CHECK(result.error().message.find("'" + field.key() + "'") != std::string::npos);
    }
  }
  for (std::size_t size = 0; size < good.size(); ++size) REQUIRE_FALSE(parse(good.substr(0, size)));
  CHECK_FALSE(parse(good + good));
  CHECK_FALSE(parse("[" + good + "]"));
  CHECK_FALSE(parse(good + std::string(1, '\0')));
  CHECK_FALSE(parse(std::string(16'000, '[')));
  CHECK_FALSE(parse(with(good, "x", std::string(17'000, 'x'))));
  CHECK(parse(with(good, "from-the-future", Json::array({1, 2}))));
}

}  // namespace

TEST_CASE("an association is read as it was printed") {
  const auto message = associate();
  const auto read = parse_associate(print_associate(message));
  REQUIRE(read);
  CHECK(read->endpoint == message.endpoint);
  CHECK(read->edge_id == message.edge_id);
  CHECK(read->secret == message.secret);
  CHECK(read->instance == message.instance);
  CHECK(read->host_key == message.host_key);
  CHECK(read->version == message.version);
  CHECK(read->platform == message.platform);
  CHECK(read->host_name == message.host_name);
}

TEST_CASE("every field of an association is needed and checked") {
  check_fields(print_associate(associate()), parse_associate, true);
}

TEST_CASE("an association's values must be what they stand for") {
  const auto good = print_associate(associate());
  const struct {
    const char* key;
    std::string value;
    bool expected;
  } rows[] = {
      {"endpoint", std::string(32, 'A'), false},
      {"endpoint", std::string(31, 'a'), false},
      {"instance", std::string(32, 'a'), false},
      {"instance", "0123456789abcdeg", false},
      {"edge-id", "6FA459EA-EE8A-4CA4-894E-DB77E160355E", false},
      {"edge-id", "6fa459ea-ee8a-1ca4-894e-db77e160355e", false},
      {"secret", "", false},
      {"secret", to_base64url(std::string(31, 'x')), false},
      {"secret", to_base64(std::string(32, 'x')), false},
      {"host-key", "ssh-rsa AAAA", false},
      {"host-key", "ssh-ed25519", false},
      {"host-key", "ssh-ed25519 ", false},
      {"host-key", " " + kHostKey, false},
      {"host-key", kHostKey + "\n* ssh-ed25519 AAAA", false},
      {"host-key", kHostKey + " comment", false},
      {"host-key", "ssh-ed25519 " + std::string(68, 'A'), false},  // no key inside
      {"host-key", kHostKey, true},
      {"host-key", "ssh-ed25519 " + std::string(1016, 'A'), false},
      {"version", std::string(64, 'v'), true},
      {"version", std::string(65, 'v'), false},
      {"platform", std::string(64, 'p'), true},
      {"platform", std::string(65, 'p'), false},
      {"host-name", std::string(255, 'h'), true},
      {"host-name", std::string(256, 'h'), false},
      {"host-name", "\x1b[2J", true},  // hostile, but for those who show it to make safe
  };
  for (const auto& row : rows) {
    CAPTURE(row.key);
    CAPTURE(row.value);
    CHECK(parse_associate(with(good, row.key, row.value)).has_value() == row.expected);
  }
}

TEST_CASE("a secret is in no error") {
  const auto result = parse_associate(with(print_associate(associate()), "secret", "c2VjcmV0"));
  REQUIRE_FALSE(result);
  CHECK(result.error().message.find("c2VjcmV0") == std::string::npos);
}

TEST_CASE("an odd host can still associate: what is too long or not UTF-8 is made to fit") {
  auto message = associate();
  message.host_name = std::string(300, 'h') + "\xff";
  message.version = "1\n2";
  const auto read = parse_associate(print_associate(message));
  REQUIRE(read);
  CHECK(read->host_name.size() <= 255);
  CHECK(read->version ==
        "1\xEF\xBF\xBD"
        "2");
}

TEST_CASE("an offer is read as it was printed") {
  const auto made = offer();
  const auto read = parse_offer(print_offer(made));
  REQUIRE(read);
  CHECK(read->tunnel == made.tunnel);
  CHECK(read->address == made.address);
  CHECK(read->forward_name == made.forward_name);
  CHECK(read->forward_port == made.forward_port);
  CHECK(read->expires == made.expires);
  CHECK(read->lifetime == made.lifetime);
  CHECK(read->idle == made.idle);
  CHECK(read->probe == made.probe);
  CHECK(read->sealed == made.sealed);
}

TEST_CASE("every field of an offer is needed and checked") {
  check_fields(print_offer(offer()), parse_offer, true);
}

TEST_CASE("an offer's values must be what they stand for") {
  const auto good = print_offer(offer());
  const struct {
    const char* key;
    Json value;
    bool expected;
  } rows[] = {
      {"tunnel", std::string(32, 'G'), false},
      {"address", "edge.example.com", false},
      {"address", "[2001:db8::1]:8000", true},
      {"address", "a b:8000", false},
      {"forward-name", "", false},
      {"forward-name", std::string(256, 'f'), false},
      {"forward-port", 0, false},
      {"forward-port", 65535, true},
      {"forward-port", 65536, false},
      {"forward-port", "1", false},
      {"expires", 1'795'384'323, false},
      {"expires", "2026-11-22", false},
      {"expires", "2026-11-22T21:52:03Z", true},
      {"lifetime-ms", 0, true},
      {"lifetime-ms", 315'360'000'000, true},
      {"lifetime-ms", 315'360'000'001, false},
      {"idle-ms", "300000", false},
      {"credentials", "", false},
      {"credentials", "AAAA", true},
      {"credentials", "AAA", false},
      {"credentials", "-_-_", false},
  };
  for (const auto& row : rows) {
    CAPTURE(row.key);
    CAPTURE(row.value.dump());
    CHECK(parse_offer(with(good, row.key, row.value)).has_value() == row.expected);
  }
}

TEST_CASE("a seal is bound to endpoint, instance, tunnel, address and expiry") {
  const EndpointId endpoint{"00112233445566778899aabbccddeeff"};
  const InstanceId instance{"0123456789abcdef"};
  CHECK(offer_associated_data(endpoint, instance, offer()) ==
        "00112233445566778899aabbccddeeff.0123456789abcdef.ffeeddccbbaa99887766554433221100."
        "edge.example.com:8000.1795384323120");
  const auto sent = parse_offer(print_offer(offer()));
  REQUIRE(sent);
  CHECK(offer_associated_data(endpoint, instance, *sent) ==
        offer_associated_data(endpoint, instance, offer()));
}

TEST_CASE("a report has only what changed") {
  CHECK(print_agent_report({}) == "{}");
  const auto nothing = parse_agent_report("{}");
  REQUIRE(nothing);
  CHECK_FALSE(nothing->version);
  CHECK_FALSE(nothing->tunnel_failure);

  AgentReport report;
  report.version = "0.2.0";
  report.platform = "linux-aarch64";
  report.host_name = "shop-17";
  report.tunnel_failure = "host-key-mismatch";
  report.tunnel_detail = "the tunnel server's key is SHA256:abc";
  report.hold = milliseconds{25'000};
  const auto read = parse_agent_report(print_agent_report(report));
  REQUIRE(read);
  CHECK(read->version == report.version);
  CHECK(read->platform == report.platform);
  CHECK(read->host_name == report.host_name);
  CHECK(read->tunnel_failure == report.tunnel_failure);
  CHECK(read->tunnel_detail == report.tunnel_detail);
  CHECK(read->hold == report.hold);
  check_fields(print_agent_report(report), parse_agent_report, false);

  report.tunnel_failure = "";
  CHECK(parse_agent_report(print_agent_report(report))->tunnel_failure == "");
}

TEST_CASE("a report's fields are bounded, and its printer cuts what is too long") {
  CHECK(parse_agent_report(Json{{"tunnel-detail", std::string(200, 'd')}}.dump()));
  CHECK_FALSE(parse_agent_report(Json{{"tunnel-detail", std::string(201, 'd')}}.dump()));
  CHECK_FALSE(parse_agent_report(R"({"tunnel-failure": "Two Words"})"));
  CHECK_FALSE(parse_agent_report(R"({"version": null})"));
  CHECK(parse_agent_report(R"({"hold-ms": 0})")->hold == milliseconds{0});
  for (const char* hold : {"-1", "null", "\"25s\"", "1.5", "1e99", "99999999999999999999"}) {
    CHECK_FALSE(parse_agent_report("{\"hold-ms\": " + std::string(hold) + "}"));
  }
  AgentReport report;
  report.tunnel_detail = std::string(5000, 'd');
  CHECK(parse_agent_report(print_agent_report(report))->tunnel_detail->size() == 200);
}
