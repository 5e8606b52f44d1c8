// What commands print on stdout: tables and pages for people, JSON for programs. Every text is made
// safe to show here, so that no caller can forget it.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"

namespace edge::control {

enum class Colour { none, green, yellow, red, faint };

struct Cell {
  Cell(std::string words, Colour shade = Colour::none) : text(std::move(words)), colour(shade) {}
  Cell(const char* words) : text(words) {}
  std::string text;
  Colour colour = Colour::none;
};

// Columns two blanks apart, aligned by what they take on a terminal, no blanks at the end of a
// line. Empty cells show as "-".
class Table {
 public:
  explicit Table(std::vector<std::string> headers) : headers_(std::move(headers)) {}
  void add(std::vector<Cell> row) { rows_.push_back(std::move(row)); }
  bool empty() const { return rows_.empty(); }

  struct Style {
    bool headers = true;
    bool colour = false;
    std::string indent;
    // Of each column, at least; set to what was used, so that rows that follow stand below.
    std::vector<unsigned>* widths = nullptr;
  };
  void print(std::ostream& out, const Style& style) const;

 private:
  std::vector<std::string> headers_;
  std::vector<std::vector<Cell>> rows_;
};

// "name:   value" lines with the values below each other; an empty value leaves its line out.
class Page {
 public:
  void add(std::string name, Cell value);
  void print(std::ostream& out, bool colour) const;

 private:
  std::vector<std::pair<std::string, Cell>> lines_;
};

// The API's own answer, indented by two, with a newline. Escapes keep hostile text off the
// terminal.
void print_json(std::ostream& out, const nlohmann::json& value);

// "2s ago"; "never" for a time that is not there, the text itself when it is no time.
std::string ago(const std::string& rfc3339, WallTime now);
// "2026-11-22T21:52:03Z (3h12m ago)"
std::string time_and_age(const std::string& rfc3339, WallTime now);
// "1.5 GB", in powers of 1,000.
std::string format_bytes(std::optional<double> bytes);

}  // namespace edge::control
