#include "control/exec/share.hpp"

#include <charconv>

namespace edge::control {

Result<Share> parse_share(const std::string& flag, const std::string& text) {
  Share share;
  const char* end = text.data() + text.size();
  const auto [rest, failed] = std::from_chars(text.data(), end, share.number);
  share.per_cent = rest + 1 == end && *rest == '%';
  const bool whole = failed == std::errc() && (rest == end || share.per_cent);
  if (!whole || (share.per_cent && share.number > 100)) {
    return fail(Errc::usage, flag + " '" + text + "' is neither a number nor a percentage",
                flag + " 10%, or " + flag + " 25");
  }
  return share;
}

}  // namespace edge::control
