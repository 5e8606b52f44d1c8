// The packets of SFTP version 3 (draft-ietf-secsh-filexfer-02) and of OpenSSH's extensions to it
// (its file PROTOCOL): requests are printed, replies parsed. Pure. Replies come from a far side
// that may be hostile: whatever is longer than its packet, or has no sense, is no reply.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace edge::sftp {

inline constexpr std::uint32_t kVersion = 3;
// What sftp-server itself takes and sends at most (SFTP_MAX_MSG_LENGTH), length included.
inline constexpr std::size_t kMostPacket = 256 * 1024;
inline constexpr std::size_t kMostHandle = 256;

enum class Code : std::uint32_t {
  ok = 0,
  eof = 1,
  no_such_file = 2,
  permission_denied = 3,
  failure = 4,
  bad_message = 5,
  no_connection = 6,
  connection_lost = 7,
  op_unsupported = 8,
};

struct Attributes {
  struct Owner {
    std::uint32_t user = 0, group = 0;
    bool operator==(const Owner&) const = default;
  };
  struct Times {
    std::uint32_t accessed = 0, modified = 0;
    bool operator==(const Times&) const = default;
  };
  std::optional<std::uint64_t> size;
  std::optional<Owner> owner;
  std::optional<std::uint32_t> mode;  // st_mode: type and permissions
  std::optional<Times> times;
  bool operator==(const Attributes&) const = default;

  bool is_folder() const;
  bool is_file() const;
  bool is_link() const;
};

struct Entry {
  std::string name;  // as the far side has it: no path until it was looked at
  Attributes attributes;
};

// How a file is opened (SSH_FXF_*).
enum Open : std::uint32_t {
  kRead = 1,
  kWrite = 2,
  kCreate = 8,
  kTruncate = 16,
  kExclusive = 32,  // must be new
};

// --- requests, with their length in front
std::string print_init();
std::string print_open(std::uint32_t id, std::string_view path, std::uint32_t flags,
                       const Attributes& attributes);
std::string print_close(std::uint32_t id, std::string_view handle);
std::string print_read(std::uint32_t id, std::string_view handle, std::uint64_t at,
                       std::uint32_t size);
// All of it but its `size` bytes, which follow it.
std::string print_write_head(std::uint32_t id, std::string_view handle, std::uint64_t at,
                             std::size_t size);

enum class PathRequest : std::uint8_t {  // one path and nothing else
  lstat = 7,
  opendir = 11,
  remove = 13,
  rmdir = 15,
  realpath = 16,
  stat = 17,
  readlink = 19,
};
std::string print_path(PathRequest kind, std::uint32_t id, std::string_view path);
std::string print_fstat(std::uint32_t id, std::string_view handle);
std::string print_readdir(std::uint32_t id, std::string_view handle);
std::string print_setstat(std::uint32_t id, std::string_view path, const Attributes& attributes);
std::string print_fsetstat(std::uint32_t id, std::string_view handle, const Attributes& attributes);
std::string print_mkdir(std::uint32_t id, std::string_view path, const Attributes& attributes);
std::string print_rename(std::uint32_t id, std::string_view from, std::string_view to);
// As sftp-server takes it, which is not as the draft has it.
std::string print_symlink(std::uint32_t id, std::string_view points_to, std::string_view link);
// posix-rename, fsync, limits, lsetstat, statvfs, expand-path...: texts, then attributes if any.
std::string print_extended(std::uint32_t id, std::string_view name,
                           const std::vector<std::string_view>& texts,
                           const Attributes* attributes = nullptr);

// --- replies
struct Version {
  std::uint32_t version = 0;
  std::vector<std::pair<std::string, std::string>> extensions;  // name, its version
};

struct Reply {
  enum class Kind : std::uint8_t {
    status = 101,
    handle = 102,
    data = 103,
    names = 104,
    attributes = 105,
    extended = 201,
  };
  Kind kind = Kind::status;
  std::uint32_t id = 0;
  Code code = Code::ok;   // status
  std::string words;      // status: the far side's own
  std::string handle;     // handle
  std::string_view data;  // data, extended: lies in the packet that was parsed
  std::vector<Entry> names;
  Attributes attributes;

  bool is_ok() const { return kind == Kind::status && code == Code::ok; }
};

// What follows the length; nothing: it is no such packet.
std::optional<Version> parse_version(std::string_view packet);
std::optional<Reply> parse_reply(std::string_view packet);

// A name that is one: not empty, not "." or "..", without a slash or a zero byte, at most 255
// bytes. Others name something outside of the folder that they are said to be in.
bool is_plain_name(std::string_view name);

}  // namespace edge::sftp
