#include "control/output.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "control/display_width.hpp"

namespace edge::control {
namespace {

constexpr std::size_t kLongestCell = 2000;  // bytes

const char* escape_of(Colour colour) {
  switch (colour) {
    case Colour::green:
      return "\033[32m";
    case Colour::yellow:
      return "\033[33m";
    case Colour::red:
      return "\033[31m";
    case Colour::faint:
      return "\033[2m";
    case Colour::none:
      break;
  }
  return "";
}

void print_text(std::ostream& out, const std::string& text, Colour shade, bool colour) {
  if (!colour || shade == Colour::none) {
    out << text;
    return;
  }
  out << escape_of(shade) << text << "\033[0m";
}

std::string shown(const Cell& cell) {
  return cell.text.empty() ? "-" : printable(cell.text, kLongestCell);
}

std::string blanks(unsigned count) {
  return std::string(count, ' ');
}

}  // namespace

void Table::print(std::ostream& out, const Style& style) const {
  std::vector<std::vector<Cell>> lines;
  if (style.headers) lines.emplace_back(headers_.begin(), headers_.end());
  lines.insert(lines.end(), rows_.begin(), rows_.end());

  std::vector<unsigned> widths(headers_.size(), 0);
  for (auto& line : lines) {
    line.resize(std::min(line.size(), headers_.size()), Cell(""));
    for (std::size_t i = 0; i < line.size(); ++i) {
      line[i].text = shown(line[i]);
      widths[i] = std::max(widths[i], display_width(line[i].text));
    }
  }
  if (style.widths != nullptr) {
    style.widths->resize(widths.size(), 0);
    for (std::size_t i = 0; i < widths.size(); ++i) {
      widths[i] = (*style.widths)[i] = std::max(widths[i], (*style.widths)[i]);
    }
  }
  for (const auto& line : lines) {
    out << style.indent;
    for (std::size_t i = 0; i < line.size(); ++i) {
      print_text(out, line[i].text, line[i].colour, style.colour);
      if (i + 1 < line.size()) out << blanks(widths[i] - display_width(line[i].text) + 2);
    }
    out << '\n';
  }
}

void Page::add(std::string name, Cell value) {
  if (!value.text.empty()) lines_.emplace_back(std::move(name), std::move(value));
}

void Page::print(std::ostream& out, bool colour) const {
  unsigned widest = 0;
  for (const auto& [name, value] : lines_) widest = std::max(widest, display_width(name));
  for (const auto& [name, value] : lines_) {
    out << name << ':' << blanks(widest - display_width(name) + 2);
    print_text(out, shown(value), value.colour, colour);
    out << '\n';
  }
}

void print_json(std::ostream& out, const nlohmann::json& value) {
  // ensure_ascii: C1 controls and bidirectional characters come out as \u escapes, which are the
  // same JSON.
  out << value.dump(2, ' ', true, nlohmann::json::error_handler_t::replace) << '\n';
}

std::string ago(const std::string& rfc3339, WallTime now) {
  if (rfc3339.empty()) return "never";
  const auto time = parse_rfc3339(rfc3339);
  if (!time) return rfc3339;
  // Two machines' clocks are not involved (edged stamps both), but this one may still be behind.
  return format_age(std::max(now - *time, milliseconds{0})) + " ago";
}

std::string time_and_age(const std::string& rfc3339, WallTime now) {
  if (rfc3339.empty()) return "";
  const auto time = parse_rfc3339(rfc3339);
  if (!time) return rfc3339;
  return format_rfc3339(*time).substr(0, 19) + "Z (" + ago(rfc3339, now) + ")";
}

std::string format_bytes(std::optional<double> bytes) {
  if (!bytes) return "";
  constexpr std::array<const char*, 6> kUnits{"B", "KB", "MB", "GB", "TB", "PB"};
  std::size_t unit = 0;
  double number = *bytes;
  for (; number >= 999.5 && unit + 1 < kUnits.size(); ++unit) number /= 1000;
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), unit == 0 || number >= 99.95 ? "%.0f %s" : "%.1f %s",
                number, kUnits[unit]);
  return text.data();
}

}  // namespace edge::control
