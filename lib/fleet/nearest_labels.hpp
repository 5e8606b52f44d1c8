// Why a selector matches nothing, and what was probably meant. Pure.
#pragma once

#include <map>
#include <string>

#include "fleet/selector.hpp"

namespace edge::fleet {

// How many endpoints have each label: key -> value -> count.
struct LabelCounts {
  std::map<std::string, std::map<std::string, std::size_t>> of;
  std::size_t endpoints = 0;

  void add(const Labels& labels);
  // How many fulfil this requirement alone.
  std::size_t fulfilling(const Requirement& one) const;
};

// Errc::not_found. "no endpoint has site=berln" with "did you mean site=berlin?" as the hint.
// REQUIRES: no endpoint that was counted matches the selector.
Error no_match(const Selector& selector, const LabelCounts& counts);

}  // namespace edge::fleet
