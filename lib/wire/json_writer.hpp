// JSON written as text, without a tree in between: a list of 15,000 endpoints takes a tenth of the
// time. The caller keeps the order: a key, then its value. Texts are UTF-8 that was made printable.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace edge::wire {

class JsonWriter {
 public:
  // Appends to `out`, which must outlive it.
  explicit JsonWriter(std::string& out) : out_(out) {}

  JsonWriter& begin_object();
  JsonWriter& end_object();
  JsonWriter& begin_list();
  JsonWriter& end_list();
  JsonWriter& key(std::string_view name);

  JsonWriter& text(std::string_view value);
  JsonWriter& text_or_null(const std::optional<std::string>& value);
  JsonWriter& number(std::uint64_t value);
  JsonWriter& flag(bool value);
  JsonWriter& null();
  JsonWriter& texts(const std::map<std::string, std::string>& values);  // an object

  // A key with its value.
  JsonWriter& text(std::string_view name, std::string_view value) { return key(name).text(value); }
  JsonWriter& flag(std::string_view name, bool value) { return key(name).flag(value); }

 private:
  void separate();
  void quote(std::string_view value);

  std::string& out_;
  bool first_ = true;  // of the object or list that is open: no comma yet
};

}  // namespace edge::wire
