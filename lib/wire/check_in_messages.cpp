// The JSON messages of check_in.hpp.
#include <algorithm>

#include "base/address.hpp"
#include "base/encoding.hpp"
#include "base/text.hpp"
#include "wire/check_in.hpp"
#include "wire/json.hpp"

namespace edge::wire {
namespace {

constexpr std::size_t kSecretBytes = 32;
constexpr std::int64_t kMostMilliseconds = 10LL * 365 * 24 * 3600 * 1000;  // 10 years
constexpr Bounds kVersionBytes{0, 64};                                     // version and platform
constexpr Bounds kHostNameBytes{0, 255};
constexpr Bounds kReasonBytes{0, 64};
constexpr Bounds kDetailBytes{0, 200};

// One line "ssh-ed25519 BASE64": it ends up in known_hosts files, so nothing else may ride along.
bool is_host_key(std::string_view text) {
  constexpr std::string_view kPrefix = "ssh-ed25519 ";
  if (!text.starts_with(kPrefix)) return false;
  const auto key = from_base64(text.substr(kPrefix.size()));
  // The blob of RFC 8709 section 4: two strings, the name and 32 bytes.
  constexpr std::string_view kHead("\0\0\0\x0bssh-ed25519\0\0\0\x20", 19);
  return key && key->size() == kHead.size() + 32 && key->starts_with(kHead);
}

bool is_reason(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= 'a' && c <= 'z') || c == '-'; });
}

Result<void> check(const Associate& message) {
  if (!is_uuid(message.edge_id)) return wrong_field("edge-id", "is not a UUID of version 4");
  if (!parse_endpoint_id(message.endpoint.text)) {
    return wrong_field("endpoint", "is no endpoint id");
  }
  if (!parse_instance_id(message.instance.text)) {
    return wrong_field("instance", "is no instance id");
  }
  if (!is_host_key(message.host_key)) return wrong_field("host-key", "is no ssh-ed25519 key");
  return {};
}

Result<Associate> read_associate(const Json& json) {
  Associate message;
  Error error;
  const bool taken = take(text_field(json, "endpoint", {32, 32}), message.endpoint.text, error) &&
                     take(text_field(json, "edge-id", {36, 36}), message.edge_id, error) &&
                     take(secret_field(json, "secret", kSecretBytes), message.secret, error) &&
                     take(text_field(json, "instance", {16, 16}), message.instance.text, error) &&
                     take(text_field(json, "host-key", {1, 1024}), message.host_key, error) &&
                     take(text_field(json, "version", kVersionBytes), message.version, error) &&
                     take(text_field(json, "platform", kVersionBytes), message.platform, error) &&
                     take(text_field(json, "host-name", kHostNameBytes), message.host_name, error);
  if (!taken) return error;
  if (const auto checked = check(message); !checked) return checked.error();
  return message;
}

Result<WallTime> time_field(const Json& json, const char* key) {
  const auto text = text_field(json, key, {1, 32});
  if (!text) return text.error();
  const auto time = parse_rfc3339(*text);
  if (!time) return wrong_field(key, "is not a time of RFC 3339 in UTC");
  return *time;
}

Result<std::string> sealed_field(const Json& json, const char* key) {
  const auto text = text_field(json, key, {1, 1024});
  if (!text) return text.error();
  auto bytes = from_base64(*text);
  if (!bytes) return wrong_field(key, "is not base64");
  return *bytes;
}

Result<Offer> read_offer(const Json& json) {
  Offer offer;
  Error error;
  const bool taken =
      take(text_field(json, "tunnel", {32, 32}), offer.tunnel.text, error) &&
      take(text_field(json, "address", {1, 300}), offer.address, error) &&
      take(text_field(json, "forward-name", {1, 255}), offer.forward_name, error) &&
      take(number_field(json, "forward-port", 1, 65535), offer.forward_port, error) &&
      take(time_field(json, "expires"), offer.expires, error) &&
      take(number_field(json, "lifetime-ms", 0, kMostMilliseconds), offer.lifetime, error) &&
      take(number_field(json, "idle-ms", 0, kMostMilliseconds), offer.idle, error) &&
      take(number_field(json, "probe-ms", 0, kMostMilliseconds), offer.probe, error) &&
      take(sealed_field(json, "credentials"), offer.sealed, error);
  if (!taken) return error;
  if (!from_hex(offer.tunnel.text)) return wrong_field("tunnel", "is no tunnel id");
  if (!parse_host_port(offer.address)) return wrong_field("address", "is not HOST:PORT");
  return offer;
}

