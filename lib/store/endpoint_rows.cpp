#include "store/endpoint_rows.hpp"

#include <unordered_map>

#include "base/encoding.hpp"
#include "store/columns.hpp"
#include "store/instance_rows.hpp"
#include "store/sql.hpp"
#include "store/sql_failure.hpp"

namespace edge::store {
namespace {

using Places = std::unordered_map<std::string, std::size_t>;  // of endpoints, by id

std::size_t place_of(const Places& places, const std::string& id) {
  const auto place = places.find(id);
  if (place == places.end()) throw BrokenRow("a row belongs to no endpoint: " + id);
  return place->second;
}

Error not_found(const EndpointId& id) {
  return fail(Errc::not_found, "no endpoint " + id.text + " in the store");
}

Result<void> expect_one(long long changed, const EndpointId& id) {
  if (changed == 0) return not_found(id);
  return {};
}

std::vector<EndpointRecord> read_bare(soci::session& session) {
  std::string id, name, url, token_hash, edge_id_hash;
  KeyColumn key;
  long long created = 0, expires = 0, generation = 0;
  soci::indicator has_expiry{}, has_edge_id{};
  soci::statement rows =
      (session.prepare
           << "SELECT id, name, created_ms, url, token_hash, token_expires_ms, generation, "
              "edge_id_hash, agent_key FROM endpoint ORDER BY name",
       soci::into(id), soci::into(name), soci::into(created), soci::into(url),
       soci::into(token_hash), soci::into(expires, has_expiry), soci::into(generation),
       soci::into(edge_id_hash, has_edge_id), soci::into(key.text));
  std::vector<EndpointRecord> endpoints;
  rows.execute();
  while (rows.fetch()) {
    const std::string whose = "endpoint " + name;
    auto& endpoint = endpoints.emplace_back();
    endpoint.id.text = id;
    endpoint.name = name;
    endpoint.created = time_from(created);
    endpoint.url = url;
    endpoint.token_hash = bytes_from(token_hash, whose);
    if (has_expiry == soci::i_ok) endpoint.token_expires = time_from(expires);
    endpoint.generation = static_cast<std::uint32_t>(generation);
    if (has_edge_id == soci::i_ok) endpoint.edge_id_hash = bytes_from(edge_id_hash, whose);
    endpoint.key = key.key(whose);
  }
  return endpoints;
}

void add_settings(soci::session& session, const Places& places,
                  std::vector<EndpointRecord>& endpoints) {
  std::string id, name, value;
  soci::statement rows =
      (session.prepare << "SELECT endpoint_id, name, value FROM endpoint_setting", soci::into(id),
       soci::into(name), soci::into(value));
  rows.execute();
  while (rows.fetch()) endpoints[place_of(places, id)].settings[name] = value;
}

void add_labels(soci::session& session, const Places& places,
                std::vector<EndpointRecord>& endpoints) {
  std::string id, name, value;
  soci::statement rows = (session.prepare << "SELECT endpoint_id, name, value FROM endpoint_label",
                          soci::into(id), soci::into(name), soci::into(value));
  rows.execute();
  while (rows.fetch()) endpoints[place_of(places, id)].labels[name] = value;
}

Labels read_labels(soci::session& session, const EndpointId& id) {
  std::string name, value;
  soci::statement rows =
      (session.prepare << "SELECT name, value FROM endpoint_label WHERE endpoint_id = :i",
       soci::into(name), soci::into(value), soci::use(id.text));
  Labels labels;
  rows.execute();
  while (rows.fetch()) labels[name] = value;
  return labels;
}

// Nothing: it was removed meanwhile.
std::optional<std::string> read_name(soci::session& session, const EndpointId& id) {
  std::string name;
  soci::statement rows = (session.prepare << "SELECT name FROM endpoint WHERE id = :i",
                          soci::into(name), soci::use(id.text));
  if (!rows.execute(true)) return std::nullopt;
  return name;
}

// Which of the three that must be unique is taken; asked only after an insert did nothing.
Error taken(soci::session& session, const EndpointRecord& endpoint) {
  if (number(session, "SELECT count(*) FROM endpoint WHERE name = :n", endpoint.name) != 0) {
    return fail(Errc::conflict, "an endpoint named " + endpoint.name + " exists already",
                "choose another name, or remove that one: edgectl endpoint rm " + endpoint.name);
  }
  if (number(session, "SELECT count(*) FROM endpoint WHERE id = :i", endpoint.id.text) != 0) {
    return fail(Errc::conflict, "an endpoint with the id " + endpoint.id.text + " exists already");
  }
  return fail(Errc::conflict, "another endpoint has this edge ID");
}

}  // namespace

std::vector<EndpointRecord> read_endpoints(soci::session& session) {
  auto endpoints = read_bare(session);
  Places places;
  places.reserve(endpoints.size());
  for (std::size_t i = 0; i < endpoints.size(); ++i) places[endpoints[i].id.text] = i;
  add_settings(session, places, endpoints);
  add_labels(session, places, endpoints);
  for_each_instance(session, [&](const std::string& endpoint, InstanceRecord&& instance) {
    endpoints[place_of(places, endpoint)].instances.push_back(std::move(instance));
  });
  return endpoints;
}

// Statements are made anew for each: 15,000 take a fraction of a second all the same.
Result<void> insert_endpoints(soci::session& session, const std::vector<EndpointRecord>& endpoints,
                              IfExists if_exists, std::set<std::string>& skipped) {
  for (const auto& endpoint : endpoints) {
    const bool skip =
        if_exists == IfExists::skip &&
        number(session, "SELECT count(*) FROM endpoint WHERE name = :n", endpoint.name) != 0;
    if (skip) {
      skipped.insert(endpoint.name);
      continue;
    }
    if (auto inserted = insert_endpoint(session, endpoint); !inserted) return inserted;
  }
  return {};
}

Result<void> insert_endpoint(soci::session& session, const EndpointRecord& endpoint) {
  const KeyColumn key(endpoint.key);
  const auto inserted = run(
      session,
      "INSERT INTO endpoint (id, name, created_ms, url, token_hash, token_expires_ms, generation, "
      "edge_id_hash, agent_key) VALUES (:i, :n, :c, :u, :t, :x, :g, :e, :k) ON CONFLICT DO NOTHING",
      endpoint.id.text, endpoint.name, to_column(endpoint.created), endpoint.url,
      to_hex(endpoint.token_hash), to_column(endpoint.token_expires),
      static_cast<long long>(endpoint.generation), hex_of(endpoint.edge_id_hash), key.text);
  if (inserted == 0) return taken(session, endpoint);
  for (const auto& [name, value] : endpoint.settings) {
    upsert_endpoint_setting(session, endpoint.id, name, value);
  }
  update_labels(session, endpoint.id, {}, endpoint.labels);
  for (const auto& instance : endpoint.instances) upsert_instance(session, endpoint.id, instance);
  return {};
}

Result<void> update_name(soci::session& session, const EndpointId& id, const std::string& name) {
  return expect_one(run(session, "UPDATE endpoint SET name = :n WHERE id = :i", name, id.text), id);
}

Result<void> delete_endpoint(soci::session& session, const EndpointId& id) {
  return expect_one(run(session, "DELETE FROM endpoint WHERE id = :i", id.text), id);
}

Result<void> update_token(soci::session& session, const EndpointRecord& endpoint) {
  const auto changed = run(
      session,
      "UPDATE endpoint SET token_hash = :t, token_expires_ms = :x, generation = :g WHERE id = :i",
      to_hex(endpoint.token_hash), to_column(endpoint.token_expires),
      static_cast<long long>(endpoint.generation), endpoint.id.text);
  return expect_one(changed, endpoint.id);
}

Result<void> forget_association(soci::session& session, const EndpointId& id) {
  const auto changed = run(
      session, "UPDATE endpoint SET edge_id_hash = NULL, agent_key = '' WHERE id = :i", id.text);
  run(session, "DELETE FROM instance WHERE endpoint_id = :i", id.text);
  return expect_one(changed, id);
}

// Compare and set in one statement that writes: the transaction holds the write lock from its
// start, so no other can come between the look and the change.
Result<void> set_association(soci::session& session, const EndpointId& id,
                             const std::string& edge_id_hash, const Secret& key) {
  const KeyColumn column(key);
  const std::string hash = to_hex(edge_id_hash);
  const auto changed = run(session,
                           "UPDATE endpoint SET edge_id_hash = :h, agent_key = :k "
                           "WHERE id = :i AND edge_id_hash IS NULL "
                           "AND NOT EXISTS (SELECT 1 FROM endpoint WHERE edge_id_hash = :o)",
                           hash, column.text, id.text, hash);
  if (changed != 0) return {};
  if (number(session, "SELECT count(*) FROM endpoint WHERE id = :i", id.text) == 0)
    return not_found(id);
  if (number(session, "SELECT count(*) FROM endpoint WHERE edge_id_hash = :h AND id <> :i", hash,
             id.text) != 0) {
    return fail(Errc::conflict, "the edge ID belongs to another endpoint");
  }
  return fail(Errc::conflict, "endpoint " + id.text + " is associated already");
}

bool has_endpoint(soci::session& session, const EndpointId& id) {
  return number(session, "SELECT count(*) FROM endpoint WHERE id = :i", id.text) != 0;
}

void upsert_endpoint_setting(soci::session& session, const EndpointId& id, const std::string& key,
                             const std::string& value) {
  run(session,
      "INSERT INTO endpoint_setting (endpoint_id, name, value) VALUES (:i, :n, :v) "
      "ON CONFLICT (endpoint_id, name) DO UPDATE SET value = excluded.value",
      id.text, key, value);
}

void delete_endpoint_setting(soci::session& session, const EndpointId& id, const std::string& key) {
  run(session, "DELETE FROM endpoint_setting WHERE endpoint_id = :i AND name = :n", id.text, key);
}

void update_labels(soci::session& session, const EndpointId& id, const Labels& before,
                   const Labels& after) {
  for (const auto& [name, value] : before) {
    if (after.count(name) != 0) continue;
    run(session, "DELETE FROM endpoint_label WHERE endpoint_id = :i AND name = :n", id.text, name);
  }
  for (const auto& [name, value] : after) {
    const auto old = before.find(name);
    if (old != before.end() && old->second == value) continue;
    run(session,
        "INSERT INTO endpoint_label (endpoint_id, name, value) VALUES (:i, :n, :v) "
        "ON CONFLICT (endpoint_id, name) DO UPDATE SET value = excluded.value",
        id.text, name, value);
  }
}

Result<void> change_labels(soci::session& session, const std::vector<EndpointId>& ids,
                           const LabelRule& rule, std::map<EndpointId, Labels>& after) {
  for (const auto& id : ids) {
    const auto name = read_name(session, id);
    if (!name) continue;
    const auto before = read_labels(session, id);
    auto changed = rule(before, *name);
    if (!changed) return changed.error();
    update_labels(session, id, before, *changed);
    after[id] = std::move(*changed);
  }
  return {};
}

std::vector<Tombstone> read_tombstones(soci::session& session) {
  std::string id, name;
  KeyColumn key;
  long long removed = 0;
  soci::statement rows =
      (session.prepare
           << "SELECT endpoint_id, name, agent_key, removed_ms FROM tombstone ORDER BY removed_ms",
       soci::into(id), soci::into(name), soci::into(key.text), soci::into(removed));
  std::vector<Tombstone> tombstones;
  rows.execute();
  while (rows.fetch()) {
    tombstones.push_back({EndpointId{id}, name, key.key("tombstone " + name), time_from(removed)});
  }
  return tombstones;
}

void upsert_tombstone(soci::session& session, const Tombstone& tombstone) {
  const KeyColumn key(tombstone.key);
  run(session,
      "INSERT INTO tombstone (endpoint_id, name, agent_key, removed_ms) VALUES (:i, :n, :k, :r) "
      "ON CONFLICT (endpoint_id) DO UPDATE SET name = excluded.name, agent_key = "
      "excluded.agent_key, "
      "removed_ms = excluded.removed_ms",
      tombstone.id.text, tombstone.name, key.text, to_column(tombstone.removed));
}

}  // namespace edge::store
