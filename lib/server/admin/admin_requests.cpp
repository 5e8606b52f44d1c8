#include "server/admin/admin_requests.hpp"

#include <unistd.h>

#include <cmath>

#include "base/encoding.hpp"
#include "base/text.hpp"
#include "crypto/random.hpp"
#include "server/tunnel/tunnel.hpp"
#include "ssh/key.hpp"

namespace edge::server {
namespace {

constexpr std::string_view kOfEndpoints = "/v1/endpoints/";

// "/v1/endpoints/shop-17/token?x=y" against "/v1/endpoints/*/token": the part at '*'.
bool matches(std::string_view path, std::string_view pattern, std::string& name) {
  const auto star = pattern.find('*');
  if (star == std::string_view::npos) return path == pattern;
  const auto head = pattern.substr(0, star), tail = pattern.substr(star + 1);
  if (path.size() <= head.size() + tail.size()) return false;
  if (path.substr(0, head.size()) != head || path.substr(path.size() - tail.size()) != tail)
    return false;
  const auto middle = path.substr(head.size(), path.size() - head.size() - tail.size());
  if (middle.find('/') != std::string_view::npos) return false;
  name = middle;
  return true;
}

std::map<std::string, std::string> parse_query(std::string_view text) {
  std::map<std::string, std::string> query;
  while (!text.empty() && query.size() < 16) {
    const auto part = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(text.size(), part.size() + 1));
    const auto equals = part.find('=');
    const auto value = equals == std::string_view::npos ? "" : part.substr(equals + 1);
    query.emplace(part.substr(0, equals), percent_decoded(value).value_or(std::string(value)));
  }
  return query;
}

nlohmann::json service_view(const Parts& parts) {
  return {{"up-to-us", ServiceTimes::kBounds}, {"counts", parts.service_times.counts()}};
}

nlohmann::json lags_view(const Parts& parts) {
  const auto now = std::chrono::steady_clock::now();
  const auto in_ms = [](net::LoopLag::microseconds lag) {
    return static_cast<double>(lag.count()) / 1000;
  };
  auto loops = nlohmann::json::array();
  for (const auto& lag : parts.lags) {
    loops.push_back({{"lag-ms", in_ms(lag.last(now))}, {"worst-lag-ms", in_ms(lag.worst(now))}});
  }
  return loops;
}

}  // namespace

AdminConnection::AdminConnection(Parts& parts, net::SocketStream& stream, net::HttpReader& reader,
                                 ConnectionSlot& slot, Operator who)
    : parts_(parts), stream_(stream), reader_(reader), slot_(slot), operator_(std::move(who)) {}
AdminConnection::~AdminConnection() = default;

// The whole API in one place.
const std::vector<AdminConnection::Route>& AdminConnection::routes() {
  using A = AdminConnection;
  static const std::vector<Route> all{
      {"GET", "/v1/status", &A::status},
      {"GET", "/v1/endpoints", &A::list_endpoints},
      {"POST", "/v1/endpoints", &A::create_endpoint},
      {"GET", "/v1/endpoints/*", &A::show_endpoint},
      {"PATCH", "/v1/endpoints/*", &A::rename_endpoint},
      {"DELETE", "/v1/endpoints/*", &A::remove_endpoint},
      {"POST", "/v1/endpoints/*/token", &A::new_token},
      {"POST", "/v1/endpoints/*/disassociate", &A::disassociate},
      {"GET", "/v1/endpoints/*/settings", &A::endpoint_settings},
      {"PATCH", "/v1/endpoints/*/settings", &A::change_endpoint_settings},
      {"GET", "/v1/settings", &A::fleet_settings},
      {"PATCH", "/v1/settings", &A::change_fleet_settings},
      {"GET", "/v1/endpoints/*/snapshots", &A::list_snapshots},
      {"POST", "/v1/endpoints/*/snapshots", &A::take_snapshot},
      {"GET", "/v1/endpoints/*/session", &A::open_session},
      {"GET", "/v1/sessions", &A::list_sessions},
      {"GET", "/v1/sessions/*", &A::show_session},
      {"DELETE", "/v1/sessions/*", &A::kill_session},
      {"POST", "/v1/required", &A::require_many},
      {"POST", "/v1/targets", &A::find_targets},
      {"PATCH", "/v1/labels", &A::change_labels},
      {"PATCH", "/v1/targets/settings", &A::change_target_settings},
      {"GET", "/v1/watch", &A::watch_endpoints},
      {"POST", "/v1/endpoints/*/ping", &A::ping_endpoint},
      {"GET", "/v1/endpoints/*/check-in", &A::show_check_ins},
      {"POST", "/v1/wait", &A::wait_for},
      {"GET", "/v1/doctor", &A::examine_daemon},
  };
  return all;
}

