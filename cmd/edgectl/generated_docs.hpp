// man/edgectl.1 and the completions, from the tree itself.
#pragma once

#include <vector>

#include "docs/write_pages.hpp"

namespace CLI {
class App;
}

namespace edge::edgectl {

std::vector<docs::GeneratedFile> generate_docs(const CLI::App& program);

}  // namespace edge::edgectl
