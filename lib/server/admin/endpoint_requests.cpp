// Creating, showing and changing endpoints. The store first, then the registry, then the answer.
#include "base/text.hpp"
#include "crypto/keys.hpp"
#include "crypto/random.hpp"
#include "server/admin/admin_requests.hpp"
#include "wire/json.hpp"
#include "wire/token.hpp"

namespace edge::server {
namespace {

using nlohmann::json;

constexpr milliseconds kDefaultExpiry = std::chrono::hours(24);
constexpr std::size_t kEventsShown = 20;

Result<json> body_object(const net::Request& request) {
  return wire::parse_json_object(request.body.empty() ? "{}" : request.body);
}

// "24h", "never", or absent.
Result<std::optional<WallTime>> expiry(const json& body, WallTime now) {
  auto text = wire::optional_text_field(body, "expires", {1, 32});
  if (!text) return text.error();
  if (!*text) return std::optional(now + kDefaultExpiry);
  if (**text == "never") return std::optional<WallTime>();
  const auto duration = parse_duration(**text);
  if (!duration || duration->count() <= 0) {
    return fail(Errc::usage, "expires: a duration such as 24h or 90d, or never");
  }
  return std::optional(now + *duration);
}

// Agents will look the names up themselves; a name that means nothing here is worth a word.
net::Task<std::optional<std::string>> name_warning(std::string url) {
  auto parsed = parse_https_url(url);
  if (!parsed) co_return std::nullopt;
  auto found = co_await net::look_up(parsed->address, milliseconds{2000});
  if (found) co_return std::nullopt;
  co_return parsed->address.host + " does not resolve on this machine: agents must be able to";
}

struct NewToken {
  wire::Token token;
  std::string edge_id;
};

NewToken make_token(const Parts& parts, const EndpointId& id, const std::string& name,
                    const std::string& url, std::optional<WallTime> expires) {
  NewToken made;
  made.token.urls = {url.empty() ? parts.config.poll_url : url};
  made.token.tunnel = parts.config.tunnel_address;
  made.token.endpoint = id;
  made.token.name = name;
  made.token.host_keys = {parts.host_key_fingerprint};
  made.token.pins = {parts.pin};
  made.token.secret = crypto::random_secret(32);
  made.token.expires = expires;
  made.edge_id = crypto::random_uuid();
  return made;
}

json token_view(const NewToken& made, json endpoint, json warnings) {
  return {{"apiVersion", "edge/v1"},
          {"endpoint", std::move(endpoint)},
          {"token", wire::print_token(made.token)},
          {"edge-id", made.edge_id},
          {"url", made.token.urls.front()},
          {"tunnel", made.token.tunnel},
          {"warnings", std::move(warnings)}};
}

}  // namespace

AdminConnection::Answer AdminConnection::list_endpoints(Call) {
  co_return json_response(200,
                          {{"apiVersion", "edge/v1"}, {"items", parts_.registry.describe_all()}});
}

AdminConnection::Answer AdminConnection::create_endpoint(Call call) {
  auto body = body_object(call.request);
  if (!body) co_return error_response(body.error());
  auto name = wire::text_field(*body, "name", {0, 1024});
  if (!name) co_return error_response(name.error());
  if (!is_endpoint_name(*name)) {
    co_return error_response(fail(
        Errc::usage, "not an endpoint name: '" + printable(*name, 80) + "'", kEndpointNameRule));
  }
  auto expires = expiry(*body, parts_.clock.wall());
  if (!expires) co_return error_response(expires.error());
  auto url = wire::optional_text_field(*body, "url", {1, 512});
  if (!url) co_return error_response(url.error());
  if (*url) {
    if (auto parsed = parse_https_url(**url); !parsed) co_return error_response(parsed.error());
  }
  store::EndpointRecord record;
  record.id = crypto::new_endpoint_id();
  record.name = *name;
  record.created = parts_.clock.wall();
  record.url = url->value_or("");
  record.token_expires = *expires;
  record.generation = 1;
  const auto made = make_token(parts_, record.id, record.name, record.url, *expires);
  record.token_hash = crypto::sha256(made.token.secret.reveal());
  auto write = [record](store::Store& store) { return store.create_endpoint(record); };
  auto stored = co_await parts_.store.run(write);
  if (!stored) co_return error_response(stored.error());
  parts_.registry.add(record);
  parts_.record_event(event("endpoint.created", record.id, record.name));
  json warnings = json::array();
  if (auto warning = co_await name_warning(made.token.urls.front())) warnings.push_back(*warning);
  co_return json_response(
      201, token_view(made, parts_.registry.describe(record.id, false), std::move(warnings)));
}

net::Task<net::Response> AdminConnection::endpoint_view(EndpointId id, int http_status) {
  auto view = parts_.registry.describe(id, true);
  if (view.is_null())
    co_return error_response(fail(Errc::removed, "the endpoint was removed meanwhile"));
  auto read = [id](store::Store& store) { return store.events(id, kEventsShown); };
  auto events = co_await parts_.store.run(read);
  view["events"] = json::array();
  if (events) {
    for (const auto& event : *events) {
      view["events"].push_back({{"time", format_rfc3339(event.time)},
                                {"kind", event.kind},
                                {"instance", event.instance.text},
                                {"operator", event.operator_name},
                                {"text", printable(event.text)}});
    }
  }
  co_return json_response(http_status, view);
}

AdminConnection::Answer AdminConnection::show_endpoint(Call call) {
  co_return co_await endpoint_view(call.endpoint, 200);
}

AdminConnection::Answer AdminConnection::rename_endpoint(Call call) {
  auto body = body_object(call.request);
  if (!body) co_return error_response(body.error());
  auto name = wire::text_field(*body, "name", {0, 1024});
  if (!name) co_return error_response(name.error());
  if (!is_endpoint_name(*name)) {
    co_return error_response(fail(
        Errc::usage, "not an endpoint name: '" + printable(*name, 80) + "'", kEndpointNameRule));
  }
  auto write = [id = call.endpoint, name = *name](store::Store& store) {
    return store.rename_endpoint(id, name);
  };
  auto stored = co_await parts_.store.run(write);
  if (!stored) co_return error_response(stored.error());
  parts_.registry.rename(call.endpoint, *name);
  parts_.record_event(event("endpoint.renamed", call.endpoint, call.name + " -> " + *name));
  co_return co_await endpoint_view(call.endpoint, 200);
}

AdminConnection::Answer AdminConnection::remove_endpoint(Call call) {
  const auto record = parts_.registry.record(call.endpoint);
  if (!record) co_return error_response(fail(Errc::removed, "the endpoint was removed meanwhile"));
  const store::Tombstone tombstone{record->id, record->name, record->key, parts_.clock.wall()};
  auto write = [tombstone](store::Store& store) {
    return store.remove_endpoint(tombstone.id, tombstone);
  };
  auto stored = co_await parts_.store.run(write);
  if (!stored) co_return error_response(stored.error());
  parts_.registry.remove(call.endpoint, tombstone);
  parts_.record_event(event("endpoint.removed", call.endpoint, call.name));
  co_return net::Response{204, {}, "", true};
}

AdminConnection::Answer AdminConnection::new_token(Call call) {
  auto body = body_object(call.request);
  if (!body) co_return error_response(body.error());
  auto expires = expiry(*body, parts_.clock.wall());
  if (!expires) co_return error_response(expires.error());
  auto record = parts_.registry.record(call.endpoint);
  if (!record) co_return error_response(fail(Errc::removed, "the endpoint was removed meanwhile"));
  const auto made = make_token(parts_, record->id, record->name, record->url, *expires);
  record->token_hash = crypto::sha256(made.token.secret.reveal());
  record->token_expires = *expires;
  ++record->generation;
  auto write = [record = *record](store::Store& store) { return store.replace_token(record); };
  auto stored = co_await parts_.store.run(write);
  if (!stored) co_return error_response(stored.error());
  parts_.registry.replace_token(*record);
  parts_.record_event(
      event("endpoint.token", call.endpoint, "a new join token; the old one is dead"));
  co_return json_response(
      200, token_view(made, parts_.registry.describe(call.endpoint, false), json::array()));
}

AdminConnection::Answer AdminConnection::disassociate(Call call) {
  auto write = [id = call.endpoint](store::Store& store) { return store.disassociate(id); };
  auto stored = co_await parts_.store.run(write);
  if (!stored) co_return error_response(stored.error());
  parts_.registry.forget_association(call.endpoint);
  parts_.record_event(event("endpoint.disassociated", call.endpoint, call.name));
  co_return co_await endpoint_view(call.endpoint, 200);
}

}  // namespace edge::server
