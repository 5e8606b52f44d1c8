// Finding endpoints by name and by label, for whoever is about to do something to many of them.
#include <algorithm>
#include <boost/asio/post.hpp>
#include <unordered_set>

#include "base/text.hpp"
#include "fleet/nearest_labels.hpp"
#include "server/admin/admin_requests.hpp"
#include "wire/json.hpp"

namespace edge::server {
namespace {

using nlohmann::json;

constexpr std::size_t kPartsAtOnce = 128;  // a millisecond, then the loop has its turn
constexpr std::size_t kLookedUpAtOnce = 512;
constexpr std::size_t kListedAtOnce = 64;  // some milliseconds
constexpr std::size_t kMostUnknownListed = 50;
constexpr std::size_t kMostGuessed = 20;  // comparing a name with 15,000 takes milliseconds

void sort_by_name(std::vector<Named>& found) {
  std::sort(found.begin(), found.end(),
            [](const Named& left, const Named& right) { return left.name < right.name; });
}

}  // namespace

Result<TargetWish> target_wish(const json& body) {
  TargetWish wish;
  auto names = wire::optional_text_list_field(body, "endpoints", {0, kMostTargets}, {1, 1024});
  if (!names) return names.error();
  auto text = wire::optional_text_field(body, "selector", {0, kMostTargetBytes});
  if (!text) return text.error();
  wish.names = std::move(*names);
  if (*text) {
    auto selector = fleet::parse_selector(**text);
    if (!selector) return selector.error();
    wish.selector = std::move(*selector);
  }
  if (wish.names.empty() && !wish.selector) {
    return fail(Errc::usage, "no endpoints are named, and there is no selector");
  }
  return wish;
}

Result<std::optional<fleet::Selector>> selector_of(
    const std::map<std::string, std::string>& query) {
  const auto text = query.find("selector");
  if (text == query.end()) return std::optional<fleet::Selector>();
  auto selector = fleet::parse_selector(text->second);
  if (!selector) return selector.error();
  return std::optional(std::move(*selector));
}

net::Task<> AdminConnection::let_others_run() {
  co_await net::asio::post(stream_.executor(), net::asio::use_awaitable);
}

// By name. Nothing is no error here.
net::Task<Result<std::vector<Named>>> AdminConnection::matching(
    std::optional<fleet::Selector> selector) {
  std::vector<Named> found;
  for (std::size_t part = 0; part < Registry::kParts; ++part) {
    parts_.registry.each_of(part, [&](const Endpoint& endpoint) {
      if (selector && !selector->matches(endpoint.record.labels)) return;
      found.push_back({endpoint.record.name, endpoint.record.id});
    });
    if (part % kPartsAtOnce == kPartsAtOnce - 1) co_await let_others_run();
  }
  sort_by_name(found);
  co_return found;
}

net::Task<Error> AdminConnection::explain_no_match(fleet::Selector selector) {
  fleet::LabelCounts counts;
  for (std::size_t part = 0; part < Registry::kParts; ++part) {
    parts_.registry.each_of(part,
                            [&](const Endpoint& endpoint) { counts.add(endpoint.record.labels); });
    if (part % kPartsAtOnce == kPartsAtOnce - 1) co_await let_others_run();
  }
  co_return fleet::no_match(selector, counts);
}

net::Task<Error> AdminConnection::unknown_names(std::vector<std::string> unknown) {
  if (unknown.size() == 1) co_return no_endpoint(unknown.front());
  const auto known = parts_.registry.names();
  std::string message = std::to_string(unknown.size()) + " names are no endpoints:";
  for (std::size_t i = 0; i < unknown.size() && i < kMostUnknownListed; ++i) {
    message += "\n" + printable(unknown[i], 80);
    if (i >= kMostGuessed) continue;
    const auto near = nearest(unknown[i], known);
    if (!near.empty()) message += " (did you mean '" + near + "'?)";
    co_await let_others_run();
  }
  if (unknown.size() > kMostUnknownListed) {
    message += "\nand " + std::to_string(unknown.size() - kMostUnknownListed) + " more";
  }
  co_return fail(Errc::not_found, std::move(message), "edgectl ls -q lists what there is");
}

// Every name must be known; those that the selector is not true of are left out.
net::Task<Result<std::vector<Named>>> AdminConnection::named(TargetWish wish) {
  std::vector<Named> found;
  std::vector<std::string> unknown;
  std::unordered_set<EndpointId> seen;
  std::size_t looked_up = 0;
  for (const auto& name : wish.names) {
    if (++looked_up % kLookedUpAtOnce == 0) co_await let_others_run();
    const auto id = parts_.registry.find(name);
    if (!id) {
      unknown.push_back(name);
      continue;
    }
    if (!seen.insert(*id).second) continue;
    const auto labels = parts_.registry.labels_of(*id);
    if (!labels || (wish.selector && !wish.selector->matches(*labels))) continue;
    found.push_back({parts_.registry.name_of(*id), *id});
  }
  if (!unknown.empty()) {
    auto error = co_await unknown_names(std::move(unknown));
    co_return error;
  }
  if (found.empty()) {
    co_return fail(Errc::not_found,
                   "of the endpoints that are named none matches " +
                       (wish.selector ? fleet::print_selector(*wish.selector) : ""),
                   "edgectl ls -o wide shows the labels");
  }
  sort_by_name(found);
  co_return found;
}

// Names narrowed by the selector where both are given: fewer nodes, never more, than either says.
net::Task<Result<std::vector<Named>>> AdminConnection::resolve_targets(TargetWish wish) {
  if (!wish.names.empty()) {
    auto found = co_await named(std::move(wish));
    co_return found;
  }
  auto found = co_await matching(wish.selector);
  if (!found->empty() || !wish.selector) co_return found;
  auto error = co_await explain_no_match(std::move(*wish.selector));
  co_return error;
}

// One endpoint at a time, and the loop has its turn now and then: no lock is held for longer than
// it takes to describe one, and nobody's check-in waits for a list of 15,000.
net::Task<net::Response> AdminConnection::list_of(std::vector<Named> found, bool whole) {
  net::Response response = json_response(200, nullptr);
  response.body = R"({"apiVersion": "edge/v1", "items": [)";
  std::size_t listed = 0;
  for (const auto& one : found) {
    const auto row = whole ? parts_.registry.row_text(one.id) : parts_.registry.target_text(one.id);
    if (row.empty()) continue;  // removed meanwhile
    response.body += listed == 0 ? "\n" : ",\n";
    response.body += row;
    if (++listed % kListedAtOnce == 0) co_await let_others_run();
  }
  response.body += listed == 0 ? "]}\n" : "\n]}\n";
  co_return response;
}

AdminConnection::Answer AdminConnection::find_targets(Call call) {
  auto body = wire::parse_json_object(call.request.body, kMostTargetBytes);
  if (!body) co_return error_response(body.error());
  auto wish = target_wish(*body);
  if (!wish) co_return error_response(wish.error());
  const auto whole = wire::optional_flag_field(*body, "whole");
  if (!whole) co_return error_response(whole.error());
  auto found = co_await resolve_targets(std::move(*wish));
  if (!found) co_return error_response(found.error());
  auto response = co_await list_of(std::move(*found), *whole);
  co_return response;
}

}  // namespace edge::server
