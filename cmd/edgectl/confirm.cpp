#include "edgectl/confirm.hpp"

namespace edge::edgectl {

Result<void> agree(Context& context, const std::string& question, const std::string& command) {
  auto& world = context.world;
  const auto answer =
      control::confirm(question, command, context.options.yes, world.terminal, world.in, world.err);
  if (!answer) return answer.error();
  if (!*answer) return fail(Errc::failure, "nothing was changed");
  return {};
}

}  // namespace edge::edgectl
