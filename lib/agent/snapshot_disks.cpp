// disks: the file systems that hold something, with their sizes.
//
// A file system behind a network or a FUSE daemon is listed but never asked: statvfs() on a dead
// one hangs for ever, and the agent with it.
#include <sys/statvfs.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <system_error>

#include "agent/snapshot_draft.hpp"
#include "base/text.hpp"

namespace edge::agent {
namespace {

struct Mount {
  std::string device, folder, type;
};

constexpr std::array<std::string_view, 18> kLocal{
    "ext2",   "ext3", "ext4",  "xfs",  "btrfs", "zfs",      "f2fs",  "bcachefs", "jfs",
    "nilfs2", "vfat", "exfat", "ntfs", "ntfs3", "reiserfs", "ubifs", "jffs2",    "hfsplus"};
constexpr std::array<std::string_view, 14> kRemote{
    "nfs", "nfs4", "cifs",      "smb3",  "smbfs", "ceph",   "9p",
    "afs", "coda", "glusterfs", "ocfs2", "gfs2",  "lustre", "virtiofs"};

template <class List>
bool contains(const List& list, std::string_view text) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

bool is_remote(const Mount& mount) {
  return contains(kRemote, mount.type) || mount.type == "fuse" || mount.type == "fuseblk" ||
         mount.type.starts_with("fuse.");
}

// Where a container or a live system has its root, that is the disk that an operator asks about.
bool is_unusual_root(const Mount& mount) {
  return mount.folder == "/" &&
         (mount.type == "overlay" || mount.type == "tmpfs" || mount.type == "squashfs");
}

// FUSE mounts that desktops and container run-times make for themselves hold no files of anybody.
bool is_listed(const Mount& mount) {
  if (mount.type == "fuse.lxcfs" || mount.type == "fuse.gvfsd-fuse" || mount.type == "fuse.portal")
    return false;
  return contains(kLocal, mount.type) || is_remote(mount) || is_unusual_root(mount);
}

bool is_octal(char c) {
  return c >= '0' && c <= '7';
}

// The kernel writes space, tab, newline and backslash as \040, \011, \012 and \134.
std::string unescaped(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 3 < text.size() && is_octal(text[i + 1]) && is_octal(text[i + 2]) &&
        is_octal(text[i + 3])) {
      plain += static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 +
                                 (text[i + 3] - '0'));
      i += 3;
    } else {
      plain += text[i];
    }
  }
  return plain;
}

std::string next_word(std::string_view& line) {
  const auto word = line.substr(0, line.find(' '));
  line.remove_prefix(std::min(word.size() + 1, line.size()));
  return unescaped(word);
}

std::optional<Mount> parse_mount(std::string_view line) {
  Mount mount;
  mount.device = next_word(line);
  mount.folder = next_word(line);
  mount.type = next_word(line);
  // No NUL may cut the path short on its way into the kernel.
  if (!mount.folder.starts_with('/') || mount.folder.find('\0') != std::string::npos)
    return std::nullopt;
  return mount;
}

// A device that is mounted twice (bind mounts, subvolumes) counts once, at its shortest folder; of
// two mounts on one folder only the last one can be seen.
void insert(std::vector<Mount>& mounts, Mount mount) {
  std::erase_if(mounts, [&](const Mount& other) { return other.folder == mount.folder; });
  if (!is_listed(mount)) return;
  const auto same = std::find_if(mounts.begin(), mounts.end(),
                                 [&](const Mount& other) { return other.device == mount.device; });
  if (same == mounts.end()) return mounts.push_back(std::move(mount));
  if (mount.folder.size() < same->folder.size()) *same = std::move(mount);
}

std::vector<Mount> parse_mounts(std::string_view text) {
  std::vector<Mount> mounts;
  // More mounts than these are read by nobody, and insert() compares each with each.
  constexpr std::size_t kMaxLines = 4096;
  for (std::size_t start = 0, lines = 0; start < text.size() && lines < kMaxLines; ++lines) {
    const auto line = text.substr(start, text.find('\n', start) - start);
    start += line.size() + 1;
    if (auto mount = parse_mount(line)) insert(mounts, std::move(*mount));
  }
  return mounts;
}

void add_sizes(SnapshotDraft& draft, const Mount& mount, nlohmann::json& disk) {
  const auto key = "disks[" + printable(mount.folder, 128) + "].";
  const auto absent = [&](const std::string& reason) {
    draft.absent(key + "total-bytes", reason);
    draft.absent(key + "free-bytes", reason);
  };
  if (is_remote(mount)) return absent("not asked: a " + mount.type + " file system may hang");
  struct statvfs sizes {};
  if (::statvfs(draft.below_root(mount.folder).c_str(), &sizes) != 0) {
    return absent(std::generic_category().message(errno));
  }
  disk["total-bytes"] = std::uint64_t{sizes.f_blocks} * sizes.f_frsize;
  // What df calls available: without the blocks that are reserved for root.
  disk["free-bytes"] = std::uint64_t{sizes.f_bavail} * sizes.f_frsize;
}

}  // namespace

void add_disks(SnapshotDraft& draft) {
  const auto text = draft.read("proc/self/mounts");
  if (!text) return draft.absent("disks", text.error().message);
  const auto mounts = parse_mounts(*text);
  auto disks = nlohmann::json::array();
  for (const auto& mount : mounts) {
    if (disks.size() == kMaxDisks) {
      draft.absent("disks", "only the first " + std::to_string(kMaxDisks) + " of " +
                                std::to_string(mounts.size()) + " are listed");
      break;
    }
    nlohmann::json disk{{"mount", printable(mount.folder)},
                        {"device", printable(mount.device)},
                        {"type", printable(mount.type)}};
    add_sizes(draft, mount, disk);
    disks.push_back(std::move(disk));
  }
  draft.set("disks", std::move(disks));
}

}  // namespace edge::agent
