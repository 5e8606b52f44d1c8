#include "control/json_fields.hpp"

#include <array>
#include <cmath>
#include <cstdio>

namespace edge::control {
namespace {

const nlohmann::json* find(const nlohmann::json& object, const char* key) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(key);
  return found == object.end() ? nullptr : &*found;
}

}  // namespace

std::string text_at(const nlohmann::json& object, const char* key) {
  const auto* field = find(object, key);
  return field != nullptr && field->is_string() ? field->get<std::string>() : std::string();
}

std::optional<double> number_at(const nlohmann::json& object, const char* key) {
  const auto* field = find(object, key);
  if (field == nullptr || !field->is_number()) return std::nullopt;
  return field->get<double>();
}

bool is_true_at(const nlohmann::json& object, const char* key) {
  const auto* field = find(object, key);
  return field != nullptr && field->is_boolean() && field->get<bool>();
}

const nlohmann::json& list_at(const nlohmann::json& object, const char* key) {
  static const nlohmann::json kEmpty = nlohmann::json::array();
  const auto* field = find(object, key);
  return field != nullptr && field->is_array() ? *field : kEmpty;
}

const nlohmann::json& object_at(const nlohmann::json& object, const char* key) {
  static const nlohmann::json kEmpty = nlohmann::json::object();
  const auto* field = find(object, key);
  return field != nullptr && field->is_object() ? *field : kEmpty;
}

std::string count_at(const nlohmann::json& object, const char* key) {
  const auto number = number_at(object, key);
  if (!number) return "";
  std::array<char, 40> text{};
  std::snprintf(text.data(), text.size(), *number == std::floor(*number) ? "%.0f" : "%.2f",
                *number);
  return text.data();
}

}  // namespace edge::control
