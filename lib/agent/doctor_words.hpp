// What a doctor on a node says of what it sees: how each step fails, and HTTP statuses. Pure.
#pragma once

#include <optional>
#include <string>

#include "doctor/reach.hpp"
#include "net/http.hpp"

namespace edge::agent {

const doctor::Advice& poll_advice();
const doctor::Advice& tunnel_advice();
const doctor::Advice& proxy_advice();  // of the way to the proxy itself

// The answer to GET /v1/trial; nothing: edged's own, and a good one.
struct BadAnswer {
  std::string seen;
  doctor::Trouble trouble;
};
std::optional<BadAnswer> judge_answer(const net::Response& response, const std::string& endpoint);
// edged has authenticated us and does not know the request: an older one.
bool is_older_edged(const net::Response& response);

// "Fri, 27 Nov 2026 11:30:00 GMT" (RFC 9110, section 5.6.7).
std::optional<WallTime> parse_http_date(const std::string& text);

}  // namespace edge::agent
