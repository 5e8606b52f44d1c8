#include "control/display_width.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

namespace edge::control {
namespace {

struct Range {
  char32_t first;
  char32_t last;
};

// Combining marks, joiners and variation selectors: drawn onto the character before.
constexpr std::array<Range, 15> kNoColumn{{{0x0300, 0x036F},
                                           {0x0483, 0x0489},
                                           {0x0591, 0x05BD},
                                           {0x0610, 0x061A},
                                           {0x064B, 0x065F},
                                           {0x06D6, 0x06DC},
                                           {0x0E31, 0x0E31},
                                           {0x0E34, 0x0E3A},
                                           {0x0E47, 0x0E4E},
                                           {0x1AB0, 0x1AFF},
                                           {0x1DC0, 0x1DFF},
                                           {0x200B, 0x200D},
                                           {0x20D0, 0x20FF},
                                           {0xFE00, 0xFE0F},
                                           {0xFE20, 0xFE2F}}};

// East Asian Wide and Fullwidth, and emoji (Unicode Standard Annex 11, in coarse blocks).
constexpr std::array<Range, 11> kTwoColumns{{{0x1100, 0x115F},
                                             {0x2E80, 0x303E},
                                             {0x3041, 0x33FF},
                                             {0x3400, 0x4DBF},
                                             {0x4E00, 0xA4CF},
                                             {0xAC00, 0xD7A3},
                                             {0xF900, 0xFAFF},
                                             {0xFE30, 0xFE6F},
                                             {0xFF00, 0xFF60},
                                             {0x1F300, 0x1FAFF},
                                             {0x20000, 0x3FFFD}}};

template <std::size_t size>
bool within(char32_t character, const std::array<Range, size>& ranges) {
  return std::any_of(ranges.begin(), ranges.end(), [&](const Range& range) {
    return character >= range.first && character <= range.last;
  });
}

unsigned columns_of(char32_t character) {
  if (character < 0x300) return 1;
  if (within(character, kNoColumn)) return 0;
  return within(character, kTwoColumns) ? 2 : 1;
}

std::size_t length_of(unsigned char lead) {
  if (lead >= 0xF0) return 4;
  if (lead >= 0xE0) return 3;
  return lead >= 0xC0 ? 2 : 1;
}

// Takes the first character off the text; a broken one is a single byte.
char32_t take_character(std::string_view& text) {
  const auto lead = static_cast<unsigned char>(text.front());
  const std::size_t length = length_of(lead);
  if (length == 1 || length > text.size()) {
    text.remove_prefix(1);
    return lead;
  }
  char32_t character = lead & (0xFFU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    character = (character << 6U) | (static_cast<unsigned char>(text[i]) & 0x3FU);
  }
  text.remove_prefix(length);
  return character;
}

}  // namespace

unsigned display_width(std::string_view utf8) {
  unsigned columns = 0;
  while (!utf8.empty()) columns += columns_of(take_character(utf8));
  return columns;
}

std::string cut_to_width(std::string_view utf8, unsigned columns) {
  if (display_width(utf8) <= columns) return std::string(utf8);
  if (columns == 0) return {};
  unsigned used = 0;
  std::string_view rest = utf8;
  std::size_t kept = 0;
  while (!rest.empty()) {
    used += columns_of(take_character(rest));
    if (used > columns - 1) break;
    kept = utf8.size() - rest.size();
  }
  return std::string(utf8.substr(0, kept)) + "\u2026";
}

}  // namespace edge::control
