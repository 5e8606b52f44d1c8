#include "base/text.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

namespace edge {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD
constexpr std::string_view kEllipsis = "\xE2\x80\xA6";     // U+2026
constexpr std::size_t kLongestCompared = 64;

struct Character {
  std::size_t bytes = 1;
  char32_t code = 0;
  bool valid = false;
};

// The first character of the text; overlong forms, surrogates and codes over U+10FFFF are not
// valid.
Character first_character(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  if (lead < 0x80) return {1, lead, true};
  const std::size_t bytes = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < bytes) return {};
  char32_t code = lead & (0xFFU >> (bytes + 1));
  for (std::size_t i = 1; i < bytes; ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if ((byte & 0xC0) != 0x80) return {};
    code = code << 6 | (byte & 0x3FU);
  }
  constexpr std::array<char32_t, 5> kLeast{0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
  if (code < kLeast[bytes] || code > 0x10FFFF || surrogate) return {};
  return {bytes, code, true};
}

// Characters that move the cursor, end the line, or reorder what a reader sees.
bool is_dangerous(char32_t code) {
  return code < 0x20 || (code >= 0x7F && code <= 0x9F) ||       // C0, DEL, C1
         code == 0x061C || code == 0x200E || code == 0x200F ||  // direction marks
         (code >= 0x2028 && code <= 0x202E) ||                  // separators, embeddings, overrides
         (code >= 0x2066 && code <= 0x2069);                    // isolates
}

}  // namespace

std::string printable(std::string_view hostile, std::size_t max_bytes) {
  std::string shown;
  std::size_t cut_at = 0;  // the last end of a character that leaves room for the ellipsis
  while (!hostile.empty()) {
    const auto character = first_character(hostile);
    const bool keep = character.valid && !is_dangerous(character.code);
    const auto piece = keep ? hostile.substr(0, character.bytes) : kReplacement;
    if (shown.size() + piece.size() > max_bytes) {
      shown.resize(cut_at);
      return max_bytes < kEllipsis.size() ? shown : shown.append(kEllipsis);
    }
    shown.append(piece);
    if (shown.size() + kEllipsis.size() <= max_bytes) cut_at = shown.size();
    hostile.remove_prefix(character.bytes);
  }
  return shown;
}

std::size_t edit_distance(std::string_view left, std::string_view right) {
  if (left.size() > kLongestCompared || right.size() > kLongestCompared) {
    return std::max(left.size(), right.size());
  }
  std::array<std::size_t, kLongestCompared + 1> row{};  // distances to the prefixes of right
  for (std::size_t j = 0; j <= right.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= left.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= right.size(); ++j) {
      const std::size_t replaced = diagonal + (left[i - 1] == right[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
    }
  }
  return row[right.size()];
}

std::string nearest(std::string_view wanted, const std::vector<std::string>& candidates) {
  std::string best;
  std::size_t best_distance = 2 + wanted.size() / 4;
  for (const auto& candidate : candidates) {
    const auto distance = edit_distance(wanted, candidate);
    if (distance < best_distance) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best;
}

}  // namespace edge
