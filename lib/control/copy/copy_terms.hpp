// What every part of a copy goes by, and what it counts. Thread rule: one loop.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/error.hpp"
#include "net/rate_limit.hpp"

namespace edge::control {

// How far a copy is; the totals grow while folders are still listed.
struct CopyMeter {
  std::uint64_t bytes = 0, bytes_to_copy = 0;
  std::uint64_t files = 0, files_to_copy = 0;  // links and folders are not counted
  std::uint64_t failed = 0;
  std::uint64_t already_there = 0;  // with resume: files that were the same, of `files`
  std::uint64_t to_list = 0;        // sources and folders; none: the totals are whole
};

struct CopyTerms {
  bool recursive = false;
  bool preserve = false;  // times and mode
  bool resume = false;
  std::shared_ptr<net::RateLimit> limit;  // null: none
};

// Who hears about what a copy meets. `path`: as the operator knows it.
struct CopyListener {
  CopyMeter& meter;
  std::function<void(const std::string& path, const Error& error)> on_failure;
  std::function<void(const std::string& path, const std::string& words)> on_note;
};

}  // namespace edge::control
