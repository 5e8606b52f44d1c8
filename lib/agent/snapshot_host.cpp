// host: name, operating system, kernel, architecture, boot time.
#include <sys/utsname.h>

#include "agent/snapshot_draft.hpp"
#include "base/time.hpp"

namespace edge::agent {
namespace {

// os-release is a shell fragment: NAME="Debian GNU/Linux", with \ before ", $, ` and \ inside
// quotes.
std::string unquoted(std::string_view text) {
  if (text.size() < 2 || (text.front() != '"' && text.front() != '\'') ||
      text.back() != text.front()) {
    return std::string(text);
  }
  const bool escapes = text.front() == '"';
  text = text.substr(1, text.size() - 2);
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (escapes && text[i] == '\\' && i + 1 < text.size()) ++i;
    plain += text[i];
  }
  return plain;
}

// The first of two fields of os-release that is there.
Result<std::string> release_field(const Result<std::string>& release, std::string_view name,
                                  std::string_view otherwise) {
  if (!release) return release;
  auto field = field_of(*release, name, '=');
  if (!field) field = field_of(*release, otherwise, '=');
  if (!field) return field.error();
  return unquoted(*field);
}

void add_os(SnapshotDraft& draft) {
  auto release = draft.read("etc/os-release");
  if (!release) {
    if (auto vendor = draft.read("usr/lib/os-release")) release = std::move(vendor);
  }
  draft.set_or_absent("host.os.id", release_field(release, "ID", "ID"));
  draft.set_or_absent("host.os.name", release_field(release, "NAME", "PRETTY_NAME"));
  draft.set_or_absent("host.os.version", release_field(release, "VERSION_ID", "VERSION"));
}

// Kernels before 6.1 have no file for it.
Result<std::string> architecture(const SnapshotDraft& draft) {
  auto text = draft.read("proc/sys/kernel/arch");
  if (text || !draft.is_node()) return text;
  struct utsname name {};
  if (::uname(&name) != 0) return text;
  return std::string(name.machine);
}

void add_boot_time(SnapshotDraft& draft) {
  constexpr std::uint64_t kYear3000 = 32'503'680'000;
  const auto stat = draft.read("proc/stat");
  if (!stat) return draft.absent("host.boot-time", stat.error().message);
  const auto line = field_of(*stat, "btime", ' ');
  if (!line) return draft.absent("host.boot-time", line.error().message);
  const auto seconds = parse_count(*line);
  if (!seconds) return draft.absent("host.boot-time", seconds.error().message);
  if (*seconds > kYear3000) return draft.absent("host.boot-time", "out of range");
  draft.set_text("host.boot-time", format_rfc3339(WallTime{std::chrono::seconds{*seconds}}));
}

void add_uptime(SnapshotDraft& draft) {
  const auto text = draft.read("proc/uptime");
  if (!text) return draft.absent("host.uptime-seconds", text.error().message);
  const auto seconds = parse_count(trimmed(*text).substr(0, trimmed(*text).find_first_of(". ")));
  if (!seconds) return draft.absent("host.uptime-seconds", seconds.error().message);
  draft.set("host.uptime-seconds", *seconds);
}

}  // namespace

void add_host(SnapshotDraft& draft) {
  auto name = draft.read("proc/sys/kernel/hostname");
  if (!name) {
    if (auto configured = draft.read("etc/hostname")) name = std::move(configured);
  }
  draft.set_or_absent("host.name", name);
  add_os(draft);
  draft.set_or_absent("host.kernel.release", draft.read("proc/sys/kernel/osrelease"));
  draft.set_or_absent("host.kernel.version", draft.read("proc/sys/kernel/version"));
  draft.set_or_absent("host.architecture", architecture(draft));
  add_boot_time(draft);
  add_uptime(draft);
}

}  // namespace edge::agent
