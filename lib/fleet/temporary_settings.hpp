// Settings that hold for a while and fall back by themselves to what is set below them. Pure.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/ids.hpp"
#include "base/time.hpp"

namespace edge::fleet {

// Thread rule: none of its own.
class TemporarySettings {
 public:
  struct One {
    std::string value;
    WallTime until{};
  };
  using OfOne = std::map<std::string, One>;  // by the setting's key

  // Of an endpoint, or of all (""). Takes the place of one that was there.
  void put(const EndpointId& scope, const std::string& key, One one) {
    all_[scope][key] = std::move(one);
  }
  bool remove(const EndpointId& scope, const std::string& key);
  void forget(const EndpointId& scope) { all_.erase(scope); }
  OfOne of(const EndpointId& scope) const;
  std::map<std::string, std::string> values_of(const EndpointId& scope) const;

  struct Due {
    EndpointId scope;
    std::string key, value;
  };
  // Whose time is over; they are not here any more.
  std::vector<Due> take_due(WallTime now);

 private:
  std::map<EndpointId, OfOne> all_;
};

}  // namespace edge::fleet
