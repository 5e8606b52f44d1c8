#include "control/exit_code.hpp"

namespace edge::control {

int exit_code(Errc code) {
  switch (code) {
    case Errc::usage:
      return kExitUsage;
    case Errc::not_found:
    case Errc::removed:
      return 3;
    case Errc::not_allowed:
      return 4;
    case Errc::offline:
      return 5;
    case Errc::timed_out:
      return 6;
    case Errc::unreachable:
      return 7;
    case Errc::conflict:
      return 8;
    case Errc::unavailable:
    case Errc::failure:
      break;
  }
  return kExitFailure;
}

bool is_retryable(Errc code) {
  return code == Errc::offline || code == Errc::timed_out || code == Errc::unreachable ||
         code == Errc::unavailable;
}

}  // namespace edge::control
