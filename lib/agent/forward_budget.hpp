// Descriptors that forwards may have in this process, of all sessions together: what checks in,
// carries the tunnel and starts shells needs some, too. Thread rule: one loop.
#pragma once

#include <cstddef>
#include <memory>

namespace edge::agent {

class ForwardBudget {
 public:
  ForwardBudget();  // half of what the process may have
  explicit ForwardBudget(std::size_t most) : most_(most) {}

  using Place = std::shared_ptr<void>;  // of one connection
  Place take();                         // null when there is none left

 private:
  std::size_t most_;
  std::shared_ptr<std::size_t> used_ = std::make_shared<std::size_t>(0);
};

}  // namespace edge::agent
