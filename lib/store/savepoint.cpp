#include "store/savepoint.hpp"

#include <stdexcept>

#include "store/sqlite_file.hpp"

namespace edge::store {

Savepoint::Savepoint(soci::session& session) : session_(session) {
  if (!in_transaction(session_)) throw std::runtime_error("its transaction was given up");
  session_ << "SAVEPOINT part";
}

void Savepoint::keep() {
  session_ << "RELEASE part";
  open_ = false;
}

Savepoint::~Savepoint() {
  if (!open_) return;
  try {
    session_ << "ROLLBACK TO part";
    session_ << "RELEASE part";
  } catch (const std::exception&) {
    // SQLite has undone the whole transaction, and this with it; its commit will say so.
  }
}

}  // namespace edge::store
