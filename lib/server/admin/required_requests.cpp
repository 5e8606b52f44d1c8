// Many endpoints required at once, for as long as the connection lives that asked: an operator who
// is about to do something to all of them needs neither a session nor a descriptor for each.
#include <boost/asio/post.hpp>

#include "base/numbered_name.hpp"
#include "base/text.hpp"
#include "server/admin/admin_requests.hpp"
#include "server/admin/new_token.hpp"
#include "server/tunnel/tunnel.hpp"
#include "wire/json.hpp"

namespace edge::server {
namespace {

using nlohmann::json;

constexpr std::int64_t kMostAtOnce = 20'000;  // as many as are created at once
constexpr std::int64_t kLastNumber = 9'999'999;
constexpr std::size_t kRaisedAtOnce = 256;  // then the loop has its turn

struct ManyNames {
  std::string prefix;
  std::int64_t first = 1, count = 0;
};

Result<ManyNames> many_names(const json& body) {
  ManyNames names;
  auto error = Error{};
  const bool read =
      wire::take(wire::number_field(body, "count", 1, kMostAtOnce), names.count, error) &&
      wire::take(wire::text_field(body, "prefix", {0, 1024}), names.prefix, error);
  if (!read) return error;
  if (body.contains("start")) {
    auto start = wire::number_field(body, "start", 0, kLastNumber);
    if (!start) return start.error();
    names.first = *start;
  }
  return names;
}

}  // namespace

AdminConnection::Answer AdminConnection::require_many(Call call) {
  auto body = body_object(call.request);
  if (!body) co_return error_response(body.error());
  const auto names = many_names(*body);
  if (!names) co_return error_response(names.error());
  std::vector<EndpointId> found;
  for (std::int64_t place = 0; place < names->count; ++place) {
    const auto name =
        numbered_name(names->prefix, static_cast<std::uint64_t>(names->first + place));
    const auto id = parts_.registry.find(name);
    if (!id) {
      co_return error_response(fail(Errc::not_found, "no endpoint '" + printable(name, 80) + "'",
                                    "edgectl endpoint ls"));
    }
    found.push_back(*id);
  }
  if (demands_.size() + found.size() > static_cast<std::size_t>(kMostAtOnce)) {
    co_return error_response(fail(
        Errc::conflict, "a connection may require " + std::to_string(kMostAtOnce) + " endpoints"));
  }
  std::size_t raised = 0;
  for (const auto& id : found) {
    demands_.emplace_back(parts_.registry, id);
    if (++raised % kRaisedAtOnce != 0) continue;
    co_await net::asio::post(stream_.executor(), net::asio::use_awaitable);
  }
  co_return json_response(200, {{"apiVersion", "edge/v1"}, {"required", raised}});
}

}  // namespace edge::server
