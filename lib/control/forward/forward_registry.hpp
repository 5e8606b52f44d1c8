// All forwards of this user, found by their sockets; what a killed one left behind is cleaned up.
// Blocking, each within a moment.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/error.hpp"

namespace edge::control {

class ForwardRegistry {
 public:
  explicit ForwardRegistry(std::filesystem::path folder) : folder_(std::move(folder)) {}

  // Of each its status (docs of `forward ls`), the oldest first; one that does not answer has the
  // state "stuck".
  std::vector<nlohmann::json> all() const;
  // Errc::not_found when there is no such one (any more); `id` may be the beginning of one.
  Result<nlohmann::json> show(const std::string& id) const;
  // Ends it, and waits until it is gone.
  Result<nlohmann::json> stop(const std::string& id) const;

 private:
  std::vector<std::string> ids() const;
  Result<std::string> find(const std::string& id) const;
  Result<nlohmann::json> ask(const std::string& id, const char* word, bool until_gone) const;
  void clean_up(const std::string& id) const;

  std::filesystem::path folder_;
};

}  // namespace edge::control
