// What the node looks like, as JSON. What cannot be read is absent and listed under "missing" with
// the reason.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "base/time.hpp"

namespace edge::agent {

// Reads /proc, /etc and the system below `root` ("/" on a node, a folder in tests), bounded in size
// and time. Keys: apiVersion ("edge/v1"), kind ("Snapshot"), taken (RFC 3339), agent {version},
// host {name, os {id, name, version}, kernel {release, version}, architecture, boot-time,
// uptime-seconds}, cpu {count, model, load1, load5, load15}, memory {total-bytes, available-bytes,
// swap-total-bytes, swap-free-bytes}, disks [{mount, device, type, total-bytes, free-bytes}],
// network [{name, mac, addresses []}], systemd {state, failed-units []}, missing [{key, reason}].
nlohmann::json take_snapshot(const std::filesystem::path& root, const Clock& clock);

}  // namespace edge::agent
