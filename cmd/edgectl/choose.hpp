// Ties a command of the tree to its options and to the function that runs them.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>

#include "edgectl/context.hpp"

namespace edge::edgectl {

template <class Options>
void choose(CLI::App& command, Run& chosen, std::shared_ptr<Options> options,
            Result<int> (*run)(Context&, const Options&)) {
  command.callback([&chosen, options, run] {
    chosen = [options, run](Context& context) { return run(context, *options); };
  });
}

// The positional NAME of an endpoint that exists.
inline CLI::Option* add_endpoint_name(CLI::App& command, std::string& name) {
  return command.add_option("NAME", name, "the endpoint, by name or id")
      ->type_name("ENDPOINT")
      ->required();
}

}  // namespace edge::edgectl
