// What a follower of the endpoints knows, line by line of GET /v1/watch. Pure.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace edge::edgectl {

class FollowedEndpoints {
 public:
  // A new stream begins, after the first one ended: what it tells again is no change, and what it
  // does not tell of is gone.
  void begin_again();

  // True: a round is over, and changes() are those of it.
  bool take(std::string_view line);

  // Endpoints as they are now; one that is gone has the state "removed". Each once.
  std::vector<nlohmann::json> take_changes();

  const std::map<std::string, nlohmann::json>& all() const { return all_; }  // by id

 private:
  void take_row(nlohmann::json endpoint);
  void remove(const std::string& id);
  void forget_unconfirmed();

  std::map<std::string, nlohmann::json> all_;
  std::map<std::string, nlohmann::json> changes_;
  bool again_ = false;               // the first round of a stream that is not the first
  std::set<std::string> confirmed_;  // in it
};

}  // namespace edge::edgectl
