// Creating endpoints: one, or many at once. The store first, then the registry, then the answer.
#include <boost/asio/post.hpp>

#include "base/numbered_name.hpp"
#include "base/text.hpp"
#include "crypto/random.hpp"
#include "server/admin/admin_requests.hpp"
#include "server/admin/new_token.hpp"
#include "wire/json.hpp"

namespace edge::server {
namespace {

using nlohmann::json;

// The answer with all tokens is one text, and edgectl reads 64 MB: with the longest URL that is
// allowed an item has some 2 KB.
constexpr std::int64_t kMostAtOnce = 20'000;
constexpr std::int64_t kLastNumber = 9'999'999;
// How many the registry is given before the loop has its turn: some milliseconds.
constexpr std::size_t kAddedAtOnce = 256;

Error bad_name(const std::string& name) {
  return fail(Errc::usage, "not an endpoint name: '" + printable(name, 80) + "'",
              kEndpointNameRule);
}

Result<fleet::Labels> labels_wish(const json& body) {
  constexpr wire::Bounds kItems{0, fleet::kMostLabels};
  fleet::LabelChange change;
  auto labels = wire::optional_text_map_field(body, "labels", kItems, {0, 1024});
  if (!labels) return labels.error();
  change.set = std::move(*labels);
  if (auto checked = fleet::check_change(change); !checked) return checked.error();
  return change.set;
}

store::EndpointRecord new_record(std::string name, const TokenWish& wish, WallTime now) {
  store::EndpointRecord record;
  record.id = crypto::new_endpoint_id();
  record.name = std::move(name);
  record.created = now;
  record.url = wish.url;
  record.token_expires = wish.expires;
  record.generation = 1;
  return record;
}

struct ManyWish {
  std::string prefix;
  std::int64_t first = 1, count = 0;
  store::IfExists if_exists = store::IfExists::refuse;
  TokenWish token;
  fleet::Labels labels;

  std::string name(std::int64_t place) const {
    return numbered_name(prefix, static_cast<std::uint64_t>(first + place));
  }
};

Result<ManyWish> many_wish(const json& body, WallTime now) {
  ManyWish wish;
  auto token = token_wish(body, now);
  if (!token) return token.error();
  wish.token = *token;
  auto labels = labels_wish(body);
  if (!labels) return labels.error();
  wish.labels = std::move(*labels);
  auto error = Error{};
  const bool read =
      wire::take(wire::number_field(body, "count", 1, kMostAtOnce), wish.count, error) &&
      wire::take(wire::text_field(body, "prefix", {0, 1024}), wish.prefix, error);
  if (!read) return error;
  if (body.contains("start")) {
    auto start = wire::number_field(body, "start", 0, kLastNumber);
    if (!start) return start.error();
    wish.first = *start;
  }
  if (const auto skip = body.find("if-absent"); skip != body.end()) {
    if (!skip->is_boolean()) return wire::wrong_field("if-absent", "is true or false");
    if (skip->get<bool>()) wish.if_exists = store::IfExists::skip;
  }
  // The last one is the longest.
  const auto last = wish.name(wish.count - 1);
  if (!is_endpoint_name(last)) return bad_name(last);
  return wish;
}

struct Many {
  std::vector<store::EndpointRecord> records;
  std::string items, existing;  // JSON lists, as text
};

// On the store's thread: random bytes, hashes and JSON for 15,000 would hold up a loop. What it
// made counts for nothing until the store has all of it.
Result<Many> make_many(const Parts& parts, store::Store& store, const ManyWish& wish,
                       WallTime now) {
  Many many;
  std::vector<NewToken> tokens;
  for (std::int64_t place = 0; place < wish.count; ++place) {
    auto& record = many.records.emplace_back(new_record(wish.name(place), wish.token, now));
    record.labels = wish.labels;
    tokens.push_back(make_token(parts, record));
  }
  auto skipped = store.create_endpoints(many.records, wish.if_exists);
  if (!skipped) return skipped.error();
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    const auto& record = many.records[i];
    if (skipped->count(record.name) != 0) continue;
    json endpoint{{"apiVersion", "edge/v1"}, {"id", record.id.text}, {"name", record.name}};
    many.items += (many.items.empty() ? "" : ",\n") + json_text(token_view(tokens[i], endpoint));
  }
  std::erase_if(many.records, [&](const auto& record) { return skipped->count(record.name) != 0; });
  many.existing = json(*skipped).dump();
  return many;
}

std::string summary(const std::vector<store::EndpointRecord>& made) {
  return made.front().name + " to " + made.back().name + " (" + std::to_string(made.size()) + ")";
}

}  // namespace

AdminConnection::Answer AdminConnection::create_endpoint(Call call) {
  auto body = body_object(call.request);
  if (!body) co_return error_response(body.error());
  if (body->contains("count")) co_return co_await create_many(std::move(*body));
  auto name = wire::text_field(*body, "name", {0, 1024});
  if (!name) co_return error_response(name.error());
  if (!is_endpoint_name(*name)) co_return error_response(bad_name(*name));
  const auto now = parts_.clock.wall();
  auto wish = token_wish(*body, now);
  if (!wish) co_return error_response(wish.error());
  auto labels = labels_wish(*body);
  if (!labels) co_return error_response(labels.error());
  auto record = new_record(*name, *wish, now);
  record.labels = std::move(*labels);
  const auto made = make_token(parts_, record);
  auto write = [record](store::Store& store) { return store.create_endpoint(record); };
  auto stored = co_await parts_.store.run(write);
  if (!stored) co_return error_response(stored.error());
  parts_.registry.add(record);
  parts_.record_event(event("endpoint.created", record.id, record.name));
  auto view = token_view(made, parts_.registry.describe(record.id, false));
  auto warnings = co_await name_warnings(made.token.urls.front());
  view["warnings"] = std::move(warnings);
  co_return json_response(201, view);
}

AdminConnection::Answer AdminConnection::create_many(json body) {
  const auto now = parts_.clock.wall();
  auto wish = many_wish(body, now);
  if (!wish) co_return error_response(wish.error());
  auto write = [&parts = parts_, wish = *wish, now](store::Store& store) {
    return make_many(parts, store, wish, now);
  };
  auto many = co_await parts_.store.run(write);
  if (!many) co_return error_response(many.error());
  std::size_t added = 0;
  for (const auto& record : many->records) {
    parts_.registry.add(record);
    if (++added % kAddedAtOnce != 0) continue;
    co_await net::asio::post(stream_.executor(), net::asio::use_awaitable);
  }
  if (added != 0) parts_.record_event(event("endpoint.created", {}, summary(many->records)));
  const auto url = wish->token.url.empty() ? parts_.config.poll_url : wish->token.url;
  const auto warnings = co_await name_warnings(url);
  net::Response response = json_response(201, nullptr);
  response.body = R"({"apiVersion": "edge/v1", "items": [)" + many->items + R"(], "existing": )" +
                  many->existing + R"(, "warnings": )" + warnings.dump() + "}\n";
  co_return response;
}

}  // namespace edge::server
