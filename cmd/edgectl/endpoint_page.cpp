#include "edgectl/endpoint_page.hpp"

#include <algorithm>
#include <optional>

#include "control/json_fields.hpp"
#include "control/output.hpp"
#include "edgectl/endpoint_words.hpp"

namespace edge::edgectl {
namespace {

using control::Cell;
using control::list_at;
using control::text_at;

constexpr std::size_t kMostEvents = 10;

std::string state_text(const nlohmann::json& endpoint, WallTime now) {
  std::string text = text_at(endpoint, "state");
  const std::string seen = text_at(endpoint, "last-seen");
  const std::string address = text_at(endpoint, "address");
  if (!seen.empty()) text += ", last seen " + control::ago(seen, now);
  if (!seen.empty() && !address.empty()) text += " from " + address;
  return text;
}

std::string association_text(const nlohmann::json& endpoint, WallTime now) {
  if (control::is_true_at(endpoint, "associated")) return "yes";
  const std::string expires = text_at(endpoint, "token-expires");
  if (expires.empty()) return "not yet; the token does not expire";
  const auto time = parse_rfc3339(expires);
  if (!time) return "not yet; the token expires " + expires;
  if (*time <= now) return "not yet, and the token has expired";
  return "not yet; the token expires in " + format_age(*time - now);
}

// "held 25s (ordered 55s: something on the way cuts held check-ins)", of the instance that it hits
// the hardest.
std::string hold_text(const nlohmann::json& endpoint, const std::string& ordered) {
  const auto& instances = list_at(endpoint, "instances");
  std::optional<milliseconds> shortest;
  std::size_t hit = 0;
  for (const auto& instance : instances) {
    const std::string hold = text_at(instance, "shortened-hold");
    const auto wait = hold == "off" ? milliseconds{0} : parse_duration(hold);
    if (!wait) continue;
    ++hit;
    shortest = std::min(shortest.value_or(*wait), *wait);
  }
  if (!shortest) return "held " + ordered;
  std::string text = shortest->count() == 0 ? "not held" : "held " + format_duration(*shortest);
  if (instances.size() > 1) {
    text += " by " + std::to_string(hit) + " of " + std::to_string(instances.size()) + " instances";
  }
  return text + " (ordered " + ordered + ": something on the way cuts held check-ins)";
}

std::string check_in_text(const nlohmann::json& endpoint) {
  const std::string interval = text_at(endpoint, "interval");
  const std::string hold = text_at(endpoint, "hold");
  if (interval.empty()) return "";
  const bool is_held = !hold.empty() && hold != "off" && hold != "0" && hold != "0s";
  return "every " + interval + ", " + (is_held ? hold_text(endpoint, hold) : "not held");
}

Cell tunnel_text(const nlohmann::json& endpoint, WallTime now) {
  const auto& tunnel = control::object_at(endpoint, "tunnel");
  Cell cell = tunnel_cell(endpoint);
  const std::string since = text_at(tunnel, "since");
  const std::string instance = text_at(tunnel, "instance");
  const std::string idle_in = text_at(tunnel, "idle-in");
  if (!since.empty() && !cell.text.empty()) cell.text += ", since " + control::ago(since, now);
  if (!instance.empty()) cell.text += ", to instance " + instance;
  if (!idle_in.empty()) cell.text += ", closes in " + idle_in + " unless used";
  return cell;
}

std::string settings_text(const nlohmann::json& endpoint) {
  std::string text;
  for (const auto& [key, value] : control::object_at(endpoint, "settings").items()) {
    text += (text.empty() ? "" : ", ") + key + " " +
            (value.is_string() ? value.get<std::string>() : value.dump());
  }
  return text;
}

void print_section(std::ostream& out, const char* title, const control::Table& table, bool colour) {
  if (table.empty()) return;
  out << '\n' << title << '\n';
  table.print(out, {true, colour, "  "});
}

control::Table instances_of(const nlohmann::json& endpoint, WallTime now) {
  control::Table table({"ID", "HOST NAME", "PLATFORM", "VERSION", "LAST SEEN", "TUNNEL", "ADDRESS",
                        "HOST KEY", "TROUBLE"});
  for (const auto& instance : list_at(endpoint, "instances")) {
    const std::string failure = text_at(instance, "failure");
    const std::string detail = text_at(instance, "failure-detail");
    table.add({text_at(instance, "id"), text_at(instance, "host-name"),
               text_at(instance, "platform"), text_at(instance, "version"),
               control::ago(text_at(instance, "last-seen"), now), tunnel_cell(instance),
               text_at(instance, "address"), text_at(instance, "host-key"),
               Cell(detail.empty() ? failure : failure + ": " + detail, control::Colour::red)});
  }
  return table;
}

control::Table sessions_of(const nlohmann::json& endpoint, WallTime now) {
  control::Table table({"ID", "OPERATOR", "INSTANCE", "SINCE", "IN", "OUT"});
  for (const auto& session : list_at(endpoint, "sessions")) {
    table.add({text_at(session, "id"), text_at(session, "operator"), text_at(session, "instance"),
               control::ago(text_at(session, "since"), now),
               control::format_bytes(control::number_at(session, "bytes-in")),
               control::format_bytes(control::number_at(session, "bytes-out"))});
  }
  return table;
}

control::Table events_of(const nlohmann::json& endpoint, WallTime now) {
  control::Table table({"TIME", "EVENT", "OPERATOR", "TEXT"});
  std::size_t shown = 0;
  for (const auto& event : list_at(endpoint, "events")) {
    if (shown++ == kMostEvents) break;
    table.add({control::ago(text_at(event, "time"), now), text_at(event, "kind"),
               text_at(event, "operator"), text_at(event, "text")});
  }
  return table;
}

}  // namespace

void print_endpoint_page(std::ostream& out, const nlohmann::json& endpoint, WallTime now,
                         bool colour) {
  control::Page page;
  page.add("name", text_at(endpoint, "name"));
  page.add("id", text_at(endpoint, "id"));
  page.add("state", Cell(state_text(endpoint, now), state_cell(endpoint).colour));
  page.add("created", control::time_and_age(text_at(endpoint, "created"), now));
  page.add("associated", association_text(endpoint, now));
  page.add("url", text_at(endpoint, "url"));
  page.add("check-in", check_in_text(endpoint));
  page.add("tunnel", tunnel_text(endpoint, now));
  page.add("version", text_at(endpoint, "version"));
  page.add("labels", labels_text(endpoint));
  page.add("settings", settings_text(endpoint));
  page.print(out, colour);
  print_section(out, "instances", instances_of(endpoint, now), colour);
  print_section(out, "sessions", sessions_of(endpoint, now), colour);
  print_section(out, "recent events", events_of(endpoint, now), colour);
}

}  // namespace edge::edgectl
