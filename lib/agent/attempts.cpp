#include "agent/attempts.hpp"

#include "base/log.hpp"
#include "crypto/random.hpp"

namespace edge::agent {

milliseconds Attempts::failed(const std::string& what, const std::string& hint) {
  const auto wait = backoff_.next(crypto::random_fraction());
  if (!failing_ || backoff_.at_new_step() || what != last_) {
    log::warning("check-in.failing",
                 {{"reason", what}, {"hint", hint}, {"tries", backoff_.failures()}});
  }
  failing_ = true;
  last_ = what;
  return wait;
}

void Attempts::worked(const std::string& url) {
  if (failing_) log::info("check-in.works-again", {{"url", url}, {"tries", backoff_.failures()}});
  failing_ = false;
  backoff_.reset();
}

}  // namespace edge::agent
