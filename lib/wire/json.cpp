#include "wire/json.hpp"

#include <functional>
#include <set>

#include "base/encoding.hpp"

namespace edge::wire {
namespace {

// Watches the parser: stops taking values in when they are too deep, and notices a key that comes
// twice (two readers could each believe in another one of the two).
class Watch {
 public:
  bool operator()(int, Json::parse_event_t event, Json& parsed) {
    switch (event) {
      case Json::parse_event_t::object_start:
      case Json::parse_event_t::array_start:
        keys_.emplace_back();
        break;
      case Json::parse_event_t::object_end:
      case Json::parse_event_t::array_end:
        keys_.pop_back();
        break;
      case Json::parse_event_t::key:
        if (!keys_.back().insert(parsed.get<std::string>()).second) key_twice_ = true;
        break;
      default:
        break;
    }
    if (keys_.size() > kMostJsonDepth) too_deep_ = true;
    return !too_deep_;
  }

  bool too_deep() const { return too_deep_; }
  bool key_twice() const { return key_twice_; }

 private:
  std::vector<std::set<std::string>> keys_;  // of each object (or array) that is open
  bool too_deep_ = false;
  bool key_twice_ = false;
};

Error not_taken(const char* why) {
  return fail(Errc::usage, std::string("the JSON ") + why);
}

const Json* find(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found == object.end() ? nullptr : &*found;
}

std::string bounds_text(Bounds bounds, const char* unit) {
  return std::to_string(bounds.least) + " to " + std::to_string(bounds.most) + " " + unit;
}

bool is_in(std::size_t size, Bounds bounds) {
  return size >= bounds.least && size <= bounds.most;
}

Result<std::string> text_of(const Json& value, const char* key, Bounds bytes) {
  if (!value.is_string()) return wrong_field(key, "is not text");
  const auto& text = value.get_ref<const std::string&>();
  if (!is_in(text.size(), bytes)) {
    return wrong_field(key, "does not have " + bounds_text(bytes, "bytes"));
  }
  if (text.find('\0') != std::string::npos) return wrong_field(key, "has a NUL in it");
  return text;
}

}  // namespace

Result<Json> parse_json_object(std::string_view text, std::size_t most_bytes) {
  if (text.size() > most_bytes) return not_taken("is too large");
  // The parser takes a NUL for the end of the text, whatever follows.
  if (text.find('\0') != std::string_view::npos) return not_taken("has a NUL in it");
  Watch watch;
  // The parser keeps its own copy of a callback; the reference lets both see the same watch.
  Json json = Json::parse(text.begin(), text.end(), std::ref(watch), false);
  if (watch.too_deep()) return not_taken("is nested too deeply");
  if (watch.key_twice()) return not_taken("has a key twice");
  if (json.is_discarded()) return not_taken("does not parse");
  if (!json.is_object()) return not_taken("is not an object");
  return {boost::system::in_place_value, std::move(json)};  // a Json converts to too much
}

std::string print_json(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<std::string> text_field(const Json& object, const char* key, Bounds bytes) {
  const auto* value = find(object, key);
  if (value == nullptr) return wrong_field(key, "is missing");
  return text_of(*value, key, bytes);
}

Result<std::optional<std::string>> optional_text_field(const Json& object, const char* key,
                                                       Bounds bytes) {
  const auto* value = find(object, key);
  if (value == nullptr) return std::optional<std::string>{};
  auto text = text_of(*value, key, bytes);
  if (!text) return text.error();
  return std::optional<std::string>{std::move(*text)};
}

Result<std::int64_t> number_field(const Json& object, const char* key, std::int64_t least,
                                  std::int64_t most) {
  const auto* value = find(object, key);
  if (value == nullptr) return wrong_field(key, "is missing");
  if (!value->is_number_integer()) return wrong_field(key, "is not a whole number");
  // Over INT64_MAX the conversion would wrap around.
  const bool huge = value->is_number_unsigned() && value->get<std::uint64_t>() > INT64_MAX;
  const auto number = huge ? 0 : value->get<std::int64_t>();
  if (huge || number < least || number > most) {
    return wrong_field(key, "is not from " + std::to_string(least) + " to " + std::to_string(most));
  }
  return number;
}

Result<std::vector<std::string>> text_list_field(const Json& object, const char* key, Bounds items,
                                                 Bounds bytes) {
  const auto* value = find(object, key);
  if (value == nullptr) return wrong_field(key, "is missing");
  if (!value->is_array()) return wrong_field(key, "is not a list");
  if (!is_in(value->size(), items)) {
    return wrong_field(key, "does not have " + bounds_text(items, "items"));
  }
  std::vector<std::string> texts;
  for (const auto& item : *value) {
    auto text = text_of(item, key, bytes);
    if (!text) return text.error();
    texts.push_back(std::move(*text));
  }
  return texts;
}

Result<std::vector<std::string>> optional_text_list_field(const Json& object, const char* key,
                                                          Bounds items, Bounds bytes) {
  if (find(object, key) == nullptr) return std::vector<std::string>();
  return text_list_field(object, key, items, bytes);
}

Result<std::map<std::string, std::string>> optional_text_map_field(const Json& object,
                                                                   const char* key, Bounds items,
                                                                   Bounds bytes) {
  std::map<std::string, std::string> texts;
  const auto* value = find(object, key);
  if (value == nullptr) return texts;
  if (!value->is_object()) return wrong_field(key, "is not an object");
  if (!is_in(value->size(), items)) {
    return wrong_field(key, "does not have " + bounds_text(items, "items"));
  }
  for (const auto& [name, item] : value->items()) {
    auto text = text_of(item, key, bytes);
    if (!text) return text.error();
    texts.emplace(name, std::move(*text));
  }
  return texts;
}

Result<bool> optional_flag_field(const Json& object, const char* key) {
  const auto* value = find(object, key);
  if (value == nullptr) return false;
  if (!value->is_boolean()) return wrong_field(key, "is not true or false");
  return value->get<bool>();
}

Result<Secret> secret_field(const Json& object, const char* key, std::size_t bytes) {
  const auto text = text_field(object, key, {0, kMostJsonBytes});
  if (!text) return text.error();
  auto decoded = from_base64url(*text);
  if (!decoded || decoded->size() != bytes) {
    return wrong_field(key, "is not base64url of " + std::to_string(bytes) + " bytes");
  }
  Secret secret(*decoded);
  wipe(decoded->data(), decoded->size());
  return secret;
}

Error within(const char* what, Error error) {
  error.message = std::string(what) + ": " + error.message;
  return error;
}

Error wrong_field(const char* key, const std::string& reason) {
  return fail(Errc::usage, "'" + std::string(key) + "' " + reason);
}

}  // namespace edge::wire
