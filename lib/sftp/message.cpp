#include "sftp/message.hpp"

#include <sys/stat.h>

#include "base/packed.hpp"

namespace edge::sftp {
namespace {

// SSH_FXP_*
enum Type : std::uint8_t {
  kInit = 1,
  kVersionReply = 2,
  kOpen = 3,
  kClose = 4,
  kReadFile = 5,
  kWriteFile = 6,
  kFstat = 8,
  kSetstat = 9,
  kFsetstat = 10,
  kReaddir = 12,
  kMkdir = 14,
  kRename = 18,
  kSymlink = 20,
  kExtended = 200,
};

// SSH_FILEXFER_ATTR_*
constexpr std::uint32_t kSize = 1, kOwner = 2, kMode = 4, kTimes = 8, kMore = 0x80000000;

constexpr std::size_t kMostName = 255;
constexpr std::size_t kMostExtensions = 64;
constexpr std::size_t kMostWords = 1024;

void pack(Packer& out, const Attributes& attributes) {
  out.u32((attributes.size ? kSize : 0) | (attributes.owner ? kOwner : 0) |
          (attributes.mode ? kMode : 0) | (attributes.times ? kTimes : 0));
  if (attributes.size) out.u64(*attributes.size);
  if (attributes.owner) out.u32(attributes.owner->user).u32(attributes.owner->group);
  if (attributes.mode) out.u32(*attributes.mode);
  if (attributes.times) out.u32(attributes.times->accessed).u32(attributes.times->modified);
}

Attributes unpack(Unpacker& in) {
  Attributes attributes;
  const auto flags = in.u32();
  if (flags & kSize) attributes.size = in.u64();
  if (flags & kOwner) {
    attributes.owner.emplace();
    attributes.owner->user = in.u32();
    attributes.owner->group = in.u32();
  }
  if (flags & kMode) attributes.mode = in.u32();
  if (flags & kTimes) {
    attributes.times.emplace();
    attributes.times->accessed = in.u32();
    attributes.times->modified = in.u32();
  }
  if (flags & kMore) {
    for (auto count = in.u32(); count > 0 && in.good(); --count) in.text(), in.text();
  }
  return attributes;
}

Packer request(std::uint8_t type, std::uint32_t id, std::size_t expected = 64) {
  Packer out(expected);
  out.u8(type).u32(id);
  return out;
}

bool has_type(const std::optional<std::uint32_t>& mode, std::uint32_t type) {
  return mode && (*mode & S_IFMT) == type;
}

bool read_names(Unpacker& in, std::vector<Entry>& names) {
  constexpr std::size_t kLeastEntry = 12;  // two empty texts and no attributes
  const auto count = in.u32();
  if (!in.good() || count > in.left() / kLeastEntry) return false;
  names.reserve(count);
  for (std::uint32_t i = 0; i < count && in.good(); ++i) {
    Entry entry;
    entry.name = std::string(in.text());
    in.text();  // as ls -l would print it
    entry.attributes = unpack(in);
    names.push_back(std::move(entry));
  }
  return in.good();
}

}  // namespace

bool Attributes::is_folder() const {
  return has_type(mode, S_IFDIR);
}

bool Attributes::is_file() const {
  return has_type(mode, S_IFREG);
}

bool Attributes::is_link() const {
  return has_type(mode, S_IFLNK);
}

std::string print_init() {
  return Packer().u8(kInit).u32(kVersion).take();
}

std::string print_open(std::uint32_t id, std::string_view path, std::uint32_t flags,
                       const Attributes& attributes) {
  auto out = request(kOpen, id, 64 + path.size());
  out.text(path).u32(flags);
  pack(out, attributes);
  return out.take();
}

std::string print_close(std::uint32_t id, std::string_view handle) {
  return request(kClose, id).text(handle).take();
}

std::string print_read(std::uint32_t id, std::string_view handle, std::uint64_t at,
                       std::uint32_t size) {
  return request(kReadFile, id).text(handle).u64(at).u32(size).take();
}

std::string print_write_head(std::uint32_t id, std::string_view handle, std::uint64_t at,
                             std::size_t size) {
  auto out = request(kWriteFile, id);
  out.text(handle).u64(at).u32(static_cast<std::uint32_t>(size));
  return out.take_before(size);
}

std::string print_path(PathRequest kind, std::uint32_t id, std::string_view path) {
  return request(static_cast<std::uint8_t>(kind), id, 16 + path.size()).text(path).take();
}

std::string print_fstat(std::uint32_t id, std::string_view handle) {
  return request(kFstat, id).text(handle).take();
}

std::string print_readdir(std::uint32_t id, std::string_view handle) {
  return request(kReaddir, id).text(handle).take();
}

std::string print_setstat(std::uint32_t id, std::string_view path, const Attributes& attributes) {
  auto out = request(kSetstat, id, 64 + path.size());
  out.text(path);
  pack(out, attributes);
  return out.take();
}

std::string print_fsetstat(std::uint32_t id, std::string_view handle,
                           const Attributes& attributes) {
  auto out = request(kFsetstat, id);
  out.text(handle);
  pack(out, attributes);
  return out.take();
}

std::string print_mkdir(std::uint32_t id, std::string_view path, const Attributes& attributes) {
  auto out = request(kMkdir, id, 64 + path.size());
  out.text(path);
  pack(out, attributes);
  return out.take();
}

std::string print_rename(std::uint32_t id, std::string_view from, std::string_view to) {
  return request(kRename, id, 64 + from.size() + to.size()).text(from).text(to).take();
}

std::string print_symlink(std::uint32_t id, std::string_view points_to, std::string_view link) {
  return request(kSymlink, id, 64 + points_to.size() + link.size())
      .text(points_to)
      .text(link)
      .take();
}

std::string print_extended(std::uint32_t id, std::string_view name,
                           const std::vector<std::string_view>& texts,
                           const Attributes* attributes) {
  auto out = request(kExtended, id, 256);
  out.text(name);
  for (const auto text : texts) out.text(text);
  if (attributes != nullptr) pack(out, *attributes);
  return out.take();
}

std::optional<Version> parse_version(std::string_view packet) {
  Unpacker in(packet);
  if (in.u8() != kVersionReply) return std::nullopt;
  Version version;
  version.version = in.u32();
  while (in.good() && in.left() > 0 && version.extensions.size() < kMostExtensions) {
    const auto name = in.text();
    version.extensions.emplace_back(name, in.text());
  }
  if (!in.good()) return std::nullopt;
  return version;
}

std::optional<Reply> parse_reply(std::string_view packet) {
  Unpacker in(packet);
  Reply reply;
  reply.kind = static_cast<Reply::Kind>(in.u8());
  reply.id = in.u32();
  switch (reply.kind) {
    case Reply::Kind::status:
      reply.code = static_cast<Code>(in.u32());
      // Servers of the first drafts say no more than the code.
      if (in.good() && in.left() > 0) reply.words = std::string(in.text().substr(0, kMostWords));
      break;
    case Reply::Kind::handle:
      reply.handle = std::string(in.text());
      if (reply.handle.size() > kMostHandle) return std::nullopt;
      break;
    case Reply::Kind::data:
      reply.data = in.text();
      break;
    case Reply::Kind::names:
      if (!read_names(in, reply.names)) return std::nullopt;
      break;
    case Reply::Kind::attributes:
      reply.attributes = unpack(in);
      break;
    case Reply::Kind::extended:
      reply.data = in.raw(in.left());
      break;
    default:
      return std::nullopt;
  }
  if (!in.good()) return std::nullopt;
  return reply;
}

bool is_plain_name(std::string_view name) {
  return !name.empty() && name != "." && name != ".." && name.size() <= kMostName &&
         name.find('/') == std::string_view::npos && name.find('\0') == std::string_view::npos;
}

}  // namespace edge::sftp
