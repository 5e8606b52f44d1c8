// Expected failures as values. An Error says what failed, about whom, and what to do next.
#pragma once

#include <boost/system/result.hpp>
#include <string>
#include <utility>

namespace edge {

// The closed set of codes that scripts see (`{"error": {"code": ...}}`) and that become exit codes.
enum class Errc {
  failure,      // anything without a code of its own
  usage,        // the request itself is wrong: bad name, bad token, bad value
  not_found,    // no such endpoint, key, snapshot
  not_allowed,  // refused: wrong secret, wrong pin, locked account
  offline,      // the endpoint is not there
  timed_out,    // a deadline passed
  unreachable,  // the other program does not answer at all
  conflict,     // already exists, in use, changed meanwhile
  removed,      // the endpoint was removed
  unavailable,  // cannot now, may later: disk full, over a bound, shutting down
};

const char* to_string(Errc code);
Errc errc_from_string(const std::string& name);  // unknown names give Errc::failure

struct Error {
  Errc code = Errc::failure;
  std::string message;  // "cannot listen on 0.0.0.0:8000: address in use"
  std::string hint;     // one next step, best a command; may be empty
};

template <class T>
using Result = boost::system::result<T, Error>;

[[noreturn]] void throw_exception_from_error(const Error& error,
                                             const boost::source_location& where);

inline Error fail(Errc code, std::string message, std::string hint = {}) {
  return Error{code, std::move(message), std::move(hint)};
}

}  // namespace edge
