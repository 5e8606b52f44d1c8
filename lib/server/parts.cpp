#include "server/parts.hpp"

#include "base/log.hpp"

namespace edge::server {
namespace {

int status_of(Errc code) {
  switch (code) {
    case Errc::usage:
      return 400;
    case Errc::not_allowed:
      return 403;
    case Errc::not_found:
      return 404;
    case Errc::timed_out:
      return 408;
    case Errc::conflict:
      return 409;
    case Errc::removed:
      return 410;
    case Errc::offline:
    case Errc::unreachable:
    case Errc::unavailable:
      return 503;
    case Errc::failure:
      return 500;
  }
  return 500;
}

}  // namespace

void Parts::say_full(const char* port) {
  const auto now = clock.steady().time_since_epoch();
  auto said = said_full.load();
  constexpr SteadyTime::duration kEvery = std::chrono::minutes(1);
  if (said != 0 && now.count() - said < kEvery.count()) return;
  if (!said_full.compare_exchange_strong(said, now.count())) return;
  log::warning("connections.full", {{"port", port},
                                    {"connections", connections.load()},
                                    {"limit", config.connections},
                                    {"next", "limits.connections, and LimitNOFILE of the unit"}});
}

void Parts::record_event(store::EventRecord event) {
  event.time = clock.wall();
  log::info("event", {{"kind", event.kind},
                      {"endpoint", event.endpoint},
                      {"instance", event.instance},
                      {"operator", event.operator_name},
                      {"text", event.text}});
  store.post([event = std::move(event)](store::Store& store_) {
    if (auto written = store_.append_event(event); !written) {
      log::error("event.lost", {{"kind", event.kind}, {"reason", written.error().message}});
    }
  });
}

std::string json_text(const nlohmann::json& value) {
  return value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

net::Response json_response(int status, const nlohmann::json& body) {
  return {status, {{"Content-Type", "application/json"}}, json_text(body) + "\n", true};
}

net::Response error_response(const Error& error) {
  const bool retryable = error.code == Errc::offline || error.code == Errc::unavailable ||
                         error.code == Errc::timed_out || error.code == Errc::unreachable;
  return json_response(status_of(error.code), {{"error",
                                                {{"code", to_string(error.code)},
                                                 {"message", error.message},
                                                 {"hint", error.hint},
                                                 {"retryable", retryable}}}});
}

}  // namespace edge::server
