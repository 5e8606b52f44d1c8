// A key's value between its text and its member: parsed and checked first, assigned when everything
// was right.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "config/settings.hpp"

namespace edge::config {

// The same alternatives as Target, in the same order, without the pointers.
using Value = std::variant<std::string, std::vector<std::string>, std::uint32_t, bool, milliseconds,
                           std::filesystem::path, log::Level, Secret, Rate>;

// Hostile or careless input costs at most this much memory for each key.
inline constexpr std::size_t kMaxText = 4096;
inline constexpr std::size_t kMaxEntries = 256;

// Errors name the key and what is accepted.
Result<Value> parse_value(const Key& key, std::string_view text);
Result<Value> parse_list(const Key& key, const std::vector<std::string>& entries);

// REQUIRES: the value came from parse_value or parse_list for this key.
void assign(const Key& key, Value value);

// "a duration from 100ms to 24h, such as 250ms, 5s or 2m, or off"
std::string accepted(const Key& key);

bool is_list(const Key& key);

// The YAML form of the key's value: [a, "b"], 5s, "". Text is quoted where YAML would read it
// otherwise.
std::string to_yaml(const Key& key);

}  // namespace edge::config
