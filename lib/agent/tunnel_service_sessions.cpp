// TunnelService's part for sessions: a stream that becomes a session's carrier, and the word that
// an operator has gone.
#include "agent/tunnel_service.hpp"
#include "base/log.hpp"

namespace edge::agent {
namespace {

constexpr const char* kPlain = "ssh";            // SSH on the stream itself: ends with it
constexpr const char* kLasting = "edge-stream";  // SSH on a lasting stream
constexpr milliseconds kMostAway = std::chrono::hours(24);

net::Response plain(int status) {
  return {status, {}, "", false};
}

LastingSessions::Opening opening_of(const net::Headers& headers) {
  LastingSessions::Opening opening;
  opening.id = net::find_header(headers, "Edge-Session").substr(0, 64);
  opening.session_key = net::find_header(headers, "Edge-Session-Key");
  opening.login_key = net::find_header(headers, "Edge-Login-Key");
  opening.carrier = net::find_header(headers, "Edge-Carrier").substr(0, 64);
  if (opening.login_key.empty()) opening.login_key = opening.session_key;
  const auto limit = parse_duration(std::string(net::find_header(headers, "Edge-Resume-For")));
  opening.limit = std::min(limit.value_or(milliseconds{0}), kMostAway);
  return opening;
}

}  // namespace

net::Task<std::optional<net::Response>> TunnelService::session(const net::Request& request,
                                                               std::shared_ptr<net::Stream> stream,
                                                               net::HttpReader& reader,
                                                               std::shared_ptr<Sessions> live) {
  auto opening = opening_of(request.headers);
  const bool lasting = request.upgrade == kLasting && !options_.host_key.empty();
  const bool comes_back = !net::find_header(request.headers, "Edge-Resume").empty();
  if (opening.session_key.empty() || opening.id.empty()) co_return plain(400);
  if (!lasting && (comes_back || request.upgrade != kPlain)) co_return plain(400);
  if (comes_back && !lasting_.has(opening.id)) co_return plain(410);
  if (comes_back && !lasting_.is_key_of(opening.id, opening.session_key)) {
    log::warning("session.resume-refused",
                 {{"session", opening.id}, {"reason", "not by the key of this session"}});
    co_return plain(403);
  }
  if (lasting && !comes_back && lasting_.has(opening.id)) co_return plain(409);
  if (!comes_back && sessions_.full()) co_return plain(503);
  net::Response switched{101, {{"Connection", "Upgrade"}, {"Upgrade", request.upgrade}}, "", true};
  const auto failed = co_await net::write_response(*stream, std::move(switched));
  if (failed) co_return std::nullopt;
  if (!reader.take_rest().empty()) co_return std::nullopt;  // nothing may come before our 101
  std::function<void()> on_bytes = [this] { touch(); };
  if (lasting) {
    std::erase_if(live->lasting, [](const auto& weak) { return weak.expired(); });
    live->lasting.push_back(stream);
  }
  live_changed(*live, +1);
  if (comes_back) {
    // It may have ended while the 101 was on its way.
    if (lasting_.has(opening.id))
      co_await lasting_.resume(opening.id, opening.carrier, stream, std::move(on_bytes));
  } else if (lasting) {
    co_await lasting_.begin(std::move(opening), stream, std::move(on_bytes));
  } else {
    SessionTerms terms;
    terms.id = std::move(opening.id);
    terms.login_key = std::move(opening.login_key);
    co_await sessions_.serve(stream, std::move(terms), std::move(on_bytes));
  }
  stream->close();
  live_changed(*live, -1);
  touch();
  co_return std::nullopt;
}

net::Response TunnelService::hang_up(const net::Request& request) {
  const std::string id(net::find_header(request.headers, "Edge-Session"));
  const std::string carrier(net::find_header(request.headers, "Edge-Carrier"));
  switch (lasting_.hang_up(id, carrier)) {
    case LastingSessions::HungUp::yes:
      return plain(204);
    case LastingSessions::HungUp::by_somebody_else:
      return plain(409);
    case LastingSessions::HungUp::no_session:
      break;
  }
  return plain(410);
}

}  // namespace edge::agent
