// The tables, and how files of older versions become files of this one.
#pragma once

#include <soci/soci.h>

#include <span>
#include <vector>

#include "base/error.hpp"

namespace edge::store {

// The statements that lead from the version before to this one. Written once, never changed after a
// release.
using Migration = std::vector<const char*>;

// Version N of the schema is what the first N migrations made.
const std::vector<Migration>& migrations();

// 0: a new file. Throws what SOCI throws, and BrokenRow.
// REQUIRES: the table `meta` exists.
long long schema_version(soci::session& session);

// Errc::usage when the version is higher than `newest`.
Result<void> check_version(long long version, std::size_t newest);

// Applies what is missing, all of it or nothing. Throws what SOCI throws.
Result<void> migrate(soci::session& session, std::span<const Migration> steps);

}  // namespace edge::store
