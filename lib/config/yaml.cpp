#include <algorithm>

#include "base/files.hpp"
#include "base/text.hpp"
#include "config/settings.hpp"
#include "config/value.hpp"
#include "config/yaml_reader.hpp"

namespace edge::config {
namespace {

constexpr std::size_t kMaxFile = 1 << 20;

bool is_below(std::string_view path, std::string_view section) {
  return path.size() > section.size() && path.starts_with(section) && path[section.size()] == '.';
}

// The keys of a section, "listen, url"; empty when there is no such section.
std::string keys_below(const std::vector<Key>& keys, std::string_view section) {
  std::string joined;
  for (const auto& key : keys) {
    if (!is_below(key.path, section)) continue;
    joined += (joined.empty() ? "" : ", ") + key.path.substr(section.size() + 1);
  }
  return joined;
}

bool is_fleet_setting(std::string_view path) {
  FleetSettings settings;
  return find_key(describe(settings), path) != nullptr;
}

std::string unknown(const std::vector<Key>& keys, const std::string& path) {
  if (is_fleet_setting(path)) {
    return path + ": is a fleet setting and not in this file, use: edgectl settings set " + path;
  }
  std::vector<std::string> candidates;
  candidates.reserve(keys.size());
  for (const auto& key : keys) candidates.push_back(key.path);
  const auto meant = nearest(path, candidates);
  return path + ": no such key" + (meant.empty() ? "" : ", did you mean " + meant + "?");
}

Result<Value> parse_entry(const Key& key, const YamlEntry& entry) {
  if (entry.kind == YamlEntry::Kind::empty) {
    return fail(Errc::usage,
                key.path + ": has no value, write " + accepted(key) + " or leave the line out");
  }
  if (entry.kind == YamlEntry::Kind::scalar) return parse_value(key, entry.texts.front());
  if (is_list(key)) return parse_list(key, entry.texts);
  return fail(Errc::usage, key.path + ": must not be a list, write " + accepted(key));
}

struct Change {
  const Key* key;
  Value value;
};

class Loading {
 public:
  Loading(const std::string& file, const std::vector<Key>& keys) : file_(file), keys_(keys) {}

  void take(const YamlEntry& entry) {
    if (const auto* key = find_key(keys_, entry.path)) {
      auto value = parse_entry(*key, entry);
      if (!value) return mistake(entry.line, value.error().message);
      changes_.push_back({key, std::move(*value)});
      return;
    }
    const auto children = keys_below(keys_, entry.path);
    if (children.empty()) return mistake(entry.line, unknown(keys_, entry.path));
    // "poll:" with every key under it commented out is how print_yaml() writes a section.
    if (entry.kind == YamlEntry::Kind::empty) return;
    mistake(entry.line, entry.path + ": is a section, its keys are " + children);
  }

  void mistake(int line, const std::string& message) { mistakes_.push_back({line, message}); }

  // All or nothing: one mistake, and no key changes.
  Result<void> finish() {
    if (mistakes_.empty()) {
      for (auto& change : changes_) assign(*change.key, std::move(change.value));
      return {};
    }
    std::stable_sort(mistakes_.begin(), mistakes_.end(),
                     [](const auto& left, const auto& right) { return left.line < right.line; });
    const std::size_t shown = std::min(mistakes_.size(), kMaxMistakes);
    std::string text;
    for (std::size_t i = 0; i < shown; ++i) {
      text += (i == 0 ? "" : "\n") + file_ + ":" + std::to_string(mistakes_[i].line) + ": " +
              mistakes_[i].message;
    }
    if (shown < mistakes_.size()) text += "\n" + file_ + ": and more";
    return fail(Errc::usage, std::move(text));
  }

 private:
  const std::string& file_;
  const std::vector<Key>& keys_;
  std::vector<Change> changes_;
  std::vector<YamlMistake> mistakes_;
};

}  // namespace

Result<void> load_yaml(const std::string& file, const std::string& text,
                       const std::vector<Key>& keys) {
  if (text.size() > kMaxFile) {
    return fail(Errc::usage, file + ": larger than " + std::to_string(kMaxFile) + " bytes");
  }
  const auto content = read_yaml(text);
  Loading loading(file, keys);
  for (const auto& entry : content.entries) loading.take(entry);
  for (const auto& found : content.mistakes) loading.mistake(found.line, found.message);
  return loading.finish();
}

Result<void> load_yaml_file(const std::filesystem::path& file, const std::vector<Key>& keys) {
  auto text = read_file(file, kMaxFile);
  if (!text) return text.error();
  return load_yaml(file.string(), *text, keys);
}

}  // namespace edge::config
