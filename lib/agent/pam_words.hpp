// What PAM's modules say to a person: the words of a refusal, or what a terminal shows ahead of the
// shell (the message of the day).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.hpp"

namespace edge::agent {

class PamWords {
 public:
  // Modules may relay text of others, so there is a bound; what is beyond it is dropped.
  static constexpr std::size_t kMost = 16 * 1024;

  void add_text(std::string_view text) { add(texts_, text); }
  void add_error(std::string_view text) { add(errors_, text); }

  // Errors, or texts where there are none, in one line that is safe to show. Empty: nothing was
  // said.
  std::string as_reason() const;
  // Everything in the order in which it was said, raw, each on lines of its own.
  const std::string& as_lines() const { return lines_; }

 private:
  void add(std::vector<std::string>& list, std::string_view text);

  std::vector<std::string> errors_, texts_;
  std::string lines_;
};

// Errc::not_allowed. `step` is the call of PAM that failed and `code_text` what pam_strerror(3)
// makes of it, for modules that refuse without a word; `service` is the file that lists them.
Error pam_refusal(std::string_view account, const PamWords& words, std::string_view step,
                  std::string_view code_text, std::string_view service);

// What modules exported, in their order and without what is no NAME=VALUE: later ones win.
std::vector<std::pair<std::string, std::string>> split_exported(
    const std::vector<std::string>& lines);

}  // namespace edge::agent
