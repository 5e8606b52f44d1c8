// Showing and changing endpoints. The store first, then the registry, then the answer.
#include <algorithm>
#include <boost/asio/post.hpp>

#include "base/text.hpp"
#include "server/admin/admin_requests.hpp"
#include "server/admin/new_token.hpp"
#include "wire/json.hpp"

namespace edge::server {
namespace {

using nlohmann::json;

constexpr std::size_t kEventsShown = 20;

}  // namespace

AdminConnection::Answer AdminConnection::list_endpoints(Call call) {
  auto selector = selector_of(call.query);
  if (!selector) co_return error_response(selector.error());
  auto found = co_await matching(std::move(*selector));
  auto response = co_await list_of(std::move(*found), true);
  co_return response;
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
  record->token_expires = *expires;
  const auto made = make_token(parts_, *record);
  ++record->generation;
  auto write = [record = *record](store::Store& store) { return store.replace_token(record); };
  auto stored = co_await parts_.store.run(write);
  if (!stored) co_return error_response(stored.error());
  parts_.registry.replace_token(*record);
  parts_.record_event(
      event("endpoint.token", call.endpoint, "a new join token; the old one is dead"));
  auto view = token_view(made, parts_.registry.describe(call.endpoint, false));
  view["warnings"] = json::array();
  co_return json_response(200, view);
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
