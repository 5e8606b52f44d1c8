// The parts of a snapshot, and the draft that they fill in. Internal to the agent's snapshot.
//
// A part either sets a key or says why it is absent; nothing is ever filled in with a zero.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace edge::agent {

inline constexpr std::size_t kMaxDisks = 64;
inline constexpr std::size_t kMaxInterfaces = 64;
inline constexpr std::size_t kMaxAddresses = 32;  // of each interface
inline constexpr std::size_t kMaxUnits = 128;
// Room for each size of each disk, each address of each interface, and all other keys.
inline constexpr std::size_t kMaxMissing = 2 * (kMaxDisks + kMaxInterfaces) + 64;

class SnapshotDraft {
 public:
  explicit SnapshotDraft(const std::filesystem::path& root);

  // Whether this is the node itself: what cannot be read below a folder (system calls) counts only
  // then.
  bool is_node() const { return root_ == "/"; }

  std::filesystem::path below_root(std::string_view path) const;

  // At most 1 MB of a regular file, without blocking. The Error's message is a reason for absent().
  Result<std::string> read(std::string_view path) const;

  // `key` is a path with dots: "host.os.id". REQUIRES: text inside `value` is printable already.
  void set(std::string_view key, nlohmann::json value);
  void set_text(std::string_view key, std::string_view text);
  void set_or_absent(std::string_view key, const Result<std::string>& text);

  void absent(std::string_view key, std::string_view reason);

  nlohmann::json finish() &&;

 private:
  std::filesystem::path root_;
  nlohmann::json body_ = nlohmann::json::object();
  nlohmann::json missing_ = nlohmann::json::array();
};

// The text behind "NAME:" or "NAME=" at the start of a line of /proc and /etc files; trimmed.
Result<std::string> field_of(std::string_view text, std::string_view name, char separator);
Result<std::uint64_t> parse_count(std::string_view text);
std::string_view trimmed(std::string_view text);

void add_host(SnapshotDraft& draft);
void add_cpu(SnapshotDraft& draft);
void add_memory(SnapshotDraft& draft);
void add_disks(SnapshotDraft& draft);
void add_network(SnapshotDraft& draft);
void add_systemd(SnapshotDraft& draft);

}  // namespace edge::agent
