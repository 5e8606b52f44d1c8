// Operators who wait until endpoints are online, offline, or have a tunnel: one request for any
// number of them, answered when something has happened.
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>

#include "base/text.hpp"
#include "server/admin/admin_requests.hpp"
#include "server/tunnel/tunnel.hpp"
#include "wire/json.hpp"

namespace edge::server {
namespace {

using nlohmann::json;

constexpr milliseconds kLongestWait = std::chrono::hours{24};
constexpr std::size_t kLookedAtOnce = 512;  // then the loop has its turn
constexpr std::size_t kOthersListed = 100;
// Time alone makes an endpoint offline: nobody rings.
constexpr milliseconds kLookAgain{1'000};
// Of thousands something happens all the time.
constexpr milliseconds kGather{100};

enum class For { online, offline, tunnel };

struct WaitWish {
  For what = For::online;
  milliseconds wait{0};
  bool until_all = false, open = false;
};

Result<For> parse_for(const std::string& text) {
  if (text == "online") return For::online;
  if (text == "offline") return For::offline;
  if (text == "tunnel") return For::tunnel;
  return fail(Errc::usage, "for: online, offline or tunnel, not '" + printable(text, 32) + "'");
}

Result<WaitWish> parse_wish(const json& body) {
  const wire::Bounds kWord{0, 32};
  const auto what = wire::optional_text_field(body, "for", kWord);
  if (!what) return what.error();
  const auto wait = wire::optional_text_field(body, "wait", kWord);
  if (!wait) return wait.error();
  const auto until = wire::optional_text_field(body, "until", kWord);
  if (!until) return until.error();
  const auto open = wire::optional_flag_field(body, "open");
  if (!open) return open.error();
  const auto known = parse_for(what->value_or("online"));
  if (!known) return known.error();
  const auto duration = parse_duration(wait->value_or("0s"));
  if (!duration || *duration > kLongestWait)
    return fail(Errc::usage, "wait: a duration of at most 24h, such as 30s");
  const auto until_text = until->value_or("first");
  if (until_text != "first" && until_text != "all") return fail(Errc::usage, "until: first or all");
  return WaitWish{*known, *duration, until_text == "all", *open};
}

bool is_met(For what, const Registry::Presence& presence) {
  switch (what) {
    case For::online:
      return presence.state == fleet::EndpointState::online;
    case For::offline:
      return presence.state != fleet::EndpointState::online;
    case For::tunnel:
      break;
  }
  return presence.has_open_tunnel;
}

// Those of `waiting` that are so leave it for `met`. False: one was removed meanwhile.
net::Task<bool> look_at(Registry& registry, For what, std::vector<EndpointId>& waiting,
                        std::vector<EndpointId>& met) {
  const auto executor = co_await net::asio::this_coro::executor;
  std::vector<EndpointId> left;
  std::size_t looked = 0;
  bool all_exist = true;
  for (auto& id : waiting) {
    const auto presence = registry.presence(id);
    all_exist = all_exist && presence.has_value();
    const bool is_so = presence && is_met(what, *presence);
    (is_so ? met : left).push_back(std::move(id));
    if (++looked % kLookedAtOnce != 0) continue;
    co_await net::asio::post(executor, net::asio::use_awaitable);
  }
  waiting = std::move(left);
  co_return all_exist;
}

}  // namespace

AdminConnection::Answer AdminConnection::wait_for(Call call) {
  auto body = wire::parse_json_object(call.request.body, kMostTargetBytes);
  if (!body) co_return error_response(body.error());
  const auto wish = parse_wish(*body);
  if (!wish) co_return error_response(wish.error());
  auto targets = target_wish(*body);
  if (!targets) co_return error_response(targets.error());
  auto found = co_await resolve_targets(std::move(*targets));
  if (!found) co_return error_response(found.error());
  std::vector<EndpointId> waiting, met;
  for (const auto& target : *found) waiting.push_back(target.id);
  const auto bell = std::make_shared<net::Notify>(stream_.executor());
  const auto gone = std::make_shared<bool>(false);
  stream_.when_readable([bell, gone] {
    *gone = true;
    bell->ring();
  });
  std::vector<Demand> demands;
  for (const auto& id : waiting) {
    parts_.registry.watch(id, bell);
    if (wish->open) demands.emplace_back(parts_.registry, id);
  }
  const auto until = std::chrono::steady_clock::now() + wish->wait;
  bool all_exist = true;
  for (;;) {
    all_exist = co_await look_at(parts_.registry, wish->what, waiting, met);
    const bool done = waiting.empty() || (!wish->until_all && !met.empty());
    const auto left = std::chrono::ceil<milliseconds>(until - std::chrono::steady_clock::now());
    if (*gone || done || !all_exist || parts_.draining || left.count() <= 0) break;
    co_await bell->wait(std::min(left, kLookAgain));
    if (waiting.size() > kLookedAtOnce) co_await net::sleep(kGather);
  }
  if (*gone) co_return std::nullopt;
  stream_.forget_readable();
  if (!all_exist)
    co_return error_response(fail(Errc::removed, "an endpoint was removed meanwhile"));
  if (parts_.draining && met.empty() && !waiting.empty())
    co_return error_response(fail(Errc::unavailable, "edged is shutting down"));
  json items = json::array(), others = json::array();
  for (const auto& id : met) items.push_back(parts_.registry.describe_presence(id));
  for (const auto& id : waiting) {
    if (others.size() == kOthersListed) break;
    others.push_back(parts_.registry.describe_presence(id));
  }
  const json view{{"apiVersion", "edge/v1"},
                  {"items", std::move(items)},
                  {"waiting", waiting.size()},
                  {"others", std::move(others)}};
  co_return json_response(200, view);
}

}  // namespace edge::server
