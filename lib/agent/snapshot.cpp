#include "agent/snapshot.hpp"

#include "agent/snapshot_draft.hpp"

namespace edge::agent {

nlohmann::json take_snapshot(const std::filesystem::path& root, const Clock& clock) {
  SnapshotDraft draft(root);
  draft.set_text("apiVersion", "edge/v1");
  draft.set_text("kind", "Snapshot");
  draft.set_text("taken", format_rfc3339(clock.wall()));
  draft.set_text("agent.version", EDGE_VERSION);
  add_host(draft);
  add_cpu(draft);
  add_memory(draft);
  add_disks(draft);
  add_network(draft);
  add_systemd(draft);
  return std::move(draft).finish();
}

}  // namespace edge::agent
