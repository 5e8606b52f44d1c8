// cpu and memory.
#include <array>
#include <charconv>
#include <cmath>

#include "agent/snapshot_draft.hpp"
#include "base/text.hpp"

namespace edge::agent {
namespace {

// Lines "cpu0 ...", "cpu1 ..." of /proc/stat: the online ones, on every architecture.
std::uint64_t count_cpus(std::string_view stat) {
  std::uint64_t count = 0;
  for (std::size_t start = 0; start < stat.size();) {
    const auto line = stat.substr(start, stat.find('\n', start) - start);
    if (line.size() > 3 && line.starts_with("cpu") && line[3] >= '0' && line[3] <= '9') ++count;
    start += line.size() + 1;
  }
  return count;
}

void add_count(SnapshotDraft& draft) {
  const auto stat = draft.read("proc/stat");
  if (!stat) return draft.absent("cpu.count", stat.error().message);
  const auto count = count_cpus(*stat);
  if (count == 0) return draft.absent("cpu.count", "/proc/stat: no line 'cpu0'");
  draft.set("cpu.count", count);
}

void add_model(SnapshotDraft& draft) {
  const auto cpus = draft.read("proc/cpuinfo");
  if (!cpus) return draft.absent("cpu.model", cpus.error().message);
  auto model = field_of(*cpus, "model name", ':');
  if (!model) model = field_of(*cpus, "Model", ':');  // ARM boards
  draft.set_or_absent("cpu.model", model);
}

Result<double> parse_load(std::string_view text) {
  double load = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), load);
  if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(load) ||
      load < 0) {
    return fail(Errc::failure, "'" + printable(text, 64) + "' is not a load");
  }
  return load;
}

void add_load(SnapshotDraft& draft) {
  const auto text = draft.read("proc/loadavg");
  std::string_view rest = text ? std::string_view(*text) : std::string_view();
  for (const auto* key : {"cpu.load1", "cpu.load5", "cpu.load15"}) {
    if (!text) {
      draft.absent(key, text.error().message);
      continue;
    }
    const auto word = rest.substr(0, rest.find(' '));
    rest.remove_prefix(std::min(word.size() + 1, rest.size()));
    const auto load = parse_load(word);
    if (load) draft.set(key, *load);
    if (!load) draft.absent(key, "/proc/loadavg: " + load.error().message);
  }
}

// "MemTotal:  16384 kB"
Result<std::uint64_t> bytes_of(std::string_view meminfo, std::string_view name) {
  const auto line = field_of(meminfo, name, ':');
  if (!line) return line.error();
  const auto kilobytes = parse_count(std::string_view(*line).substr(0, line->find(' ')));
  if (!kilobytes) return kilobytes.error();
  if (!line->ends_with(" kB")) return fail(Errc::failure, "not in kB");
  if (*kilobytes > UINT64_MAX / 1024) return fail(Errc::failure, "out of range");
  return *kilobytes * 1024;
}

struct MemoryKey {
  const char* key;
  const char* name;  // in /proc/meminfo
};
constexpr std::array<MemoryKey, 4> kMemory{{{"memory.total-bytes", "MemTotal"},
                                            {"memory.available-bytes", "MemAvailable"},
                                            {"memory.swap-total-bytes", "SwapTotal"},
                                            {"memory.swap-free-bytes", "SwapFree"}}};

}  // namespace

void add_cpu(SnapshotDraft& draft) {
  add_count(draft);
  add_model(draft);
  add_load(draft);
}

void add_memory(SnapshotDraft& draft) {
  const auto meminfo = draft.read("proc/meminfo");
  for (const auto& [key, name] : kMemory) {
    if (!meminfo) {
      draft.absent(key, meminfo.error().message);
      continue;
    }
    const auto bytes = bytes_of(*meminfo, name);
    if (bytes) draft.set(key, *bytes);
    if (!bytes) draft.absent(key, "/proc/meminfo: " + bytes.error().message);
  }
}

}  // namespace edge::agent
