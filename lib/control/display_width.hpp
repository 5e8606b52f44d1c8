// How many columns text takes on a terminal. Independent of the locale, so that a table looks the
// same under LANG=C.
#pragma once

#include <string>
#include <string_view>

namespace edge::control {

// REQUIRES: valid UTF-8 without control characters (edge::printable gives that). Invalid bytes
// count one each.
unsigned display_width(std::string_view utf8);

// The longest start of the text that fits; when something is left off it ends in an ellipsis.
std::string cut_to_width(std::string_view utf8, unsigned columns);

}  // namespace edge::control
