// Following the endpoints: a stream of lines, one for each that changed, until the operator leaves
// or edged stops. Once a second each endpoint's mark is compared with the one that was told last:
// at 15,000 some milliseconds, a part at a time, and nobody else has to know that somebody follows.
#include <unordered_map>

#include "net/notify.hpp"
#include "server/admin/admin_requests.hpp"
#include "wire/json_writer.hpp"

namespace edge::server {
namespace {

constexpr milliseconds kPause{1000};
constexpr milliseconds kLeastSeen{1000};
constexpr std::size_t kPartsAtOnce = 32;
constexpr std::size_t kBatch = 64 * 1024;  // bytes in one write

// What the follower was told last.
struct Told {
  std::uint64_t mark = 0;
  SteadyTime seen{};
  std::uint64_t round = 0;  // that it was last there in
};

struct Follower {
  std::optional<fleet::Selector> selector;
  // How much older than the truth a last-seen may be; nothing: it is told with other changes only.
  std::optional<milliseconds> seen_every;
  std::unordered_map<EndpointId, Told> told;
  std::uint64_t round = 0;

  // Whether the endpoint is to be told of, and notes that it was.
  bool is_news(const Registry::Mark& now) {
    const auto [place, is_new] = told.try_emplace(now.id);
    auto& last = place->second;
    last.round = round;
    const bool older = seen_every && now.seen - last.seen >= *seen_every;
    if (!is_new && last.mark == now.mark && !older) return false;
    last.mark = now.mark;
    last.seen = now.seen;
    return true;
  }
};

Result<Follower> follower_of(const std::map<std::string, std::string>& query) {
  Follower follower;
  auto selector = selector_of(query);
  if (!selector) return selector.error();
  follower.selector = std::move(*selector);
  if (const auto seen = query.find("seen"); seen != query.end()) {
    const auto every = parse_duration(seen->second);
    if (!every) return fail(Errc::usage, "seen: a duration such as 2s");
    follower.seen_every = std::max(*every, kLeastSeen);
  }
  return follower;
}

std::string gone_line(const EndpointId& id) {
  std::string line;
  wire::JsonWriter json(line);
  json.begin_object().text("type", "gone").text("id", id.text).end_object();
  return line + "\n";
}

}  // namespace

AdminConnection::Answer AdminConnection::watch_endpoints(Call call) {
  auto follower = follower_of(call.query);
  if (!follower) co_return error_response(follower.error());
  net::Response head{200, {{"Content-Type", "application/x-ndjson"}}, "", false};
  auto lines = net::print_response_head(head);
  auto bell = std::make_shared<net::Notify>(stream_.executor());
  auto gone = std::make_shared<bool>(false);  // shared: the callback may be queued when we leave
  stream_.when_readable([bell, gone] {
    *gone = true;
    bell->ring();
  });
  while (!*gone && !parts_.draining) {
    ++follower->round;
    for (std::size_t part = 0; part < Registry::kParts && !*gone; ++part) {
      for (const auto& now : parts_.registry.marks(part, follower->selector)) {
        if (!follower->is_news(now)) continue;
        const auto row = parts_.registry.row_text(now.id);
        if (!row.empty()) lines += R"({"type":"row","endpoint":)" + row + "}\n";
      }
      if (lines.size() >= kBatch) {
        const auto written = co_await stream_.write(net::asio::buffer(lines));
        lines.clear();
        if (written) *gone = true;
      } else if (part % kPartsAtOnce == kPartsAtOnce - 1) {
        co_await let_others_run();
      }
    }
    if (*gone) break;
    std::erase_if(follower->told, [&](const auto& entry) {
      if (entry.second.round == follower->round) return false;
      lines += gone_line(entry.first);
      return true;
    });
    // The end of a round: what came before is the state of one moment. Also a sign of life.
    lines += "{\"type\":\"round\"}\n";
    const auto written = co_await stream_.write(net::asio::buffer(lines));
    lines.clear();
    if (written) break;
    co_await bell->wait(kPause);
  }
  if (!*gone) stream_.forget_readable();
  stream_.close();
  co_return std::nullopt;
}

}  // namespace edge::server
