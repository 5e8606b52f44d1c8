// What the SQL library threw, as an Error. Exceptions end here.
#pragma once

#include <exception>
#include <stdexcept>
#include <string>
#include <utility>

#include "base/error.hpp"

namespace edge::store {

// A row that this program cannot have written: a broken disk or a stranger's hand.
struct BrokenRow : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// `what` says what failed and about whom: "cannot rename endpoint 3f... to plc-7".
Error explain(const std::string& what, const std::exception& thrown);

// True when the database could not even be read because it was killed in the middle of its
// creation.
bool needs_rollback(const std::exception& thrown);

template <class Work>
auto guarded(const std::string& what, Work&& work) -> decltype(work()) {
  try {
    return std::forward<Work>(work)();
  } catch (const std::exception& thrown) {
    return explain(what, thrown);
  }
}

}  // namespace edge::store
