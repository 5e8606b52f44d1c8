// What -o asks for. Everything that prints an answer of the API goes through print(), so that each
// form holds for each command.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <ostream>
#include <string>

#include "base/error.hpp"
#include "control/jsonpath.hpp"

namespace edge::control {

inline constexpr const char* kOutputFormats = "table|wide|json|yaml|name|jsonpath=EXPR";

class OutputFormat {
 public:
  enum class Kind { table, wide, json, yaml, name, jsonpath };

  OutputFormat() = default;  // table
  // Errc::usage: no such form, or where the JSONPath is wrong.
  static Result<OutputFormat> parse(const std::string& text);

  Kind kind() const noexcept { return kind_; }
  // For programs: the answer itself in some form, no page and no table.
  bool is_structured() const {
    return kind_ == Kind::json || kind_ == Kind::yaml || kind_ == Kind::jsonpath;
  }
  // REQUIRES: is_structured(). `compact`: JSON on one line.
  Result<void> print(std::ostream& out, const nlohmann::json& answer, bool compact = false) const;

 private:
  Kind kind_ = Kind::table;
  std::optional<JsonPath> path_;
};

}  // namespace edge::control
