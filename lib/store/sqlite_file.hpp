// FOLDER/edged.db as a SOCI session: everything that is SQLite's alone is here.
#pragma once

#include <soci/soci.h>

#include <filesystem>

#include "base/error.hpp"

namespace edge::store {

// Reads only: refuses what is not edged's database (Errc::failure) or too new (Errc::usage) and
// leaves every byte as it is. A missing or empty file passes.
Result<void> inspect(const std::filesystem::path& file);

// Creates the file (0600) when it is missing, opens it durable (WAL, synchronous=FULL) and migrates
// it. REQUIRES: the folder's lock is held and no other session of this process has the file open
// (closing any descriptor of a file drops all POSIX locks that the process has on it).
Result<void> open_file(soci::session& session, const std::filesystem::path& file);

// False outside of a transaction; also when SQLite ended it by itself, as it does when the disk is
// full.
bool in_transaction(soci::session& session);

}  // namespace edge::store
