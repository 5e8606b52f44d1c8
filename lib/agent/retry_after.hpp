// "Retry-After: 5" of a 429 or 503. Pure.
#pragma once

#include <string_view>

#include "base/time.hpp"

namespace edge::agent {

// How long to wait: never less than asked, and spread over as long again, so that a herd that was
// sent away does not return as one. `least` for what is absent or no number of seconds. Five
// minutes are the most that is believed: edged asks for seconds, and who asks for hours is a proxy
// whose maintenance may be over in a minute. `fraction`: a random number in [0, 1).
milliseconds retry_after(std::string_view header, milliseconds least, double fraction);

}  // namespace edge::agent
