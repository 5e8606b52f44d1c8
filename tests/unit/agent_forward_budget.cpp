#include <doctest/doctest.h>

#include "agent/forward_budget.hpp"

using edge::agent::ForwardBudget;

TEST_CASE("a forward's place comes back when it ends, also after the budget") {
  auto budget = std::make_unique<ForwardBudget>(2);
  auto first = budget->take();
  const auto second = budget->take();
  CHECK(first);
  CHECK(second);
  CHECK_FALSE(budget->take());
  first.reset();
  CHECK(budget->take());
  first = budget->take();
  CHECK_FALSE(budget->take());
  budget.reset();
}
