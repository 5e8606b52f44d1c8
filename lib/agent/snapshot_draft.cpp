#include "agent/snapshot_draft.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <system_error>

#include "base/descriptor.hpp"
#include "base/text.hpp"

namespace edge::agent {
namespace {

constexpr std::size_t kMaxFile = 1 << 20;

std::string reason_of(int number) {
  return std::generic_category().message(number);
}

Result<std::string> read_descriptor(int fd) {
  struct stat about {};
  if (::fstat(fd, &about) != 0) return fail(Errc::failure, reason_of(errno));
  if (!S_ISREG(about.st_mode)) return fail(Errc::failure, "not a regular file");
  std::string text;
  char chunk[16 * 1024];
  while (text.size() < kMaxFile) {
    const auto count = ::read(fd, chunk, sizeof chunk);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail(Errc::failure, reason_of(errno));
    if (count == 0) break;
    text.append(chunk, static_cast<std::size_t>(count));
  }
  return text;
}

}  // namespace

SnapshotDraft::SnapshotDraft(const std::filesystem::path& root) : root_(root.lexically_normal()) {}

std::filesystem::path SnapshotDraft::below_root(std::string_view path) const {
  return root_ / std::filesystem::path(path).relative_path();
}

Result<std::string> SnapshotDraft::read(std::string_view path) const {
  // O_NONBLOCK: a FIFO where a file belongs must not stop the agent.
  const Descriptor file(
      ::open(below_root(path).c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  if (!file) return fail(Errc::failure, "/" + std::string(path) + ": " + reason_of(errno));
  auto text = read_descriptor(file.get());
  if (!text) return fail(Errc::failure, "/" + std::string(path) + ": " + text.error().message);
  return text;
}

void SnapshotDraft::set(std::string_view key, nlohmann::json value) {
  auto* place = &body_;
  for (auto dot = key.find('.'); dot != key.npos; dot = key.find('.')) {
    place = &(*place)[std::string(key.substr(0, dot))];
    key.remove_prefix(dot + 1);
  }
  (*place)[std::string(key)] = std::move(value);
}

void SnapshotDraft::set_text(std::string_view key, std::string_view text) {
  set(key, nlohmann::json(printable(text)));
}

void SnapshotDraft::set_or_absent(std::string_view key, const Result<std::string>& text) {
  if (!text) return absent(key, text.error().message);
  if (trimmed(*text).empty()) return absent(key, "empty");
  set_text(key, trimmed(*text));
}

void SnapshotDraft::absent(std::string_view key, std::string_view reason) {
  if (missing_.size() >= kMaxMissing) return;
  missing_.push_back({{"key", printable(key)}, {"reason", printable(reason)}});
}

nlohmann::json SnapshotDraft::finish() && {
  body_["missing"] = std::move(missing_);
  return std::move(body_);
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const auto first = text.find_first_not_of(kSpace);
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

Result<std::string> field_of(std::string_view text, std::string_view name, char separator) {
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    const auto line = text.substr(0, end);
    const auto at = line.find(separator);
    if (at != line.npos && trimmed(line.substr(0, at)) == name) {
      return std::string(trimmed(line.substr(at + 1)));
    }
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return fail(Errc::not_found, "no line '" + std::string(name) + "'");
}

Result<std::uint64_t> parse_count(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) {
    return fail(Errc::failure, "'" + printable(text, 64) + "' is not a number");
  }
  return number;
}

}  // namespace edge::agent
