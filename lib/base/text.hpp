// Text that strangers sent, made safe to show.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace edge {

// Valid UTF-8 without control characters: C0, DEL, C1, and the bidirectional and line-separating
// characters become U+FFFD, and so does each invalid byte. At most max_bytes bytes (cut at a
// character, "…" appended).
std::string printable(std::string_view hostile, std::size_t max_bytes = 256);

// Edit distance (Levenshtein), for "did you mean". Bounded: strings over 64 bytes give their
// length.
std::size_t edit_distance(std::string_view left, std::string_view right);

// The nearest of the candidates if it is near enough to be meant (distance <= 1 + length / 4), else
// "".
std::string nearest(std::string_view wanted, const std::vector<std::string>& candidates);

}  // namespace edge