net::Task<std::optional<net::Response>> AdminConnection::answer(net::Request request) {
  const auto question = request.target.find('?');
  const auto path = request.target.substr(0, question);
  Call call;
  if (question != std::string::npos)
    call.query = parse_query(std::string_view(request.target).substr(question + 1));
  const Route* found = nullptr;
  bool path_known = false;
  for (const auto& route : routes()) {
    std::string name;
    if (!matches(path, route.path, name)) continue;
    path_known = true;
    if (request.method != route.method) continue;
    found = &route;
    call.name = name;
    break;
  }
  if (found == nullptr) {
    co_return error_response(fail(Errc::not_found, path_known
                                                       ? "no such method on " + printable(path)
                                                       : "no such path: " + printable(path)));
  }
  call.request = std::move(request);
  if (path.starts_with(kOfEndpoints)) {
    const auto id = parts_.registry.find(call.name);
    if (!id) co_return error_response(no_endpoint(call.name));
    call.endpoint = *id;
    call.name = parts_.registry.name_of(*id);
  }
  co_return co_await (this->*found->handle)(std::move(call));
}

Error AdminConnection::no_endpoint(const std::string& name) const {
  const auto near = nearest(name, parts_.registry.names());
  return fail(Errc::not_found, "no endpoint '" + printable(name, 80) + "'",
              near.empty() ? "edgectl endpoint ls" : "did you mean '" + near + "'?");
}

store::EventRecord AdminConnection::event(std::string kind, const EndpointId& id,
                                          std::string text) const {
  return {{}, std::move(kind), id, {}, operator_.name, std::move(text)};
}

AdminConnection::Answer AdminConnection::status(Call) {
  const auto counts = parts_.registry.counts();
  const auto up =
      std::chrono::duration_cast<std::chrono::seconds>(parts_.clock.wall() - parts_.started);
  co_return json_response(
      200, {{"apiVersion", "edge/v1"},
            {"version", EDGE_VERSION},
            {"libssh", ssh::library_version()},
            {"openssl", crypto::library_version()},
            {"pid", ::getpid()},
            {"started", format_rfc3339(parts_.started)},
            {"uptime-seconds", up.count()},
            {"url", parts_.config.poll_url},
            {"tunnel", parts_.config.tunnel_address},
            {"endpoints",
             {{"new", counts.fresh}, {"online", counts.online}, {"offline", counts.offline}}},
            {"tunnels", counts.tunnels},
            {"sessions", counts.sessions},
            {"held", counts.held},
            {"connections", parts_.connections.load() - parts_.operators.load()},
            {"tls",
             {{"handshakes", parts_.tickets->handshakes.load()},
              {"resumed", parts_.tickets->resumed.load()}}},
            {"check-ins", parts_.registry.check_ins()},
            {"check-ins-per-second", std::round(parts_.check_in_rate.per_second() * 10) / 10},
            {"check-in-service", service_view(parts_)},
            {"loops", lags_view(parts_)},
            {"pins", parts_.token_pins()},
            {"host-key", parts_.host_key_fingerprint}});
}

}  // namespace edge::server
