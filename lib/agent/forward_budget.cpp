#include "agent/forward_budget.hpp"

#include <sys/resource.h>

#include <algorithm>

namespace edge::agent {
namespace {

constexpr rlim_t kEnough = 16'384;  // where there is no limit

std::size_t half_of_the_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  return std::min(limit.rlim_cur, kEnough) / 2;
}

}  // namespace

ForwardBudget::ForwardBudget() : ForwardBudget(half_of_the_limit()) {}

ForwardBudget::Place ForwardBudget::take() {
  if (*used_ >= most_) return nullptr;
  ++*used_;
  return Place(used_.get(), [used = used_](void*) { --*used; });
}

}  // namespace edge::agent
