#include "base/error.hpp"

#include <array>
#include <stdexcept>

namespace edge {
namespace {

struct Name {
  Errc code;
  const char* name;
};
constexpr std::array<Name, 10> kNames{{{Errc::failure, "failure"},
                                       {Errc::usage, "usage"},
                                       {Errc::not_found, "not-found"},
                                       {Errc::not_allowed, "not-allowed"},
                                       {Errc::offline, "offline"},
                                       {Errc::timed_out, "timed-out"},
                                       {Errc::unreachable, "unreachable"},
                                       {Errc::conflict, "conflict"},
                                       {Errc::removed, "removed"},
                                       {Errc::unavailable, "unavailable"}}};

}  // namespace

const char* to_string(Errc code) {
  for (const auto& entry : kNames) {
    if (entry.code == code) return entry.name;
  }
  return "failure";
}

Errc errc_from_string(const std::string& name) {
  for (const auto& entry : kNames) {
    if (name == entry.name) return entry.code;
  }
  return Errc::failure;
}

void throw_exception_from_error(const Error& error, const boost::source_location&) {
  throw std::runtime_error(error.message);
}

}  // namespace edge
