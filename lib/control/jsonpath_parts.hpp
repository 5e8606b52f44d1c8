// What a JSONPath template is made of: the parser makes it (jsonpath_parse.cpp), the evaluator
// walks it (jsonpath.cpp).
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/error.hpp"

namespace edge::control {

struct JsonPathStep;
using JsonPathSteps = std::vector<JsonPathStep>;

struct JsonPathSlice {  // [2] is from 2 to 3; negative counts from the end
  std::optional<std::int64_t> from, to;
  std::int64_t stride = 1;
  bool is_one = false;  // [2]: one element or none
};

struct JsonPathFilter {  // [?(@.state=="online")]
  enum class Compare { exists, equal, unequal, less, at_most, greater, at_least };
  struct Side {
    bool is_path = false;
    JsonPathSteps path;
    nlohmann::json literal;
  };
  Compare compare = Compare::exists;
  Side left, right;
};

struct JsonPathStep {
  struct Fields {  // .name, ['a','b']
    std::vector<std::string> names;
  };
  struct Root {};     // $: the whole document, also inside of a range or a filter
  struct All {};      // .* and [*]
  struct Descend {};  // ..: the value itself and all that is in it
  struct Elements {   // [0,2:4]
    std::vector<JsonPathSlice> slices;
  };
  std::variant<Fields, Root, All, Descend, Elements, JsonPathFilter> what;
};

struct JsonPathPart {
  enum class Kind { text, values, range };
  Kind kind = Kind::text;
  std::string text;
  JsonPathSteps path;               // of values and range
  std::vector<JsonPathPart> parts;  // of range
};

Result<std::vector<JsonPathPart>> parse_jsonpath(std::string_view text);

}  // namespace edge::control
