// edgectl endpoint create --count N --prefix TEXT
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "edgectl/join_line.hpp"

namespace edge::edgectl {

struct ManyOptions {
  std::int64_t count = 0;  // 0: not asked for
  std::string prefix;
  std::int64_t start = 1;
  std::string url;
  TokenOptions token;
  bool if_absent = false;
  std::vector<std::string> label_words;
  std::map<std::string, std::string> labels;  // of label_words, once they were checked
};

// Tokens go to -o json, or are printed as "NAME  JOIN COMMAND" lines where --show-token asks for
// them: nobody wants thousands on a terminal by accident. -q prints the names.
Result<int> create_many(Context& context, const ManyOptions& options);

}  // namespace edge::edgectl
