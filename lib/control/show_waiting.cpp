#include "control/show_waiting.hpp"

#include "control/waiting_text.hpp"

namespace edge::control {
namespace {
constexpr milliseconds kEvery{1'000};
}

net::Task<> show_waiting(AdminClient api, Progress& progress, bool on_terminal,
                         std::string endpoint, std::string instance) {
  const auto quick = api.with_deadline(kEvery);  // blocks the loop: not for long
  if (!on_terminal) {
    const bool go_on = co_await net::sleep(kEvery);
    if (!go_on) co_return;
  }
  for (;;) {
    if (auto known = quick.get(endpoint_path(endpoint))) {
      const auto whom = (instance.empty() ? "" : instance + " of ") + endpoint;
      if (!instance.empty()) *known = seen_as_instance(std::move(*known), instance);
      progress.show(waiting_text(whom, *known));
    }
    const bool go_on = co_await net::sleep(kEvery);
    if (!go_on) co_return;
  }
}

}  // namespace edge::control
