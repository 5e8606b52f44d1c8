// edgectl status
#include <algorithm>
#include <iomanip>
#include <sstream>

#include "control/json_fields.hpp"
#include "control/output.hpp"
#include "edgectl/choose.hpp"
#include "edgectl/commands.hpp"

namespace edge::edgectl {
namespace {

using control::count_at;
using control::text_at;

struct Options {};

std::string endpoints_text(const nlohmann::json& counts) {
  std::string text;
  for (const char* state : {"online", "offline", "new"}) {
    const std::string count = count_at(counts, state);
    if (!count.empty()) text += (text.empty() ? "" : ", ") + count + " " + state;
  }
  return text;
}

std::string check_ins_text(const nlohmann::json& status) {
  const auto all = count_at(status, "check-ins");
  const auto rate = control::number_at(status, "check-ins-per-second");
  if (all.empty() || !rate) return all;
  std::ostringstream text;
  text << std::fixed << std::setprecision(1) << *rate << " per second, " << all << " in all";
  return text.str();
}

// Of the slowest loop: who is there waits.
std::string lag_text(const nlohmann::json& loops) {
  double last = -1, worst = -1;
  for (const auto& loop : loops) {
    last = std::max(last, control::number_at(loop, "lag-ms").value_or(-1));
    worst = std::max(worst, control::number_at(loop, "worst-lag-ms").value_or(-1));
  }
  if (last < 0 || worst < 0) return "";
  std::ostringstream text;
  text << std::fixed << std::setprecision(1) << last << " ms, at worst " << worst
       << " ms in the last minute";
  return text.str();
}

void print_page(Context& context, const nlohmann::json& status) {
  control::Page page;
  page.add("edged", text_at(status, "version") + " at " + context.api.socket());
  page.add("libraries",
           "libssh " + text_at(status, "libssh") + ", OpenSSL " + text_at(status, "openssl"));
  page.add("started", control::time_and_age(text_at(status, "started"), context.now()));
  page.add("agents dial", text_at(status, "url"));
  page.add("tunnels dial", text_at(status, "tunnel"));
  page.add("host key", text_at(status, "host-key"));
  for (const auto& pin : control::list_at(status, "pins")) {
    if (pin.is_string()) page.add("pin", pin.get<std::string>());
  }
  page.add("endpoints", endpoints_text(control::object_at(status, "endpoints")));
  page.add("tunnels", count_at(status, "tunnels"));
  page.add("sessions", count_at(status, "sessions"));
  page.add("held check-ins", count_at(status, "held"));
  page.add("connections", count_at(status, "connections"));
  const auto tls = control::object_at(status, "tls");
  const auto handshakes = count_at(tls, "handshakes");
  if (!handshakes.empty()) {
    page.add("TLS handshakes", handshakes + ", " + count_at(tls, "resumed") + " of them resumed");
  }
  page.add("check-ins", check_ins_text(status));
  page.add("loop lag", lag_text(control::list_at(status, "loops")));
  page.print(context.world.out, context.colour_out);
}

Result<int> run(Context& context, const Options&) {
  const auto status = context.api.get("/v1/status");
  if (!status) return status.error();
  if (context.structured()) return context.print(*status);
  print_page(context, *status);
  return 0;
}

}  // namespace

void add_status(CLI::App& program, Run& chosen) {
  auto* command = program.add_subcommand(
      "status",
      "the daemon: addresses and keys, endpoints by state, check-ins per second, loop lag");
  command->footer("edgectl status\nedgectl status -o json | jq .endpoints.online\tfor programs\n");
  choose(*command, chosen, std::make_shared<Options>(), run);
}

}  // namespace edge::edgectl
