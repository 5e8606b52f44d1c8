#include "config/yaml_reader.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <set>
#include <sstream>

#include "base/text.hpp"

namespace edge::config {
namespace {

// What any real key needs and more; bounds the paths of mappings that nest hundreds deep.
constexpr std::size_t kMaxPath = 512;

int line_of(const YAML::Mark& mark) {
  return mark.line + 1;
}

// Where the parser is: a stack of open mappings and lists.
class Reader final : public YAML::EventHandler {
 public:
  explicit Reader(YamlContent& content) : content_(content) {}

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ == 2) mistake(line_of(mark), "a second document ('---') is not read");
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t) override {
    if (is_key_expected()) return key_mistake(mark);
    if (!open_.empty()) value(mark, YamlEntry::Kind::empty, {});
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    mistake(line_of(mark), "aliases ('*name') are not accepted, write the value out");
    if (is_key_expected()) return ignore_next_value();
    after_value();
  }
  void OnScalar(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                const std::string& text) override {
    if (open_.empty()) return mistake(line_of(mark), "the file must hold 'key: value' lines");
    if (is_key_expected()) return key(mark, text);
    value(mark, YamlEntry::Kind::scalar, text);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {
    if (open_.empty()) mistake(line_of(mark), "the file must hold 'key: value' lines, not a list");
    open(mark, Level::Kind::list);
    if (is_read()) {
      const auto& list = open_.back();
      content_.entries.push_back({list.path, list.key_line, YamlEntry::Kind::list, {}});
    }
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {
    open(mark, Level::Kind::mapping);
  }
  void OnMapEnd() override { close(); }

  void mistake(int line, std::string message) {
    if (content_.mistakes.size() < kMaxMistakes) {
      content_.mistakes.push_back({line, std::move(message)});
    }
  }

 private:
  struct Level {
    enum class Kind { mapping, list };
    Kind kind;
    std::string path;
    bool ignored;                 // something around it is a mistake already
    bool is_key = false;          // it stands where a key belongs
    bool has_key = false;         // a mapping: the key was read, its value is next
    bool is_key_ignored = false;  // a mapping: that key was a mistake
    int key_line = 0;
    std::string key{};
  };

  bool is_key_expected() const {
    return !open_.empty() && open_.back().kind == Level::Kind::mapping && !open_.back().has_key;
  }

  bool is_read() const {
    return documents_ == 1 && !open_.empty() && !open_.back().ignored &&
           !open_.back().is_key_ignored;
  }

  void key(const YAML::Mark& mark, const std::string& text) {
    auto& level = open_.back();
    level.has_key = true;
    level.is_key_ignored = false;
    level.key_line = line_of(mark);
    if (level.ignored || documents_ > 1) return;
    level.key = (level.path.empty() ? "" : level.path + ".") + printable(text, 64);
    if (level.key.size() > kMaxPath) {
      mistake(level.key_line, "keys are nested too deep");
    } else if (seen_.insert(level.key).second) {
      return;
    } else {
      mistake(level.key_line, level.key + ": is there twice, keep one of them");
    }
    level.is_key_ignored = true;
  }

  void key_mistake(const YAML::Mark& mark) {
    mistake(line_of(mark), "keys are plain words");
    ignore_next_value();
  }

  void ignore_next_value() {
    open_.back().has_key = true;
    open_.back().is_key_ignored = true;
  }

  void value(const YAML::Mark& mark, YamlEntry::Kind kind, const std::string& text) {
    if (open_.back().kind == Level::Kind::list) {
      list_entry(mark, kind, text);
    } else if (is_read()) {
      YamlEntry entry{open_.back().key, open_.back().key_line, kind, {}};
      if (kind == YamlEntry::Kind::scalar) entry.texts.push_back(text);
      content_.entries.push_back(std::move(entry));
    }
    after_value();
  }

  void list_entry(const YAML::Mark& mark, YamlEntry::Kind kind, const std::string& text) {
    if (!is_read()) return;
    if (kind == YamlEntry::Kind::empty) {
      return mistake(line_of(mark), open_.back().path + ": holds an empty entry");
    }
    content_.entries.back().texts.push_back(text);
  }

  void after_value() {
    if (open_.empty()) return;
    open_.back().has_key = false;
    open_.back().is_key_ignored = false;
  }

  void open(const YAML::Mark& mark, Level::Kind kind) {
    Level level{kind, "", open_.empty() ? kind == Level::Kind::list : !is_read()};
    if (!open_.empty()) {
      if (is_key_expected()) {
        key_mistake(mark);
        level.ignored = true;
        level.is_key = true;
      } else if (open_.back().kind == Level::Kind::list) {
        if (is_read())
          mistake(line_of(mark), open_.back().path + ": its entries must be plain text");
        level.ignored = true;
      }
      level.key_line = open_.back().key_line;
      level.path = open_.back().kind == Level::Kind::mapping ? open_.back().key : open_.back().path;
    }
    open_.push_back(std::move(level));
  }

  void close() {
    const bool was_key = open_.back().is_key;
    open_.pop_back();
    if (!was_key) after_value();
  }

  YamlContent& content_;
  std::vector<Level> open_;
  std::set<std::string> seen_;
  int documents_ = 0;
};

}  // namespace

YamlContent read_yaml(const std::string& text) {
  YamlContent content;
  Reader reader(content);
  try {
    std::istringstream stream(text);
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(reader)) {
    }
  } catch (const YAML::Exception& error) {
    const int line = error.mark.is_null() ? 1 : line_of(error.mark);
    reader.mistake(line, "cannot be read as YAML: " + printable(error.msg) +
                             " (text that starts with '[' or '*', or holds ': ', needs quotes)");
  } catch (const std::exception& error) {
    reader.mistake(1, std::string("cannot be read as YAML: ") + printable(error.what()));
  }
  return content;
}

}  // namespace edge::config
