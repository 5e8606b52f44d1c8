// One statement, its values bound by position, and how many rows it changed.
//   const auto changed = run(session, "UPDATE endpoint SET name = :n WHERE id = :i", name,
//   id.text);
// SOCI's own `session << ...` runs after the temporaries bound to it are gone; here they outlive
// the call.
#pragma once

#include <soci/soci.h>

#include <optional>

namespace edge::store {

template <class T>
void bind(soci::statement& statement, const T& value) {
  statement.exchange(soci::use(value));
}

template <class T>
void bind(soci::statement& statement, const std::optional<T>& value) {
  static const T kNothing{};
  static thread_local soci::indicator
      null;  // SOCI wants one that it could write to, but only reads
  null = soci::i_null;
  if (value) {
    statement.exchange(soci::use(*value));
  } else {
    statement.exchange(soci::use(kNothing, null));
  }
}

template <class... Values>
void execute(soci::statement& statement, const char* sql, const Values&... values) {
  (bind(statement, values), ...);
  statement.alloc();
  statement.prepare(sql);
  statement.define_and_bind();
  statement.execute(true);
}

template <class... Values>
long long run(soci::session& session, const char* sql, const Values&... values) {
  soci::statement statement(session);
  execute(statement, sql, values...);
  return statement.get_affected_rows();
}

// REQUIRES: the statement gives one row with one number.
template <class... Values>
long long number(soci::session& session, const char* sql, const Values&... values) {
  long long result = 0;
  soci::statement statement(session);
  statement.exchange(soci::into(result));
  execute(statement, sql, values...);
  return result;
}

}  // namespace edge::store
