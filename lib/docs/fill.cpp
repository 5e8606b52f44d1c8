#include "docs/fill.hpp"

#include <sstream>

namespace edge::docs {
namespace {

constexpr std::size_t kLineWidth = 80;

}  // namespace

std::string fill(const std::string& text, std::size_t indent, std::size_t already) {
  std::string out;
  std::size_t column = already;
  std::istringstream words(text);
  for (std::string word; words >> word;) {
    if (column > indent && column + 1 + word.size() > kLineWidth) {
      out += "\n" + std::string(indent, ' ');
      column = indent;
    } else if (!out.empty()) {
      out += ' ';
      ++column;
    }
    out += word;
    column += word.size();
  }
  return out;
}

std::string fill_paragraphs(const std::string& text) {
  std::string out;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    out += (line.starts_with(' ') ? line : fill(line, 0, 0)) + "\n";
  }
  return out;
}

}  // namespace edge::docs
