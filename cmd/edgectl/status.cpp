// edgectl status
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
  page.add("check-ins", count_at(status, "check-ins"));
  page.print(context.world.out, context.colour_out);
}

Result<int> run(Context& context, const Options&) {
  const auto status = context.api.get("/v1/status");
  if (!status) return status.error();
  if (context.json()) {
    control::print_json(context.world.out, *status);
  } else {
    print_page(context, *status);
  }
  return 0;
}

}  // namespace

void add_status(CLI::App& program, Run& chosen) {
  auto* command = program.add_subcommand("status", "the daemon: addresses, keys and counts");
  command->footer("edgectl status\nedgectl status -o json | jq .endpoints.online\tfor programs\n");
  choose(*command, chosen, std::make_shared<Options>(), run);
}

}  // namespace edge::edgectl
