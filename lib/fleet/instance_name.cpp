#include "fleet/instance_name.hpp"

#include "base/text.hpp"

namespace edge::fleet {
namespace {

constexpr std::size_t kMostShown = 16;
constexpr std::size_t kLongestName = 80;

std::string described(const NamedInstance& instance) {
  if (instance.host_name.empty()) return instance.id.text;
  return printable(instance.host_name, kLongestName) + " (" + instance.id.text + ")";
}

std::string listed(const std::vector<NamedInstance>& instances) {
  std::string text;
  for (std::size_t i = 0; i < instances.size() && i < kMostShown; ++i)
    text += (i == 0 ? "" : ", ") + described(instances[i]);
  if (instances.size() > kMostShown)
    text += " and " + std::to_string(instances.size() - kMostShown) + " more";
  return text;
}

Error unknown(const std::string& wanted, const std::vector<NamedInstance>& known,
              const std::string& endpoint) {
  std::vector<std::string> names;
  for (const auto& instance : known) {
    names.push_back(instance.id.text);
    if (!instance.host_name.empty()) names.push_back(printable(instance.host_name, kLongestName));
  }
  const auto near = nearest(wanted, names);
  const auto has = known.empty() ? "no agent has joined it yet" : "it has: " + listed(known);
  return fail(Errc::not_found,
              "no instance '" + printable(wanted, kLongestName) + "' of " + endpoint + "; " + has,
              near.empty() ? "edgectl endpoint show " + endpoint : "did you mean '" + near + "'?");
}

}  // namespace

Result<InstanceId> find_instance(const std::string& wanted, const std::vector<NamedInstance>& known,
                                 const std::string& endpoint) {
  std::vector<NamedInstance> by_host_name, by_prefix;
  for (const auto& instance : known) {
    if (instance.id.text == wanted) return instance.id;
    if (wanted.empty()) continue;
    if (instance.host_name == wanted) by_host_name.push_back(instance);
    if (instance.id.text.starts_with(wanted)) by_prefix.push_back(instance);
  }
  // A name counts where both fit, as it does for endpoints.
  const auto& meant = by_host_name.empty() ? by_prefix : by_host_name;
  if (meant.empty()) return unknown(wanted, known, endpoint);
  if (meant.size() == 1) return meant.front().id;
  return fail(Errc::usage,
              "'" + printable(wanted, kLongestName) + "' is more than one instance of " + endpoint +
                  ": " + listed(meant),
              "use the id");
}

}  // namespace edge::fleet
