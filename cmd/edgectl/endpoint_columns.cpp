#include "edgectl/endpoint_columns.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "control/json_fields.hpp"
#include "control/natural_order.hpp"
#include "edgectl/endpoint_words.hpp"
#include "fleet/labels.hpp"

namespace edge::edgectl {
namespace {

using control::Cell;
using control::text_at;
using nlohmann::json;

constexpr std::string_view kLabel = "label:";
constexpr std::size_t kUsual = 6;  // of the columns below; the others are wide

EndpointColumn text_column(const char* key, const char* header) {
  return {key, header,
          [key](const json& endpoint, WallTime) { return Cell(text_at(endpoint, key)); }};
}

std::string hold_text(const json& endpoint) {
  for (const auto& instance : control::list_at(endpoint, "instances")) {
    const auto shortened = text_at(instance, "shortened-hold");
    if (!shortened.empty()) return shortened;
  }
  return text_at(endpoint, "hold");
}

std::string platforms_text(const json& endpoint) {
  std::string text;
  for (const auto& instance : control::list_at(endpoint, "instances")) {
    const auto platform = text_at(instance, "platform");
    if (platform.empty() || ("," + text + ",").find("," + platform + ",") != std::string::npos) {
      continue;
    }
    text += (text.empty() ? "" : ",") + platform;
  }
  return text;
}

const std::vector<EndpointColumn>& all_columns() {
  static const std::vector<EndpointColumn> kAll{
      text_column("name", "NAME"),
      {"state", "STATE", [](const json& endpoint, WallTime) { return state_cell(endpoint); }},
      {"last-seen", "LAST SEEN",
       [](const json& endpoint, WallTime now) {
         return Cell(control::ago(text_at(endpoint, "last-seen"), now));
       }},
      text_column("interval", "INTERVAL"),
      {"tunnel", "TUNNEL", [](const json& endpoint, WallTime) { return tunnel_cell(endpoint); }},
      text_column("version", "VERSION"),
      {"labels", "LABELS",
       [](const json& endpoint, WallTime) { return Cell(labels_text(endpoint)); }},
      text_column("address", "ADDRESS"),
      {"platform", "PLATFORM",
       [](const json& endpoint, WallTime) { return Cell(platforms_text(endpoint)); }},
      {"way", "WAY",
       [](const json& endpoint, WallTime) {
         return Cell(text_at(control::object_at(endpoint, "tunnel"), "way"));
       }},
      {"hold", "HOLD", [](const json& endpoint, WallTime) { return Cell(hold_text(endpoint)); }},
      {"instances", "INSTANCES",
       [](const json& endpoint, WallTime) {
         return Cell(std::to_string(control::list_at(endpoint, "instances").size()));
       }},
      {"created", "CREATED",
       [](const json& endpoint, WallTime now) {
         return Cell(control::ago(text_at(endpoint, "created"), now));
       }},
      text_column("id", "ID"),
  };
  return kAll;
}

std::string label_at(const json& endpoint, const std::string& key) {
  return text_at(control::object_at(endpoint, "labels"), key.c_str());
}

EndpointColumn label_column(const std::string& key) {
  std::string header = key;
  std::transform(header.begin(), header.end(), header.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  return {key, header,
          [key](const json& endpoint, WallTime) { return Cell(label_at(endpoint, key)); }};
}

bool some_have_label(const std::vector<json>& endpoints, const std::string& key) {
  return std::any_of(endpoints.begin(), endpoints.end(), [&](const json& endpoint) {
    return control::object_at(endpoint, "labels").contains(key);
  });
}

std::vector<std::string> known_words(const std::vector<json>& endpoints) {
  std::vector<std::string> words;
  for (const auto& column : all_columns()) words.push_back(column.key);
  for (const auto& endpoint : endpoints) {
    for (const auto& [key, value] : control::object_at(endpoint, "labels").items()) {
      if (std::find(words.begin(), words.end(), key) == words.end()) words.push_back(key);
    }
    if (words.size() > 500) break;  // enough to guess from
  }
  return words;
}

Error no_such_column(const char* flag, const std::string& word,
                     const std::vector<json>& endpoints) {
  const auto known = known_words(endpoints);
  const auto near = nearest(word, known);
  std::string columns;
  for (const auto& column : all_columns()) columns += (columns.empty() ? "" : ", ") + column.key;
  return fail(Errc::usage,
              std::string(flag) + ": '" + printable(word, 80) + "' is no column and no label" +
                  (near.empty() ? "" : "; did you mean '" + near + "'?"),
              "columns are " + columns + ", and the labels");
}

Result<EndpointColumn> column_of(const std::string& word, const std::vector<json>& endpoints) {
  if (word.starts_with(kLabel)) return label_column(word.substr(kLabel.size()));
  for (const auto& column : all_columns()) {
    if (column.key == word) return column;
  }
  const bool may_be_label = endpoints.empty() && fleet::is_label_key(word);
  if (may_be_label || some_have_label(endpoints, word)) return label_column(word);
  return no_such_column("--columns", word, endpoints);
}

struct SortKey {
  bool missing = false;
  std::string text;
  std::string name;
  std::size_t place = 0;
};

// What is compared, as text; times so that the newest is the least.
enum class Order { bytes, natural, newest };
struct SortBy {
  std::function<std::string(const json&)> text;
  Order order = Order::natural;
};

Result<SortBy> sort_by(const std::string& word, const std::vector<json>& endpoints) {
  const auto field = [](const char* key) {
    return [key](const json& endpoint) { return text_at(endpoint, key); };
  };
  if (word == "name") return SortBy{field("name"), Order::bytes};  // as edged lists them
  for (const char* key : {"last-seen", "created"}) {
    if (word == key) return SortBy{field(key), Order::newest};
  }
  if (word == "state") {  // what is well comes last
    return SortBy{[](const json& endpoint) {
      const auto state = text_at(endpoint, "state");
      return (state == "offline" ? "0" : state == "new" ? "1" : "2") + state;
    }};
  }
  for (const auto& column : all_columns()) {
    if (word != column.key) continue;
    return SortBy{[cell = column.cell](const json& endpoint) { return cell(endpoint, {}).text; }};
  }
  const bool forced = word.starts_with(kLabel);
  const std::string key = forced ? word.substr(kLabel.size()) : word;
  if (!forced && !endpoints.empty() && !some_have_label(endpoints, key)) {
    return no_such_column("--sort", word, endpoints);
  }
  return SortBy{[key](const json& endpoint) { return label_at(endpoint, key); }};
}

}  // namespace

std::string always_good(const std::string& by) {
  const auto& columns = all_columns();
  const bool is_column = std::any_of(columns.begin(), columns.end(),
                                     [&](const auto& column) { return column.key == by; });
  return is_column || by.starts_with(kLabel) ? by : std::string(kLabel) + by;
}

std::vector<EndpointColumn> usual_columns(bool wide) {
  auto columns = all_columns();
  if (!wide) columns.resize(kUsual);
  return columns;
}

Result<std::vector<EndpointColumn>> chosen_columns(const std::string& list,
                                                   const std::vector<json>& endpoints) {
  std::vector<EndpointColumn> columns;
  std::size_t from = 0;
  while (from <= list.size()) {
    const auto comma = std::min(list.find(',', from), list.size());
    auto column = column_of(list.substr(from, comma - from), endpoints);
    if (!column) return column.error();
    columns.push_back(std::move(*column));
    from = comma + 1;
  }
  return columns;
}

Result<void> check_order(const std::string& by, const std::vector<json>& endpoints) {
  const auto how = sort_by(by, endpoints);
  if (!how) return how.error();
  return {};
}

Result<void> sort_endpoints(std::vector<json>& endpoints, const std::string& by, bool reverse) {
  const auto how = sort_by(by, endpoints);
  if (!how) return how.error();
  std::vector<SortKey> keys;
  keys.reserve(endpoints.size());
  for (const auto& endpoint : endpoints) {
    auto text = how->text(endpoint);
    const bool missing = text.empty();
    keys.push_back({missing, std::move(text), text_at(endpoint, "name"), keys.size()});
  }
  const auto before = [&](const SortKey& left, const SortKey& right) {
    if (left.missing != right.missing) return right.missing;
    auto order = how->order == Order::bytes ? left.text.compare(right.text)
                                            : control::natural_order(left.text, right.text);
    if (how->order == Order::newest) order = -order;
    if (reverse) order = -order;
    return order != 0 ? order < 0 : left.name < right.name;
  };
  std::sort(keys.begin(), keys.end(), before);
  std::vector<json> sorted;
  sorted.reserve(endpoints.size());
  for (const auto& key : keys) sorted.push_back(std::move(endpoints[key.place]));
  endpoints = std::move(sorted);
  return {};
}

}  // namespace edge::edgectl
