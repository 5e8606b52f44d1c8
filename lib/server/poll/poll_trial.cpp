// GET and POST /v1/trial: what edge-agent doctor asks, beside the agent that goes on checking in.
#include <algorithm>

#include "server/poll/poll_requests.hpp"
#include "wire/instance_view.hpp"

namespace edge::server {
namespace {

// Below what a connection has for any answer.
constexpr milliseconds kLongestWait{55'000};

net::Response put_off(milliseconds wait) {
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(wait).count();
  auto response = error_response(fail(Errc::unavailable, "a trial is under way, or too many were"));
  response.status = 429;
  response.headers.emplace_back("Retry-After", std::to_string(std::max<std::int64_t>(1, seconds)));
  return response;
}

}  // namespace

// Held like a check-in, so that whatever cuts those is seen to cut this.
net::Task<net::Response> PollRequests::show_instance(net::Request request, Caller caller) {
  const auto asked = wire::parse_wait(net::find_header(request.headers, "Prefer"));
  const auto wait = std::min(asked.value_or(milliseconds{0}), kLongestWait);
  if (wait.count() > 0) co_await net::sleep(wait);
  auto view = parts_.registry.view_of(caller);
  if (!view) co_return unauthorized();
  view->address = peer_;
  net::Response response{200, {{"Content-Type", "application/json"}}, "", true};
  response.headers.emplace_back("Edge-Next",
                                wire::print_pace(parts_.registry.pace(caller.endpoint)));
  response.body = wire::print_instance_view(*view);
  co_return response;
}

net::Response PollRequests::new_trial(const Caller& caller) {
  auto offer = parts_.registry.make_trial(caller);
  if (!offer) return put_off(offer.error());
  return {200, {{"Content-Type", "application/json"}}, wire::print_offer(*offer), true};
}

}  // namespace edge::server
