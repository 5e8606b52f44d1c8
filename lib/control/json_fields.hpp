// Reading fields of an answer without trusting its shape: what is absent or of another type is
// empty.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "base/error.hpp"

namespace edge::control {

// A JSON value converts to nearly everything, an Error too, so that a Result of it has to be made
// by name.
inline Result<nlohmann::json> json_result(nlohmann::json value) {
  return {boost::system::in_place_value, std::move(value)};
}

std::string text_at(const nlohmann::json& object, const char* key);
std::optional<double> number_at(const nlohmann::json& object, const char* key);
bool is_true_at(const nlohmann::json& object, const char* key);
// An array or object, or an empty one.
const nlohmann::json& list_at(const nlohmann::json& object, const char* key);
const nlohmann::json& object_at(const nlohmann::json& object, const char* key);
// A number as people write it: no ".0"; "" when absent.
std::string count_at(const nlohmann::json& object, const char* key);

}  // namespace edge::control
