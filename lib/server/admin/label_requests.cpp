// Labels of one endpoint or of many: all of them change or none, in one transaction. The store
// first, then the registry, then the answer.
#include "server/admin/admin_requests.hpp"
#include "wire/json.hpp"
#include "wire/json_writer.hpp"

namespace edge::server {
namespace {

constexpr std::size_t kAppliedAtOnce = 256;
constexpr wire::Bounds kItems{0, fleet::kMostLabels};

struct LabelWish {
  TargetWish targets;
  fleet::LabelChange change;
};

Result<LabelWish> label_wish(const std::string& text) {
  auto body = wire::parse_json_object(text, kMostTargetBytes);
  if (!body) return body.error();
  LabelWish wish;
  auto targets = target_wish(*body);
  if (!targets) return targets.error();
  wish.targets = std::move(*targets);
  auto error = Error{};
  std::vector<std::string> remove;
  const bool read =
      wire::take(wire::optional_text_map_field(*body, "set", kItems, {0, 1024}), wish.change.set,
                 error) &&
      wire::take(wire::optional_text_list_field(*body, "remove", kItems, {1, 1024}), remove,
                 error) &&
      wire::take(wire::optional_flag_field(*body, "overwrite"), wish.change.overwrite, error);
  if (!read) return error;
  wish.change.remove = {remove.begin(), remove.end()};
  if (wish.change.empty()) return fail(Errc::usage, "no label is to be set or removed");
  if (auto checked = fleet::check_change(wish.change); !checked) return checked.error();
  return wish;
}

std::string summary(const std::vector<Named>& targets, const fleet::LabelChange& change) {
  auto text = fleet::print_change(change);
  if (targets.size() == 1) return text;
  return text + " on " + targets.front().name + " and " + std::to_string(targets.size() - 1) +
         " more";
}

}  // namespace

AdminConnection::Answer AdminConnection::change_labels(Call call) {
  auto wish = label_wish(call.request.body);
  if (!wish) co_return error_response(wish.error());
  auto found = co_await resolve_targets(std::move(wish->targets));
  if (!found) co_return error_response(found.error());
  std::vector<EndpointId> ids;
  for (const auto& target : *found) ids.push_back(target.id);
  auto write = [ids = std::move(ids), change = wish->change](store::Store& store) {
    return store.change_labels(ids, [&](const fleet::Labels& before, const std::string& name) {
      return fleet::with_change(before, change, name);
    });
  };
  auto stored = co_await parts_.store.run(write);
  if (!stored) co_return error_response(stored.error());

  // As text, and with turns for others: a tree of 20,000 would hold up the loop when it is printed.
  auto response = json_response(200, nullptr);
  response.body.clear();
  wire::JsonWriter writer(response.body);
  writer.begin_object().text("apiVersion", "edge/v1").key("items").begin_list();
  std::size_t applied = 0;
  for (const auto& target : *found) {
    const auto labels = stored->find(target.id);
    if (labels == stored->end()) continue;  // removed meanwhile
    parts_.registry.set_labels(target.id, labels->second);
    writer.begin_object().text("id", target.id.text).text("name", target.name);
    writer.key("labels").texts(labels->second).end_object();
    if (++applied % kAppliedAtOnce == 0) co_await let_others_run();
  }
  // One event tells of all of them.
  const auto whose = found->size() == 1 ? found->front().id : EndpointId{};
  parts_.record_event(event("endpoint.labelled", whose, summary(*found, wish->change)));
  writer.end_list().end_object();
  response.body += '\n';
  co_return response;
}

}  // namespace edge::server
