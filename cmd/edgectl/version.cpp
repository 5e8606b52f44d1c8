// edgectl version
#include "base/text.hpp"
#include "control/exit_code.hpp"
#include "control/json_fields.hpp"
#include "control/output.hpp"
#include "edgectl/choose.hpp"
#include "edgectl/commands.hpp"

namespace edge::edgectl {
namespace {

using control::text_at;

struct Options {};

nlohmann::json versions(const Result<nlohmann::json>& status) {
  nlohmann::json body{
      {"apiVersion", "edge/v1"}, {"client", {{"version", EDGE_VERSION}}}, {"daemon", nullptr}};
  if (status) {
    body["daemon"] = {{"version", text_at(*status, "version")},
                      {"libssh", text_at(*status, "libssh")},
                      {"openssl", text_at(*status, "openssl")}};
  }
  return body;
}

// The client's own version is shown in any case; a daemon that does not answer is still an error.
Result<int> run(Context& context, const Options&) {
  const auto status = context.api.get("/v1/status");
  if (context.structured()) {
    const auto printed = context.print(versions(status));
    if (!printed) return printed;
  } else {
    context.world.out << "edgectl " << EDGE_VERSION << '\n';
    if (status) {
      context.world.out << "edged " << printable(text_at(*status, "version")) << " (libssh "
                        << printable(text_at(*status, "libssh")) << ", OpenSSL "
                        << printable(text_at(*status, "openssl")) << ")\n";
    }
  }
  if (!status) return status.error();
  return 0;
}

}  // namespace

void add_version(CLI::App& program, Run& chosen) {
  auto* command = program.add_subcommand("version", "the versions of edgectl and of edged");
  command->footer("edgectl version\nedgectl --version\tof edgectl alone; asks nobody\n");
  choose(*command, chosen, std::make_shared<Options>(), run);
}

}  // namespace edge::edgectl
