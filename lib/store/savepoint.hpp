// A part of a transaction that can be undone alone (SQL's SAVEPOINT): undone unless it was kept.
#pragma once

#include <soci/soci.h>

namespace edge::store {

class Savepoint {
 public:
  // Throws when the transaction around it is gone: what would be written now would be
  // in none.
  explicit Savepoint(soci::session& session);
  Savepoint(const Savepoint&) = delete;
  Savepoint& operator=(const Savepoint&) = delete;
  ~Savepoint();

  void keep();

 private:
  soci::session& session_;
  bool open_ = true;
};

}  // namespace edge::store
