// Breaking text into lines of at most 80 columns.
#pragma once

#include <cstddef>
#include <string>

namespace edge::docs {

// Every line but the first is indented; the first one begins at column `already`.
std::string fill(const std::string& text, std::size_t indent, std::size_t already);

// Paragraphs are parted by newlines; lines that begin with a blank stay as they stand.
std::string fill_paragraphs(const std::string& text);

}  // namespace edge::docs
