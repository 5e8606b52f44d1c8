#include "edgectl/join_line.hpp"

#include <algorithm>

#include "base/address.hpp"
#include "base/ids.hpp"
#include "base/text.hpp"
#include "control/json_fields.hpp"
#include "control/output.hpp"

namespace edge::edgectl {
namespace {

using control::text_at;

constexpr const char* kDefaultExpires = "24h";

// What is pasted into a root shell may not end its quotes.
bool is_token_text(const std::string& token) {
  return !token.empty() && std::all_of(token.begin(), token.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("._~+/=-").find(c) != std::string_view::npos;
  });
}

void print_expiry(std::ostream& out, const std::string& expires) {
  if (expires == "never") {
    out << "The token is shown once and never expires (--expires).\n";
    return;
  }
  out << "The token is shown once and expires in " << (expires.empty() ? kDefaultExpires : expires)
      << " if nobody has joined (--expires).\n";
}

}  // namespace

Result<void> check_expires(const std::string& expires) {
  if (expires.empty() || expires == "never" || parse_duration(expires)) return {};
  return fail(Errc::usage, "--expires '" + expires + "' is no duration",
              "--expires 24h, --expires 90d or --expires never");
}

void print_warnings(Context& context, const nlohmann::json& answer) {
  for (const auto& warning : control::list_at(answer, "warnings")) {
    if (warning.is_string()) {
      control::print_warning(context.world.err, warning.get<std::string>(), context.style());
    }
  }
}

void say_how_to_ask(Context& context, const std::string& why, const std::string& name) {
  control::print_error(
      context.world.err,
      fail(Errc::failure, why,
           "edgectl endpoint token " + name + " --show-token makes and shows a new one"),
      context.style());
}

Result<std::string> join_command(const nlohmann::json& answer) {
  const std::string token = text_at(answer, "token");
  const std::string edge_id = text_at(answer, "edge-id");
  if (!is_token_text(token) || !is_uuid(edge_id)) {
    return fail(Errc::failure, "edged's answer holds no usable token",
                "edgectl version, to see whether edgectl and edged belong together");
  }
  return "sudo edge-agent join --edge-id " + edge_id + " <<< '" + token + "'";
}

Result<int> print_join_line(Context& context, const nlohmann::json& answer,
                            const std::string& what_happened, const TokenOptions& options) {
  print_warnings(context, answer);
  auto& out = context.world.out;
  if (context.structured()) {
    return context.print(answer);
  }
  const auto& endpoint = control::object_at(answer, "endpoint");
  const std::string name = text_at(endpoint, "name");
  auto command = join_command(answer);
  if (!command) return command.error();
  if (context.options.quiet && !options.show_token) {
    out << printable(text_at(endpoint, "id")) << '\n';
    return 0;
  }
  const bool show = options.show_token || context.world.terminal.out;
  out << what_happened << ' ' << printable(name) << " (id " << printable(text_at(endpoint, "id"))
      << "); agents will dial " << printable(text_at(answer, "url")) << " and "
      << printable(text_at(answer, "tunnel")) << '\n'
      << "On the node, or on every node of a cluster, run:\n"
      << "  " << (show ? *command : command->substr(0, command->find(" <<< "))) << '\n';
  if (show) {
    print_expiry(out, options.expires);
  } else {
    say_how_to_ask(context, "the token was left out, because stdout is no terminal", name);
  }
  return 0;
}

}  // namespace edge::edgectl
