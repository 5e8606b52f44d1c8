#include "edgectl/snapshot_page.hpp"

#include <algorithm>
#include <set>

#include "control/json_fields.hpp"
#include "control/output.hpp"

namespace edge::edgectl {
namespace {

using control::count_at;
using control::list_at;
using control::number_at;
using control::object_at;
using control::text_at;

std::string words(std::initializer_list<std::string> parts) {
  std::string out;
  for (const auto& part : parts) {
    if (!part.empty()) out += (out.empty() ? "" : " ") + part;
  }
  return out;
}

std::string texts(const nlohmann::json& list) {
  std::string out;
  for (const auto& entry : list) {
    if (entry.is_string()) out += (out.empty() ? "" : ", ") + entry.get<std::string>();
  }
  return out;
}

// "1.2 GB of 4.0 GB"
std::string part_of(std::optional<double> free, std::optional<double> total) {
  if (!total || *total <= 0) return "";
  return (free ? control::format_bytes(free) : "?") + " of " + control::format_bytes(total);
}

std::string uptime_text(const nlohmann::json& host) {
  const auto seconds = number_at(host, "uptime-seconds");
  if (!seconds || !(*seconds >= 0 && *seconds < 1e10)) return "";
  return format_age(milliseconds{static_cast<std::int64_t>(*seconds * 1000)});
}

std::string load_text(const nlohmann::json& cpu) {
  return words({count_at(cpu, "load1"), count_at(cpu, "load5"), count_at(cpu, "load15")});
}

void add_host(control::Page& page, const nlohmann::json& snapshot) {
  const auto& host = object_at(snapshot, "host");
  const auto& os = object_at(host, "os");
  page.add("host name", text_at(host, "name"));
  page.add("system", words({text_at(os, "name"), text_at(os, "version")}));
  page.add("kernel",
           words({text_at(object_at(host, "kernel"), "release"), text_at(host, "architecture")}));
  page.add("up", uptime_text(host));
  const auto& cpu = object_at(snapshot, "cpu");
  page.add("cpu", words({count_at(cpu, "count"), text_at(cpu, "model")}));
  page.add("load", load_text(cpu));
  const auto& memory = object_at(snapshot, "memory");
  page.add("memory free",
           part_of(number_at(memory, "available-bytes"), number_at(memory, "total-bytes")));
  page.add("swap free",
           part_of(number_at(memory, "swap-free-bytes"), number_at(memory, "swap-total-bytes")));
}

void add_units(control::Page& page, const nlohmann::json& snapshot) {
  const auto& systemd = object_at(snapshot, "systemd");
  page.add("systemd", text_at(systemd, "state"));
  page.add("failed units", {texts(list_at(systemd, "failed-units")), control::Colour::red});
  page.add("agent", text_at(object_at(snapshot, "agent"), "version"));
}

void print_table(std::ostream& out, const char* title, const control::Table& table, bool colour) {
  if (table.empty()) return;
  out << '\n' << title << '\n';
  table.print(out, {true, colour, "  "});
}

void print_lists(std::ostream& out, const nlohmann::json& snapshot, bool colour) {
  control::Table disks({"MOUNT", "DEVICE", "TYPE", "FREE"});
  for (const auto& disk : list_at(snapshot, "disks")) {
    disks.add({text_at(disk, "mount"), text_at(disk, "device"), text_at(disk, "type"),
               part_of(number_at(disk, "free-bytes"), number_at(disk, "total-bytes"))});
  }
  print_table(out, "disks", disks, colour);
  control::Table network({"NAME", "MAC", "ADDRESSES"});
  for (const auto& card : list_at(snapshot, "network")) {
    network.add({text_at(card, "name"), text_at(card, "mac"), texts(list_at(card, "addresses"))});
  }
  print_table(out, "network", network, colour);
  control::Table missing({"KEY", "REASON"});
  for (const auto& entry : list_at(snapshot, "missing")) {
    missing.add({text_at(entry, "key"), text_at(entry, "reason")});
  }
  print_table(out, "could not be read", missing, colour);
}

}  // namespace

void print_snapshot_page(std::ostream& out, const nlohmann::json& item, WallTime now, bool colour) {
  const auto& snapshot = object_at(item, "snapshot");
  control::Page page;
  page.add("taken", control::time_and_age(text_at(item, "taken"), now));
  page.add("instance", text_at(item, "instance"));
  add_host(page, snapshot);
  add_units(page, snapshot);
  page.print(out, colour);
  print_lists(out, snapshot, colour);
}

Result<int> print_snapshots(Context& context, const nlohmann::json& answer,
                            const std::string& name) {
  auto& out = context.world.out;
  if (context.structured()) {
    return context.print(answer);
  }
  std::set<std::string> shown;
  for (const auto& item : list_at(answer, "items")) {
    if (!shown.insert(text_at(item, "instance")).second) continue;
    if (shown.size() > 1) out << '\n';
    print_snapshot_page(out, item, context.now(), context.colour_out);
  }
  if (!shown.empty()) return 0;
  return fail(Errc::not_found, "no snapshot of " + name + " yet", "edgectl snapshot take " + name);
}

}  // namespace edge::edgectl
