// systemd: the state of the system and the units that failed.
#include "agent/bounded_command.hpp"
#include "agent/snapshot_draft.hpp"
#include "base/text.hpp"

namespace edge::agent {
namespace {

constexpr milliseconds kDeadline{2'000};  // for both questions together
constexpr const char* kSystemctl = "/bin/systemctl";

void add_failed_units(SnapshotDraft& draft, std::string_view output) {
  auto units = nlohmann::json::array();
  while (!output.empty()) {
    const auto line = output.substr(0, output.find('\n'));
    output.remove_prefix(std::min(line.size() + 1, output.size()));
    const auto unit = trimmed(line).substr(0, trimmed(line).find(' '));
    if (unit.empty()) continue;
    if (units.size() == kMaxUnits) {
      draft.absent("systemd.failed-units",
                   "only the first " + std::to_string(kMaxUnits) + " are listed");
      break;
    }
    units.push_back(printable(unit));
  }
  draft.set("systemd.failed-units", std::move(units));
}

}  // namespace

void add_systemd(SnapshotDraft& draft) {
  std::error_code ignored;
  const auto absent = [&](std::string_view reason) {
    draft.absent("systemd.state", reason);
    draft.absent("systemd.failed-units", reason);
  };
  if (!draft.is_node()) return absent("only asked on the node itself");
  if (!std::filesystem::is_directory("/run/systemd/system", ignored)) {
    return absent("systemd does not run here");
  }
  const CommandBounds bounds{std::chrono::steady_clock::now() + kDeadline};
  draft.set_or_absent(
      "systemd.state",
      run_bounded(kSystemctl, {"show", "--property=SystemState", "--value"}, bounds));
  const auto units = run_bounded(
      kSystemctl, {"list-units", "--state=failed", "--plain", "--no-legend", "--no-pager"}, bounds);
  if (!units) return draft.absent("systemd.failed-units", units.error().message);
  add_failed_units(draft, *units);
}

}  // namespace edge::agent
