#include "store/sql_failure.hpp"

#include <soci/soci.h>
#include <soci/sqlite3/soci-sqlite3.h>

namespace edge::store {
namespace {

using Codes = soci::sqlite3_soci_error;

constexpr int kPrimary = 0xff;  // the low byte of an extended result code

Error of_constraint(const std::string& what, int code) {
  switch (code) {
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
      return fail(Errc::conflict, what + ": already in use");
    case SQLITE_CONSTRAINT_FOREIGNKEY:
      return fail(Errc::not_found, what + ": no such endpoint or instance");
    default:
      return fail(Errc::failure, what + ": " + sqlite_api::sqlite3_errstr(code));
  }
}

Error of_sqlite(const std::string& what, const Codes& thrown) {
  const int code = thrown.result();
  const std::string reason = what + ": " + sqlite_api::sqlite3_errstr(code);
  const std::string number = " (SQLite code " + std::to_string(code) + ")";
  switch (code & kPrimary) {
    case SQLITE_CONSTRAINT:
      return of_constraint(what, code);
    case SQLITE_FULL:
      return fail(Errc::unavailable, reason, "free some space; nothing that was stored is lost");
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
      return fail(Errc::unavailable, reason + number,
                  "the state folder must be writable by the user that runs edged");
    case SQLITE_IOERR:
      return fail(Errc::unavailable, reason + number, "check the disk: dmesg, df");
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return fail(Errc::unavailable, reason, "another program has the database open");
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
      return fail(Errc::failure, reason, "restore edged.db from a backup");
    default:
      return fail(Errc::failure, what + ": " + thrown.get_error_message() + number);
  }
}

}  // namespace

Error explain(const std::string& what, const std::exception& thrown) {
  if (const auto* sqlite = dynamic_cast<const Codes*>(&thrown)) return of_sqlite(what, *sqlite);
  // Never soci_error::what(): it quotes the bound values, and keys are among them.
  if (const auto* soci = dynamic_cast<const soci::soci_error*>(&thrown)) {
    return fail(Errc::failure, what + ": " + soci->get_error_message());
  }
  if (dynamic_cast<const BrokenRow*>(&thrown) != nullptr) {
    return fail(Errc::failure, what + ": " + thrown.what(), "restore edged.db from a backup");
  }
  return fail(Errc::failure, what + ": " + thrown.what());
}

bool needs_rollback(const std::exception& thrown) {
  const auto* sqlite = dynamic_cast<const Codes*>(&thrown);
  return sqlite != nullptr && sqlite->result() == SQLITE_READONLY_ROLLBACK;
}

}  // namespace edge::store
