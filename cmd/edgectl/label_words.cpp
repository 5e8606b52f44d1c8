#include "edgectl/label_words.hpp"

#include <CLI/CLI.hpp>

#include "base/text.hpp"

namespace edge::edgectl {

bool is_label_word(const std::string& word) {
  return word.find('=') != std::string::npos || (word.size() > 1 && word.back() == '-');
}

Result<void> add_label_word(const std::string& word, fleet::LabelChange& change) {
  const auto equals = word.find('=');
  if (equals == std::string::npos) {
    const auto key = word.substr(0, word.size() - 1);
    if (auto checked = fleet::check_label_key(key); !checked) return checked;
    change.remove.insert(key);
    return {};
  }
  const auto key = word.substr(0, equals), value = word.substr(equals + 1);
  if (auto checked = fleet::check_label(key, value); !checked) return checked;
  const auto [place, is_new] = change.set.emplace(key, value);
  if (is_new || place->second == value) return {};
  return fail(Errc::usage, "label " + key + " is given twice: " + place->second + " and " + value);
}

void add_label_flag(CLI::App& command, std::vector<std::string>& words) {
  command.add_option("-l,--label", words, "a label; may be given several times")
      ->type_name("KEY=VALUE,...")
      ->allow_extra_args(false)
      ->delimiter(',');
}

Result<fleet::Labels> parse_labels(const std::vector<std::string>& words) {
  fleet::LabelChange change;
  for (const auto& word : words) {
    if (word.find('=') == std::string::npos) {
      return fail(Errc::usage, "--label '" + printable(word, 80) + "' is not KEY=VALUE",
                  "-l site=berlin,tier=prod");
    }
    if (auto added = add_label_word(word, change); !added) return added.error();
  }
  if (auto checked = fleet::check_change(change); !checked) return checked.error();
  return change.set;
}

}  // namespace edge::edgectl
