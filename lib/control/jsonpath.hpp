// -o jsonpath=EXPR: kubectl's templates over an answer of the API.
//   {.items[*].name}                          values of an expression, a blank between them
//   {range .items[*]}{.name}{"\t"}{.state}{"\n"}{end}
//   {.items[?(@.state=="online")].name}       == != < <= > >=, or a path alone: is it there
//   .name ['name'] [0] [-1] [0:3] [0,2] [*] .* ..name $ @, and \. for a dot inside of a name
// Text outside of braces is printed as it is; an expression may stand without braces. A field that
// is not there is nothing, as kubectl has it. Pure.
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace edge::control {

struct JsonPathPart;  // of a template; jsonpath_parts.hpp

class JsonPath {
 public:
  // Errc::usage says what is wrong and where, with a caret below the place.
  static Result<JsonPath> parse(std::string_view text);

  // What the template makes of the document. Values are safe to show on a terminal; what the
  // template itself says is printed as it is. Errc::failure: more than ten million values.
  Result<std::string> print(const nlohmann::json& document) const;

 private:
  std::shared_ptr<const std::vector<JsonPathPart>> parts_;
};

}  // namespace edge::control