Result<AgentReport> read_report(const Json& json) {
  AgentReport report;
  Error error;
  const bool taken =
      take(optional_text_field(json, "version", kVersionBytes), report.version, error) &&
      take(optional_text_field(json, "platform", kVersionBytes), report.platform, error) &&
      take(optional_text_field(json, "host-name", kHostNameBytes), report.host_name, error) &&
      take(optional_text_field(json, "tunnel-failure", kReasonBytes), report.tunnel_failure,
           error) &&
      take(optional_text_field(json, "tunnel-detail", kDetailBytes), report.tunnel_detail, error);
  if (!taken) return error;
  if (json.contains("hold-ms")) {
    const auto hold = number_field(json, "hold-ms", 0, kMostMilliseconds);
    if (!hold) return hold.error();
    report.hold = milliseconds(*hold);
  }
  if (report.tunnel_failure && !is_reason(*report.tunnel_failure)) {
    return wrong_field("tunnel-failure", "is no reason: a-z and '-' are expected");
  }
  return report;
}

// Parses and reads; the error says which message it was.
template <class Message>
Result<Message> parse(const char* what, std::string_view text,
                      Result<Message> (*read)(const Json&)) {
  const auto json = parse_json_object(text);
  if (!json) return within(what, json.error());
  auto message = read(*json);
  if (!message) return within(what, message.error());
  return message;
}

// What the other side would refuse for its length is cut here, so that an odd host can still talk.
void put(Json& json, const char* key, const std::optional<std::string>& text, Bounds bytes) {
  if (text) json[key] = printable(*text, bytes.most);
}

}  // namespace

std::string print_associate(const Associate& message) {
  Json json{{"endpoint", message.endpoint.text},
            {"edge-id", message.edge_id},
            {"secret", to_base64url(message.secret.reveal())},  // the one time that it is sent
            {"instance", message.instance.text},
            {"host-key", message.host_key}};
  put(json, "version", message.version, kVersionBytes);
  put(json, "platform", message.platform, kVersionBytes);
  put(json, "host-name", message.host_name, kHostNameBytes);
  return print_json(json);
}

Result<Associate> parse_associate(std::string_view json) {
  return parse("cannot associate", json, read_associate);
}

std::string print_offer(const Offer& offer) {
  return print_json(Json{{"tunnel", offer.tunnel.text},
                         {"address", offer.address},
                         {"forward-name", offer.forward_name},
                         {"forward-port", offer.forward_port},
                         {"expires", format_rfc3339(offer.expires)},
                         {"lifetime-ms", offer.lifetime.count()},
                         {"idle-ms", offer.idle.count()},
                         {"probe-ms", offer.probe.count()},
                         {"credentials", to_base64(offer.sealed)}});
}

Result<Offer> parse_offer(std::string_view json) {
  return parse("cannot use the answer to a check-in", json, read_offer);
}

std::string offer_associated_data(const EndpointId& endpoint, const InstanceId& instance,
                                  const Offer& offer) {
  return endpoint.text + "." + instance.text + "." + offer.tunnel.text + "." + offer.address + "." +
         std::to_string(offer.expires.time_since_epoch().count());
}

std::string print_agent_report(const AgentReport& report) {
  Json json = Json::object();
  put(json, "version", report.version, kVersionBytes);
  put(json, "platform", report.platform, kVersionBytes);
  put(json, "host-name", report.host_name, kHostNameBytes);
  put(json, "tunnel-failure", report.tunnel_failure, kReasonBytes);
  put(json, "tunnel-detail", report.tunnel_detail, kDetailBytes);
  if (report.hold) json["hold-ms"] = report.hold->count();
  return print_json(json);
}

Result<AgentReport> parse_agent_report(std::string_view json) {
  return parse("cannot take the agent's report", json, read_report);
}

}  // namespace edge::wire
