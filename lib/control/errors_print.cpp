#include "control/errors_print.hpp"

#include <nlohmann/json.hpp>
#include <sstream>

#include "base/text.hpp"
#include "control/exit_code.hpp"

namespace edge::control {
namespace {

constexpr std::size_t kLongestLine = 2000;  // bytes
constexpr int kMostLines = 100;

void print_as_json(std::ostream& err, const Error& error) {
  nlohmann::ordered_json body;
  body["error"] = {{"code", to_string(error.code)},
                   {"message", error.message},
                   {"hint", error.hint},
                   {"retryable", is_retryable(error.code)}};
  err << body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) << '\n';
}

void print_lines(std::ostream& err, const std::string& text) {
  std::istringstream lines(text);
  std::string line;
  for (int count = 0; count < kMostLines && std::getline(lines, line); ++count) {
    if (count > 0) err << "  ";
    err << printable(line, kLongestLine) << '\n';
  }
}

void print_name(std::ostream& err, const char* words, const char* colour, ErrorStyle style) {
  if (style.colour) err << colour;
  err << words;
  if (style.colour) err << "\033[0m";
  err << ' ';
}

}  // namespace

void print_error(std::ostream& err, const Error& error, ErrorStyle style) {
  if (style.json) return print_as_json(err, error);
  print_name(err, "edgectl:", "\033[31m", style);
  print_lines(err, error.message.empty() ? to_string(error.code) : error.message);
  if (error.hint.empty()) return;
  err << "  hint: ";
  print_lines(err, error.hint);
}

void print_warning(std::ostream& err, std::string_view text, ErrorStyle style) {
  if (style.json) return;
  print_name(err, "edgectl: warning:", "\033[33m", style);
  print_lines(err, std::string(text));
}

}  // namespace edge::control
