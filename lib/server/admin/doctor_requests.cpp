// What edgectl doctor asks: whether an endpoint's tunnel really works, and what edged itself can
// see of its own health that nobody else can (its files, its descriptors).
#include <sys/resource.h>

#include <boost/asio/co_spawn.hpp>
#include <filesystem>

#include "base/files.hpp"
#include "base/log.hpp"
#include "crypto/certificate.hpp"
#include "server/admin/admin_requests.hpp"
#include "server/tunnel/tunnel.hpp"

namespace edge::server {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

// As written by the store: beside it, whole, and on disk. "" when that worked.
std::string why_not_writable(const fs::path& state) {
  const auto file = state / "doctor";
  const auto written = write_file(file, "written to see whether it can be\n", 0600);
  std::error_code ignored;
  fs::remove(file, ignored);
  return written ? "" : written.error().message;
}

json store_view(store::Store& store, const fs::path& state) {
  auto reason = why_not_writable(state);
  if (reason.empty()) {
    if (auto read = store.load_settings(); !read) reason = read.error().message;
  }
  std::error_code error;
  const auto space = fs::space(state, error);
  return {{"folder", state.string()},
          {"writable", reason.empty()},
          {"reason", reason},
          {"free-bytes", error ? json(nullptr) : json(space.available)}};
}

json certificate_view(const fs::path& file) {
  json view{{"file", file.string()},
            {"not-before", nullptr},
            {"not-after", nullptr},
            {"pin", ""},
            {"reason", ""}};
  const auto pem = read_file(file);
  const auto validity =
      pem ? crypto::validity_of_certificate(*pem) : Result<crypto::Validity>(pem.error());
  if (!validity) {
    view["reason"] = validity.error().message;
    return view;
  }
  view["not-before"] = format_rfc3339(validity->from);
  view["not-after"] = format_rfc3339(validity->until);
  if (auto pin = crypto::pin_of_certificate(*pem)) view["pin"] = *pin;
  return view;
}

json descriptors_view() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  std::error_code error;
  std::int64_t open = 0;
  for (fs::directory_iterator entry("/proc/self/fd", error), end; !error && entry != end;
       entry.increment(error))
    ++open;
  return {{"limit", limit.rlim_cur}, {"open", open}};
}

}  // namespace

AdminConnection::Answer AdminConnection::ping_endpoint(Call call) {
  if (auto error = offline_now(call)) co_return error_response(*error);
  const auto before = parts_.registry.presence(call.endpoint);
  const bool was_open = before && before->has_open_tunnel;
  const auto asked = std::chrono::steady_clock::now();
  const Demand demand(parts_.registry, call.endpoint);
  auto tunnel = co_await require_tunnel(call);
  if (!tunnel) {
    if (tunnel.error().code == Errc::unreachable) co_return std::nullopt;
    co_return error_response(tunnel.error());
  }
  const auto waited = std::chrono::ceil<milliseconds>(std::chrono::steady_clock::now() - asked);
  auto work = (*tunnel)->ping(parts_.config.answer_deadline);
  auto round_trip = co_await net::asio::co_spawn((*tunnel)->executor(), std::move(work),
                                                 net::asio::use_awaitable);
  if (!round_trip) co_return error_response(round_trip.error());
  const json view{{"apiVersion", "edge/v1"},
                  {"tunnel", (*tunnel)->id().text},
                  {"instance", (*tunnel)->instance().text},
                  {"way", to_string((*tunnel)->way())},
                  {"address", (*tunnel)->peer()},
                  {"waited-ms", was_open ? 0 : waited.count()},
                  {"round-trip-ms", std::chrono::ceil<milliseconds>(*round_trip).count()},
                  {"round-trip-us", round_trip->count()},
                  {"check-in", parts_.registry.describe_check_ins(call.endpoint)}};
  co_return json_response(200, view);
}

AdminConnection::Answer AdminConnection::show_check_ins(Call call) {
  auto view = parts_.registry.describe_check_ins(call.endpoint);
  view["apiVersion"] = "edge/v1";
  co_return json_response(200, view);
}

AdminConnection::Answer AdminConnection::examine_daemon(Call) {
  // Files are the store thread's: a disk that hangs must not stop a loop.
  auto look = [state = parts_.config.state, certificate = parts_.config.certificate](
                  store::Store& store) -> Result<std::string> {
    return json{{"store", store_view(store, state)}, {"certificate", certificate_view(certificate)}}
        .dump(-1, ' ', false, json::error_handler_t::replace);
  };
  auto seen = co_await parts_.store.run(look);
  json view = seen ? json::parse(*seen, nullptr, false) : json::object();
  if (!seen) view["store"] = {{"writable", false}, {"reason", seen.error().message}};
  view["apiVersion"] = "edge/v1";
  view["time"] = format_rfc3339(parts_.clock.wall());
  view["version"] = EDGE_VERSION;
  view["url"] = parts_.config.poll_url;
  view["tunnel"] = parts_.config.tunnel_address;
  view["pins"] = parts_.token_pins();
  view["pin"] = parts_.pin;
  view["host-key"] = parts_.host_key_fingerprint;
  view["listen"] = {{"poll", parts_.config.poll_listen}, {"tunnel", parts_.config.tunnel_listen}};
  view["descriptors"] = descriptors_view();
  view["connections"] = {{"limit", parts_.config.connections}, {"open", parts_.connections.load()}};
  view["log-lines-lost"] = log::lost();
  co_return json_response(200, view);
}

}  // namespace edge::server
