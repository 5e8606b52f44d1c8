// Which instance of an endpoint an operator means. Pure.
#pragma once

#include <string>
#include <vector>

#include "base/ids.hpp"

namespace edge::fleet {

struct NamedInstance {
  InstanceId id;
  std::string host_name;  // as it reported it, so hostile
};

// By its id, the host name that it reported, or the only id that begins with `wanted`. Errors name
// what there is: not_found, and usage where it is more than one. `endpoint`: its name.
Result<InstanceId> find_instance(const std::string& wanted, const std::vector<NamedInstance>& known,
                                 const std::string& endpoint);

}  // namespace edge::fleet
